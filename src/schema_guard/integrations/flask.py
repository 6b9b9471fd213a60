"""The guard of a Flask application: its models by Flask-SQLAlchemy, its database by its own engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from schema_guard.errors import ConfigurationError
from schema_guard.guard import Guard

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["EXTENSION", "guard_of_application", "migrations_of_application", "url_of_application"]

EXTENSION = "schema_guard"
"""`app.extensions["schema_guard"] = Guard(db, backfills=[..])` names the application's own guard."""


def guard_of_application() -> Guard:
    """The guard of the current application: the one that it names, else one of its models with no backfills.

    Raises:
        ConfigurationError: the application has no Flask-SQLAlchemy.
    """
    extensions = _extensions()
    own = extensions.get(EXTENSION)
    return own if isinstance(own, Guard) else Guard(_database(extensions))


def url_of_application() -> URL:
    """Where the current application's models live. Raises ConfigurationError as `guard_of_application` does."""
    url: URL = _database(_extensions()).engine.url
    return url


def migrations_of_application() -> str | None:
    """The folder of its migrations, where the current application has Flask-Migrate; None where there is none yet."""
    from flask import current_app

    migrate = _extensions().get("migrate")
    if migrate is None:
        return None
    # an application that is installed as a package names its folder only where it upgrades: it lies beside its code
    folders = (Path(migrate.directory), Path(current_app.root_path) / migrate.directory)
    return next((str(folder) for folder in folders if folder.is_dir()), None)


def _extensions() -> dict[str, Any]:
    from flask import current_app

    return current_app.extensions


def _database(extensions: dict[str, Any]) -> Any:
    database = extensions.get("sqlalchemy")
    if database is None or not hasattr(database, "engine"):
        raise ConfigurationError("the application has no Flask-SQLAlchemy: use schema-guard with a TARGET")
    return database
