"""Neutron: OpenStack's networks; over a hundred tables, enums, composite keys and foreign keys, types of its own."""

from __future__ import annotations

from typing import Any

REQUIRES = ("neutron", "psycopg2-binary")
MIGRATES = ()


def models() -> Any:
    from neutron.db.migration.models.head import get_metadata

    return get_metadata()
