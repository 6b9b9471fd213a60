"""Rally: OpenStack's benchmarks; a chain of two years that moves rows between tables, JSON as text."""

from __future__ import annotations

from typing import Any

REQUIRES = ("rally", "psycopg2-binary")
OLDER = "7948b83229f6"


def models() -> Any:
    from rally.common.db.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import rally.common.db
    from alembic import command
    from alembic.config import Config
    from rally.common import cfg

    cfg.CONF.set_default("connection", url, group="database")
    command.upgrade(Config(str(Path(rally.common.db.__file__ or "").parent / "alembic.ini")), revision)
