"""Blazar: OpenStack's leases; plain columns and booleans, keys without a type, revisions that copy rows on MySQL."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

REQUIRES = ("blazar", "pymysql")
OLDER = "97d2cad1504e"


def models() -> Any:
    from blazar.db.sqlalchemy import models as _  # noqa: F401
    from blazar.db.sqlalchemy.model_base import BlazarBase

    return BlazarBase


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import blazar.db.migration
    from alembic import command
    from alembic.config import Config

    here = Path(blazar.db.migration.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic_migrations"))
    config.blazar_config = SimpleNamespace(database=SimpleNamespace(connection=url))  # type: ignore[attr-defined]
    command.upgrade(config, revision)
