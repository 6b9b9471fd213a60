"""Masakari: OpenStack's failovers; its own name for the version table, beside which taskflow keeps another chain."""

from __future__ import annotations

from typing import Any

REQUIRES = ("masakari", "pymysql")
OLDER = "8f848eb45d03"


def models() -> Any:
    from masakari.db.sqlalchemy.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import masakari.db.sqlalchemy
    from alembic import command
    from alembic.config import Config

    here = Path(masakari.db.sqlalchemy.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.attributes["configure_logger"] = False
    command.upgrade(config, revision)
