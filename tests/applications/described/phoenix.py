"""Arize Phoenix: naming convention, CHECKs for enums, JSON decorators by dialect, partial and expression indexes."""

from __future__ import annotations

from typing import Any

REQUIRES = ("arize-phoenix",)
OLDER = "a20694b15f82"


def models() -> Any:
    from phoenix.db.models import Base

    return Base


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import phoenix.db
    import sqlalchemy as sa
    from alembic import command
    from alembic.config import Config

    here = Path(phoenix.db.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("script_location", str(here / "migrations"))
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()
