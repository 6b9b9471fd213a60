"""Nova, the main database: OpenStack's servers; columns kept after their models, shadow tables in no MetaData."""

from __future__ import annotations

from typing import Any

REQUIRES = ("nova", "psycopg2-binary")
OLDER = "16f1fbcab42b"


def models() -> Any:
    from nova.db.main.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    _migrate("main", url, revision)


def _migrate(database: str, url: str, revision: str) -> None:
    import sqlalchemy as sa
    from alembic import command
    from nova.db import migration

    config = migration._find_alembic_conf(database)
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
