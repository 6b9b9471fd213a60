"""What a defensive revision imports: Alembic's operations, each done only where it is still needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError

from schema_guard.errors import GuardError
from schema_guard.execute.limits import Limits
from schema_guard.plan import Policy
from schema_guard.revision.run.fragment import FillParts, Fragment
from schema_guard.revision.run.offline import run_offline
from schema_guard.revision.run.online import run_online
from schema_guard.revision.run.part import Part

__all__ = ["GuardedOperations", "guarded"]

BUDGET = 3600.0
"""Seconds for all steps of a revision: an index of a large table takes its time, and nothing else waits for it."""


class GuardedOperations(Operations):
    """Alembic's operations as expectations: create_table, add_column, alter_column, create_index, create_table_comment
    and the create_*_constraint family take the arguments that they always take, and are carried out together at the
    end of the `with` block, by definition and not by name.

    `execute` takes CreateEnumType, CreateDomainType and CreateSequence. Anything else belongs to `op` itself.
    """

    def __init__(self, migration_context: MigrationContext) -> None:
        super().__init__(migration_context)
        self.fragment = Fragment()

    def invoke(self, operation: ops.MigrateOperation) -> Any:
        """Take in the operation. Raises CommandError when it is none that can be guarded."""
        try:
            self.fragment.add(operation)
        except GuardError as error:
            raise CommandError(error.message) from None

    def backfill(
        self,
        table: str,
        columns: Sequence[str],
        *,
        source: str,
        needs: Mapping[str, Sequence[str]],
        count: Any,
        open: Any,
        pending: Any,
        update: Any,
        schema: str | None = None,
        source_schema: str | None = None,
    ) -> None:
        """Fill columns that are NULL from a related table, in batches, until no row is left that can be filled.

        Args:
            table: whose rows are filled.
            columns: which of its columns.
            source: the table that the values come from.
            needs: by table, the columns that the statements name.
            count: SELECT of one number: rows that can be filled.
            open: SELECT of one number: rows that need it.
            pending: SELECT of one boolean: whether any row can be filled.
            update: one batch; it fills only what is NULL.
                Each of these four is SQL, or `by_database(postgresql=.., sqlite=..)`.
            schema: that of the table; None where it has none.
            source_schema: that of the source; None where it has none.
        """
        keys = {table: (schema, table), source: (source_schema, source)}
        self.fragment.add_fill(
            FillParts(
                table=(schema, table),
                source=(source_schema, source),
                columns=tuple(columns),
                needs=tuple((keys[name], column) for name, wanted in needs.items() for column in wanted),
                texts=(count, open, pending, update),
            )
        )


@contextmanager
def guarded(
    op: Any, *, policy: Policy | None = None, budget: float = BUDGET, lock_timeout: float = 1.0
) -> Iterator[GuardedOperations]:
    """Do what the operations inside of the block say, each only where the database does not have it already.

    On PostgreSQL with NOT VALID and VALIDATE, CREATE INDEX CONCURRENTLY and short lock timeouts; on SQLite with the
    guard's own rebuild of a table, which loses nothing. Whatever cannot be done without destroying something, or
    because rows stand in the way, is logged as a warning and left; a statement that fails ends the upgrade.

    Args:
        op: `alembic.op`.
        policy: what may be done beyond the defaults.
        budget: seconds for everything.
        lock_timeout: seconds; the longest that one try waits for a lock.

    Raises:
        CommandError: a step failed, or a lock could not be acquired in time.

    Example:
        with guarded(op) as guarded_op:
            guarded_op.add_column("proposals", sa.Column("visitor_session_id", sa.String(64)))
    """
    context = op.get_context()
    operations = GuardedOperations(context)
    yield operations
    part = Part(operations.fragment, policy)
    if context.as_sql:
        run_offline(part, context)
    else:
        run_online(part, context, Limits(budget=budget, statement_timeout=budget, lock_timeout=lock_timeout))
