"""privacyIDEA: Flask-SQLAlchemy with Flask-Migrate, sequences beside every key; create_all makes new databases."""

from __future__ import annotations

from typing import Any

REQUIRES = ("privacyidea",)
MIGRATES = ()


def models() -> Any:
    import privacyidea.models  # noqa: F401
    from privacyidea.models.db import db

    return db
