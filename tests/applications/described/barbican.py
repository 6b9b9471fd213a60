"""Barbican: OpenStack's keys, oslo.db's declarative base with a soft delete; states and quotas beside every secret."""

from __future__ import annotations

from typing import Any

REQUIRES = ("barbican", "psycopg2-binary")
OLDER = "39cf2e645cba"


def models() -> Any:
    from barbican.model.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import barbican.model.migration
    from alembic import command
    from alembic.config import Config

    here = Path(barbican.model.migration.__file__ or "").parent
    config = Config()
    config.set_main_option("script_location", str(here / "alembic_migrations"))
    config.barbican_sqlalchemy_url = url  # type: ignore[attr-defined]
    command.upgrade(config, revision)
