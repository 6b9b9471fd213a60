"""AiiDA: PostgreSQL throughout; JSONB, UUID, naming convention, index options, two branches of migrations."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

REQUIRES = ("aiida-core",)
SERVERS = ("postgresql",)
OLDER = "main_0001"


def models() -> Any:
    from aiida.storage.psql_dos.models.base import get_orm_metadata

    return get_orm_metadata()


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import sqlalchemy as sa
    from aiida.storage.psql_dos import migrations
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__ or "").parent))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        config.attributes.update(connection=connection, aiida_profile=SimpleNamespace(name="visit"))
        command.upgrade(config, "main@head" if revision == "head" else revision)
        connection.commit()
    engine.dispose()
