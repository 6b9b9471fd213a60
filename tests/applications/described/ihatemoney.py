"""I hate money: Flask-SQLAlchemy with Flask-Migrate; SQLAlchemy-Continuum's version tables, AUTOINCREMENT on SQLite."""

from __future__ import annotations

from typing import Any

REQUIRES = ("ihatemoney",)
OLDER = "a67119aa3ee5"


def models() -> Any:
    from ihatemoney.models import db
    from sqlalchemy.orm import configure_mappers

    configure_mappers()  # Continuum makes its tables here
    return db


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import ihatemoney
    from flask import Flask
    from flask_migrate import Migrate, upgrade
    from ihatemoney.models import db

    application = Flask("ihatemoney")
    application.config["SQLALCHEMY_DATABASE_URI"] = url
    db.init_app(application)
    Migrate(application, db)
    with application.app_context():
        upgrade(str(Path(ihatemoney.__file__ or "").parent / "migrations"), revision)
