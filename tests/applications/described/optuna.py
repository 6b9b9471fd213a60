"""Optuna: hyperparameter search. Enums, long-lived migrations, SQLAlchemy in classic style."""

from __future__ import annotations

from typing import Any

REQUIRES = ("optuna",)
OLDER = "v2.6.0.a"


def models() -> Any:
    from optuna.storages._rdb.models import BaseModel

    return BaseModel


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import optuna.storages._rdb as rdb
    from alembic import command
    from alembic.config import Config

    here = Path(rdb.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "alembic"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
