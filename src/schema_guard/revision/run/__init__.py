"""What a defensive revision runs on: Alembic's operations, each done only where it is still needed."""

from __future__ import annotations

from schema_guard.revision.run.operations import GuardedOperations, guarded
from schema_guard.revision.run.spelling import by_database, type_by_database

__all__ = ["GuardedOperations", "by_database", "guarded", "type_by_database"]
