"""The guard of a Flask application: its models by Flask-SQLAlchemy, its database by its own engine.

guard = SchemaGuard(app, db, ready="/ready")
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schema_guard.errors import ConfigurationError
from schema_guard.guard import Guard
from schema_guard.integrations.explaining import commands_with, explain_bind, explain_naming
from schema_guard.integrations.wsgi import Metrics, Ready
from schema_guard.many.member import MAIN, Member
from schema_guard.many.readiness import EachReady
from schema_guard.target.binds import members_of

if TYPE_CHECKING:
    from flask import Flask
    from sqlalchemy.engine import URL

__all__ = ["EXTENSION", "SchemaGuard", "guard_of_application", "migrations_of_application", "url_of_application"]

EXTENSION = "schema_guard"
"""`app.extensions["schema_guard"] = Guard(db, backfills=[..])` names the application's own guard."""


class SchemaGuard:
    """The extension: names the application's guard, and adds what is asked for. It changes no database.

    `SchemaGuard(app, db)`, or in an application factory `SchemaGuard(..).init_app(app, db)`, behind `db.init_app(app)`.

    Args:
        app: the Flask application.
        db: its Flask-SQLAlchemy.
        ready: the path of a readiness probe, for example "/ready".
        metrics: the path of the metrics for Prometheus.
        details: False leaves names of tables, columns and servers out of the probe's answer.
        explain: errors of the application that come from a difference say so.
        target: TARGET, for the commands that such an error names; without it they are those of `flask guard`.
        options: of the Guard: backfills, upserts, policy, name, accept.
    """

    def __init__(
        self,
        app: Flask | None = None,
        db: Any = None,
        *,
        ready: str | None = None,
        metrics: str | None = None,
        details: bool = True,
        explain: bool = False,
        target: str = "",
        **options: Any,
    ) -> None:
        self._ready, self._metrics, self._details = ready, metrics, details
        self._explain, self._target, self._options = explain, target, options
        if app is not None:
            self.init_app(app, db)

    def init_app(self, app: Flask, db: Any = None) -> Guard:
        """Do so for this application; returns its guard, which `flask guard` takes as well.

        Raises:
            ConfigurationError: the application has no Flask-SQLAlchemy.
        """
        db = _database(app.extensions) if db is None else db
        guard = Guard(db, **self._options)
        app.extensions[EXTENSION] = guard
        every = EachReady(lambda: members_of(app, guard, {}) or (Member(MAIN, guard),))
        if self._ready is not None:
            app.add_url_rule(self._ready, "schema_guard_ready", lambda: Ready(every, db.engine, details=self._details))
        if self._metrics is not None:
            app.add_url_rule(self._metrics, "schema_guard_metrics", lambda: Metrics(every, db.engine))
        if self._explain:
            with app.app_context():
                command = commands_with(self._target) if self._target else "flask guard {}".format
                explain_naming(db.engine, guard, command)
                for name in [key for key in db.engines if key is not None]:
                    explain_bind(db.engines[name], partial(_of_bind, app, guard, name), command)
        return guard


def _of_bind(app: Flask, guard: Guard, name: str) -> Guard | None:
    """The guard of that bind; None where it has no models."""
    return next((member.guard for member in members_of(app, guard, {}) if member.name == name), None)


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
