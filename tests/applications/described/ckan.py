"""CKAN: PostgreSQL only; a model whose metadata is mapped imperatively and declaratively, over a hundred migrations."""

from __future__ import annotations

from typing import Any

REQUIRES = ("ckan[requirements]",)
SERVERS = ("postgresql",)
OLDER = "3ae4b17ed66d"


def models() -> Any:
    import ckan.model  # noqa: F401
    from ckan.model.meta import metadata

    return metadata


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import ckan.migration
    from alembic import command
    from alembic.config import Config

    here = Path(ckan.migration.__file__ or "").parent
    config = Config(str(here / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    config.set_main_option("sqlalchemy_migrate_version", "0")
    command.upgrade(config, revision)
