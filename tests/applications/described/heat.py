"""Heat: OpenStack's orchestration; JSON and lists in types of its own, templates that refer to each other."""

from __future__ import annotations

from typing import Any

REQUIRES = ("openstack-heat", "psycopg2-binary")
OLDER = "c6214ca60943"


def models() -> Any:
    from heat.db.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import heat.db
    from alembic import command
    from alembic.config import Config

    config = Config(str(Path(heat.db.__file__ or "").parent / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, revision)
