"""What Alembic revisions and env.py of an application import.

from schema_guard.alembic import guarded

with guarded(op) as guarded_op:
    guarded_op.add_column("proposals", sa.Column("visitor_session_id", sa.String(64)))
"""

from __future__ import annotations

from schema_guard.integrations.alembic import (
    include_object,
    including,
    process_revision_directives,
)
from schema_guard.plan import Policy
from schema_guard.revision.run import GuardedOperations, by_database, guarded, type_by_database

__all__ = [
    "GuardedOperations",
    "Policy",
    "by_database",
    "guarded",
    "include_object",
    "including",
    "process_revision_directives",
    "type_by_database",
]
