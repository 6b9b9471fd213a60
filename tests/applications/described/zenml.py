"""ZenML: SQLModel with nearly three hundred migrations, written for MySQL and SQLite."""

from __future__ import annotations

from typing import Any

REQUIRES = ("zenml[server]",)
OLDER = "0.70.0"
MIGRATES = ("sqlite",)


def models() -> Any:
    import zenml.zen_stores.schemas  # noqa: F401
    from sqlmodel import SQLModel

    return SQLModel


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from zenml.zen_stores.migrations.alembic import Alembic

    engine = sa.create_engine(url)
    try:
        Alembic(engine).upgrade(revision)
    finally:
        engine.dispose()
