"""Feast: the SQL registry of a feature store, in SQLAlchemy Core."""

from __future__ import annotations

from typing import Any

REQUIRES = ("feast", "sqlalchemy")
MIGRATES = ()


def models() -> Any:
    from feast.infra.registry.sql import metadata

    return metadata
