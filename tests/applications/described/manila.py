"""Manila: OpenStack's shared file systems; soft deletion in text columns, joins that are conditions, enums as words."""

from __future__ import annotations

from typing import Any

REQUIRES = ("manila", "psycopg2-binary")
OLDER = "805685098bd2"


def models() -> Any:
    from manila.db.sqlalchemy.models import BASE

    return BASE


def migrate(url: str, revision: str) -> None:
    from manila.db.migrations.alembic import migration
    from oslo_config import cfg
    from oslo_db import options

    options.set_defaults(cfg.CONF, connection=url)
    migration.upgrade(revision)
