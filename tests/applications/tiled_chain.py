"""How Tiled makes and migrates each of its two databases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["migrated"]


def migrated(url: str, revision: str, constants: Any, initialize_database: Callable[[Any], Awaitable[object]]) -> None:
    """A new database is made at head; an older one is what its downgrades leave.

    Args:
        url: the database.
        revision: where to.
        constants: the module that says where the chain lies.
        initialize_database: what makes it at head.
    """
    import asyncio

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine
    from tiled.alembic_utils import downgrade, stamp_head, upgrade

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
        stamp_head(constants.ALEMBIC_INI_TEMPLATE_PATH, constants.ALEMBIC_DIR, where)
    run = upgrade if stamped or revision == "head" else downgrade
    run(constants.ALEMBIC_INI_TEMPLATE_PATH, constants.ALEMBIC_DIR, where, revision)
