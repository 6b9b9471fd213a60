"""Octavia: OpenStack's load balancers; tables of allowed words that others refer to by foreign keys."""

from __future__ import annotations

from typing import Any

REQUIRES = ("octavia", "psycopg2-binary")
OLDER = "da371b422669"


def models() -> Any:
    import octavia.db.models  # noqa: F401
    from octavia.db.base_models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from alembic import command
    from alembic.config import Config
    from oslo_config import cfg
    from oslo_db import options

    options.set_defaults(cfg.CONF, connection=url)
    config = Config()
    config.set_main_option("script_location", "octavia.db.migration:alembic_migrations")
    config.octavia_config = cfg.CONF  # type: ignore[attr-defined]  # where its env.py looks for the URL
    command.upgrade(config, revision)
