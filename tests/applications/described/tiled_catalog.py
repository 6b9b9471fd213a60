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
    """A new database is made at head; an older one is what its downgrades leave."""
    import asyncio

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine
    from tiled.alembic_utils import downgrade, stamp_head, upgrade
    from tiled.catalog.alembic_constants import ALEMBIC_DIR, ALEMBIC_INI_TEMPLATE_PATH
    from tiled.catalog.core import initialize_database

    parsed = sa.make_url(url)
    driver = "postgresql+asyncpg" if parsed.get_backend_name() == "postgresql" else "sqlite+aiosqlite"
    where = parsed.set(drivername=driver).render_as_string(hide_password=False)
    plain = sa.create_engine(url)
    stamped = sa.inspect(plain).has_table("alembic_version")
    plain.dispose()
    if not stamped:

        async def initialize() -> None:
            engine = create_async_engine(where)
            await initialize_database(engine)
            await engine.dispose()

        asyncio.run(initialize())
        stamp_head(ALEMBIC_INI_TEMPLATE_PATH, ALEMBIC_DIR, where)
    run = upgrade if stamped or revision == "head" else downgrade
    run(ALEMBIC_INI_TEMPLATE_PATH, ALEMBIC_DIR, where, revision)
