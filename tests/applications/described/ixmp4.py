"""ixmp4: scenario data; version tables that triggers fill on PostgreSQL, optional polymorphic columns, identities."""

from __future__ import annotations

from typing import Any

REQUIRES = ("ixmp4", "sqlalchemy<2.1")
OLDER = "914991d09f59"


def models() -> Any:
    import ixmp4.data  # noqa: F401
    from ixmp4.data.db import BaseModel
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    return BaseModel


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import ixmp4.db
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(next(iter(ixmp4.db.__path__))) / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
