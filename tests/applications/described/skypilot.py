"""SkyPilot: six declarative bases in one database, with a chain and a version table each."""

from __future__ import annotations

from typing import Any

REQUIRES = ("skypilot", "sqlalchemy_adapter", "aiosqlite", "asyncpg", "psycopg2-binary")
OLDER = "001"
SECTIONS = ("state_db", "spot_jobs_db", "serve_db", "sky_config_db", "kv_cache_db", "recipes_db")


def models() -> Any:
    from sky import global_user_state, skypilot_config
    from sky.jobs import state
    from sky.recipes import db
    from sky.serve import serve_state
    from sky.utils.db import kv_cache

    return [module.Base for module in (global_user_state, state, serve_state, skypilot_config, kv_cache, db)]


def migrate(url: str, revision: str) -> None:
    import sqlalchemy as sa
    from alembic import command
    from sky.utils.db.migration_utils import get_alembic_config

    engine = sa.create_engine(url)
    for section in SECTIONS:
        command.upgrade(get_alembic_config(engine, section), revision)
    engine.dispose()
