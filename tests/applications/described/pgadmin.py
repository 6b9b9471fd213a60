"""pgAdmin 4: Flask-SQLAlchemy with Flask-Migrate, a chain that asks for the version in a table of its own."""

from __future__ import annotations

from typing import Any

REQUIRES = ("pgadmin4", "argon2-cffi")
OLDER = "6650c52670c2"


def environment(url: str) -> dict[str, str]:
    import secrets
    import tempfile

    home = tempfile.mkdtemp()
    return {"HOME": home, "PGADMIN_SETUP_EMAIL": "a@example.com", "PGADMIN_SETUP_PASSWORD": secrets.token_hex(8)}


def _home() -> str:
    import importlib.util
    import sys
    from pathlib import Path

    found = importlib.util.find_spec("pgadmin4")
    home = str(Path(str(found.origin if found and found.origin else found.submodule_search_locations[0])))  # type: ignore
    if home not in sys.path:
        sys.path.insert(0, home)
    return home


def models() -> Any:
    _home()
    import config  # before its models, as its own setup.py does
    from pgadmin.model import SCHEMA_VERSION, db

    config.SETTINGS_SCHEMA_VERSION = SCHEMA_VERSION
    return db


def migrate(url: str, revision: str) -> None:
    import secrets
    from pathlib import Path

    from flask import Flask, g
    from flask_babel import Babel
    from flask_migrate import Migrate, upgrade
    from flask_security import Security, SQLAlchemyUserDatastore

    db = models()
    from pgadmin.model import Role, User

    application = Flask("pgadmin")
    secret = secrets.token_hex(8)
    application.config.update(SQLALCHEMY_DATABASE_URI=url, SECRET_KEY=secret, SECURITY_PASSWORD_SALT=secret)
    db.init_app(application)
    Babel(application)
    Security(application, SQLAlchemyUserDatastore(db, User, Role))
    Migrate(application, db)
    with application.app_context():
        g.x_arg = []  # as its own db_upgrade does
        upgrade(str(Path(_home()) / "migrations"), revision)
