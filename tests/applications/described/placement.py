"""Placement: OpenStack's inventory; UNIQUEs and indexes over several columns, a chain that runs on any database."""

from __future__ import annotations

from typing import Any

REQUIRES = ("openstack-placement", "psycopg2-binary")
OLDER = "b4ed3a175331"


def environment(url: str) -> dict[str, str]:
    return {"OS_PLACEMENT_DATABASE__CONNECTION": url}


def models() -> Any:
    from placement.db.sqlalchemy.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:  # the URL is in its settings
    from pathlib import Path

    import placement.db.sqlalchemy
    from alembic import command
    from alembic.config import Config

    here = Path(placement.db.sqlalchemy.__file__ or "").parent
    config = Config()
    config.set_main_option("script_location", str(here / "alembic"))
    command.upgrade(config, revision)
