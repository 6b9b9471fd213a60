"""Ironic: OpenStack's machines; lists and JSON as text, names that are unique together, MySQL's types beside others."""

from __future__ import annotations

from typing import Any

REQUIRES = ("ironic", "psycopg2-binary")
MIGRATES = ("postgresql",)
OLDER = "d163df1bab88"


def models() -> Any:
    from ironic.db.sqlalchemy.models import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import ironic.db.sqlalchemy
    from alembic import command
    from alembic.config import Config
    from oslo_config import cfg
    from oslo_db import options

    options.set_defaults(cfg.CONF, connection=url)
    command.upgrade(Config(str(Path(ironic.db.sqlalchemy.__file__ or "").parent / "alembic.ini")), revision)
