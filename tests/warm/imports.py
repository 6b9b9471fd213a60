"""What the tests' programs import, as far as it is no application: the guard, all of it, and libraries."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import suppress

__all__ = ["import_everything"]

LIBRARIES = (
    "sqlalchemy.orm",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "alembic.command",
    "alembic.config",
    "flask.testing",
    "flask_login",
    "flask_migrate.cli",
    "flask_sqlalchemy.cli",
    "flask_wtf",
    "werkzeug.middleware.proxy_fix",
    "huey.consumer",
    "mammoth",
    "markdownify",
    "pdfminer.high_level",
)
"""Not gunicorn: it asks for the directory when it is imported."""


def import_everything() -> None:
    """Import it; what is not installed is left out."""
    import schema_guard.cli

    command = schema_guard.cli.main
    names = [each.name for each in pkgutil.walk_packages(schema_guard.__path__, "schema_guard.")]
    for name in (*names, *LIBRARIES):
        if not name.endswith(".__main__"):
            with suppress(ImportError):
                importlib.import_module(name)
    schema_guard.cli.main = command  # the module of that name has taken the place of the function
