"""Tiled's accounts: an asynchronous chain that knows no models, types of its own over BLOB and VARCHAR."""

from __future__ import annotations

from typing import Any

REQUIRES = ("tiled[server]",)
OLDER = "722ff4e4fcc7"


def models() -> Any:
    import tiled.authn_database.orm  # noqa: F401
    from tiled.authn_database.base import Base

    return Base


def migrate(url: str, revision: str) -> None:
    """A new database is made at head; an older one is what its downgrades leave."""
    import asyncio

    import sqlalchemy as sa
    from sqlalchemy.ext.asyncio import create_async_engine
    from tiled.alembic_utils import downgrade, stamp_head, upgrade
    from tiled.authn_database.alembic_constants import ALEMBIC_DIR, ALEMBIC_INI_TEMPLATE_PATH
    from tiled.authn_database.core import initialize_database

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
