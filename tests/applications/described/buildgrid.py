"""BuildGrid: remote execution; JSONB by variant, indexes with an order, an index on a hash, tables altered by copy."""

from __future__ import annotations

from typing import Any

REQUIRES = ("buildgrid",)
OLDER = "d850621a10d8"


def models() -> Any:
    from buildgrid.server.sql.models import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import buildgrid.server.sql
    from alembic import command
    from alembic.config import Config

    here = Path(next(iter(buildgrid.server.sql.__path__))) / "alembic"
    config = Config()
    config.set_main_option("script_location", str(here))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
