"""Glance: OpenStack's images; two declarative bases, branches to expand and to contract that depend on each other."""

from __future__ import annotations

from typing import Any

REQUIRES = ("glance", "psycopg2-binary")
OLDER = "liberty"


def models() -> Any:
    from glance.db.sqlalchemy.models import BASE
    from glance.db.sqlalchemy.models_metadef import BASE_DICT

    return [BASE, BASE_DICT]


def migrate(url: str, revision: str) -> None:
    from pathlib import Path

    import glance.db.sqlalchemy.alembic_migrations as migrations
    from alembic import command
    from alembic.config import Config
    from oslo_config import cfg
    from oslo_db import options

    options.set_defaults(cfg.CONF, connection=url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__ or "").parent))
    config.attributes["configure_logger"] = False
    command.upgrade(config, "heads" if revision == "head" else revision)
