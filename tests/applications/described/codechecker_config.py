"""CodeChecker, its database of products: one of two chains of one server, each for a database of its own."""

from __future__ import annotations

from typing import Any

REQUIRES = ("codechecker", "psycopg2-binary")
OLDER = "7829789fc19c"
CHAIN = "config"


def models() -> Any:
    from codechecker_server.database.config_db_model import Base

    return Base


def migrate(url: str, revision: str, chain: str = CHAIN) -> None:
    from pathlib import Path

    import codechecker_server
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option(
        "script_location", str(Path(codechecker_server.__file__ or "").parent / "migrations" / chain)
    )
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
