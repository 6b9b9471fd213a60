"""Tahrir, Fedora's badges: a chain of ten years, whose first revision finds the tables made."""

from __future__ import annotations

from typing import Any

REQUIRES = ("tahrir-api",)
OLDER = "508367dcbbb5"


def models() -> Any:
    from tahrir_api.model import DeclarativeBase

    return DeclarativeBase


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import tahrir_api
    from alembic import command
    from alembic.config import Config

    config = Config(str(Path(tahrir_api.__file__ or "").parent / "migrations" / "alembic.ini"))
    config.set_main_option("script_location", str(Path(tahrir_api.__file__ or "").parent / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
