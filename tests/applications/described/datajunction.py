"""DataJunction: a metrics server under FastAPI; PostgreSQL, enums, JSON of its own types, foreign keys in circles."""

from __future__ import annotations

from typing import Any

REQUIRES = ("datajunction-server", "greenlet")
SERVERS = ("postgresql",)
OLDER = "2a3b4c5d6e7f"


def environment(url: str) -> dict[str, str]:
    return {"DATABASE_URI": url}


def before_create_all(engine: Any) -> None:
    """A migration of its own brings the extension along."""
    import sqlalchemy as sa

    with engine.begin() as connection:
        connection.execute(sa.text("CREATE EXTENSION pg_trgm"))


def models() -> Any:
    import datajunction_server.database.hierarchy  # noqa: F401
    from datajunction_server.database.base import Base

    return Base


def migrate(url: str, revision: str) -> None:  # the URL is in its environment
    from pathlib import Path

    import datajunction_server
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(datajunction_server.__file__ or "").parent / "alembic"))
    command.upgrade(config, revision)
