"""`gunicorn wsgi:app`; `flask` finds it by itself."""

from __future__ import annotations

from mdraft.web import create_app

app = create_app()
