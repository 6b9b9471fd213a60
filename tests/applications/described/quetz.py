"""Quetz: a package server under FastAPI; binary UUIDs, composite keys, indexes on expressions, batch migrations."""

from __future__ import annotations

from typing import Any

REQUIRES = ("quetz-server",)
SERVERS = ("sqlite",)  # its collation on PostgreSQL needs a server with ICU
OLDER = "cddba8e6e639"


def models() -> Any:
    from quetz.db_models import Base
    from quetz.jobs import models  # noqa: F401
    from quetz.metrics import db_models  # noqa: F401

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import quetz
    from alembic import command
    from alembic.config import Config

    config = Config()
    here = Path(quetz.__file__ or "").parent / "migrations"
    config.set_main_option("script_location", str(here))
    config.set_main_option("version_locations", str(here / "versions"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "heads" if revision == "head" else revision)
