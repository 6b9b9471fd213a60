"""Prefect: asynchronous SQLAlchemy; expression, partial and trigram indexes, enums, JSON everywhere."""

from __future__ import annotations

from typing import Any

REQUIRES = ("prefect",)
OLDER = {"sqlite": "bb2345678901", "postgresql": "aa1234567890"}


def environment(url: str) -> dict[str, str]:
    import sqlalchemy as sa

    parsed = sa.make_url(url)
    driver = "postgresql+asyncpg" if parsed.get_backend_name() == "postgresql" else "sqlite+aiosqlite"
    return {
        "PREFECT_API_DATABASE_CONNECTION_URL": parsed.set(drivername=driver).render_as_string(hide_password=False),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": parsed.set(drivername=driver).render_as_string(hide_password=False),
    }


def before_create_all(engine: Any) -> None:
    """Its first migration brings the extension along."""
    import sqlalchemy as sa

    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(sa.text("CREATE EXTENSION pg_trgm"))


def models() -> Any:
    from prefect.server.database import orm_models

    return orm_models.Base


def migrate(url: str, revision: str) -> None:  # the URL is in its settings
    from functools import partial

    import anyio
    from prefect.server.database.alembic_commands import alembic_upgrade

    anyio.run(anyio.to_thread.run_sync, partial(alembic_upgrade, revision))
