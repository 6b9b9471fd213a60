"""Tiled's catalog: triggers, a first row and a virtual table that listeners of `after_create` make."""

from __future__ import annotations

from typing import Any

REQUIRES = ("tiled[server]",)
OLDER = "b93c79d197f4"  # its downgrade is not implemented, so none goes further


def before_create_all(engine: Any) -> None:
    """Its `initialize_database` brings the extension along."""
    import sqlalchemy as sa

    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE EXTENSION btree_gin"))


def models() -> Any:
    import tiled.catalog.orm
    import tiled.graph.orm  # noqa: F401
    from tiled.catalog.base import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from tiled.catalog import alembic_constants
    from tiled.catalog.core import initialize_database
    from tiled_chain import migrated

    migrated(url, revision, alembic_constants, initialize_database)
