"""Designate: OpenStack's names; Core tables without classes, native enums that grew, an enum named as its table."""

from __future__ import annotations

from typing import Any

REQUIRES = ("designate", "psycopg2-binary")
OLDER = "b8999fd10721"


def models() -> Any:
    from designate.storage.sqlalchemy.tables import metadata

    return metadata


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import designate.storage.sqlalchemy
    from alembic import command
    from alembic.config import Config

    here = Path(designate.storage.sqlalchemy.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
