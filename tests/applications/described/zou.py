"""Zou: the server of Kitsu, for animation studios; Flask-SQLAlchemy, UUIDs, ChoiceType, JSONB, tables of links."""

from __future__ import annotations

from typing import Any

REQUIRES = ("zou", "psycopg2-binary")
SERVERS = ("postgresql",)
OLDER = "c4e7f9a3b8d2"


def environment(url: str) -> dict[str, str]:
    import secrets

    return {"SECRET_KEY": secrets.token_hex(32)}


def models() -> Any:
    import importlib
    import pkgutil

    import zou.app.models
    from zou.app import db

    for module in pkgutil.iter_modules(zou.app.models.__path__):
        importlib.import_module(f"zou.app.models.{module.name}")
    return db


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import zou
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(zou.__file__ or "").parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
