"""FMN, Fedora's notifications: asynchronous SQLAlchemy (asyncpg), the naming convention of PostgreSQL, JSON lists."""

from __future__ import annotations

from typing import Any

REQUIRES = ("fmn", "asyncpg", "aiosqlite", "greenlet")
OLDER = "59e22969e199"


def environment(url: str) -> dict[str, str]:
    return {"DATABASE__SQLALCHEMY__URL": url}


def models() -> Any:
    from fmn.database.main import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import fmn.database
    from alembic import command
    from alembic.config import Config

    command.upgrade(Config(str(Path(fmn.database.__file__ or "").parent / "migrations" / "alembic.ini")), revision)
