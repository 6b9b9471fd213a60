"""OpenStack Magnum: containers. A long chain of its own, begun for MySQL."""

from __future__ import annotations

from typing import Any

REQUIRES = ("magnum", "PyMySQL")
OLDER = "720f640f43d1"


def models() -> Any:
    from magnum.db.sqlalchemy import models

    return models.Base


def migrate(url: str, revision: str) -> None:
    from magnum.db.sqlalchemy import migration
    from oslo_config import cfg
    from oslo_db import options

    options.set_defaults(cfg.CONF)
    cfg.CONF([], project="magnum")
    cfg.CONF.set_override("connection", url, "database")
    migration.upgrade(revision)
