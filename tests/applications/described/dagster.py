"""Dagster: three MetaData in SQLAlchemy Core on one database, index prefixes of MySQL, defaults written as text."""

from __future__ import annotations

from typing import Any

REQUIRES = ("dagster", "dagster-postgres")
MIGRATES = ()


def models() -> Any:
    from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
    from dagster._core.storage.runs.schema import RunStorageSqlMetadata
    from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
    from sqlalchemy import MetaData

    # Each has a table secondary_indexes, which is one on PostgreSQL; Alembic refuses three MetaData that share one.
    metadata = MetaData()
    for part in (RunStorageSqlMetadata, SqlEventLogStorageMetadata, ScheduleStorageSqlMetadata):
        for table in part.tables.values():
            if table.name not in metadata.tables:
                table.to_metadata(metadata)
    return metadata
