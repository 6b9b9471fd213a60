"""Makes `alembic revision --autogenerate` and `alembic check` leave the guard's own objects alone.

There are two. On PostgreSQL before 18 a column is made NOT NULL by way of a helper CHECK, which a run that was cut
short may leave for the next one. On SQLite, which adds no constraint to a table, a UNIQUE of the models may stand as a
unique index over the same columns, which keeps the same promise.

Alembic 1.18 and later find this module by its entry point and need nothing else; earlier ones need `include_object` in
env.py. This module is imported whenever Alembic is, so it imports nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import ModifyTableOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult

__all__ = ["include_object", "including", "setup"]

HELPER = "schema_guard_not_null_"
"""As in dialects/postgresql/repair/naming.py; tested to be the same."""

Filter = Callable[[Any, str | None, str, bool, Any], bool]


def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:  # noqa: ARG001
    """For `context.configure(include_object=include_object)`: False for a helper CHECK of the guard's own."""
    return not (reflected and type_ == "check_constraint" and str(name or "").startswith(HELPER))


def including(own: Filter) -> Filter:
    """The application's own include_object, and this one."""

    def both(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        return include_object(item, name, type_, reflected, compare_to) and own(
            item, name, type_, reflected, compare_to
        )

    return both


def setup(plugin: Plugin) -> None:
    """Alembic calls it once, through the entry point `alembic.autogenerate.schema_guard`."""
    from alembic.util import DispatchPriority

    plugin.add_autogenerate_comparator(_leave_alone, "table", "schema_guard", priority=DispatchPriority.LAST)


def _leave_alone(
    autogen_context: AutogenContext,  # noqa: ARG001
    modify_table_ops: ModifyTableOps,
    schema: str | None,  # noqa: ARG001
    tname: str,  # noqa: ARG001
    conn_table: Any,
    metadata_table: Any,
) -> PriorityDispatchResult:
    """Take out again what the other comparators found about the guard's own objects."""
    from alembic.util import PriorityDispatchResult

    if conn_table is not None and metadata_table is not None:
        found = modify_table_ops.ops
        kept = _without_standing_uniques([operation for operation in found if not _drops_helper(operation)])
        found[:] = kept
    return PriorityDispatchResult.CONTINUE


def _drops_helper(operation: Any) -> bool:
    from alembic.operations.ops import DropConstraintOp

    return isinstance(operation, DropConstraintOp) and str(operation.constraint_name or "").startswith(HELPER)


def _without_standing_uniques(operations: list[Any]) -> list[Any]:
    """Without each pair that drops a unique index and adds the UNIQUE constraint that it stands for."""
    from alembic.operations.ops import CreateUniqueConstraintOp, DropIndexOp

    dropped = {columns: item for item in operations if isinstance(item, DropIndexOp) and (columns := _unique(item))}
    left = list(operations)
    for item in operations:
        if isinstance(item, CreateUniqueConstraintOp) and frozenset(map(str, item.columns)) in dropped:
            left.remove(item)
            index = dropped[frozenset(map(str, item.columns))]
            if index in left:
                left.remove(index)
    return left


def _unique(operation: Any) -> frozenset[str]:
    """The columns of a unique index over plain columns without a WHERE; empty for any other."""
    index = operation.to_index()
    if not index.unique or len(index.columns) != len(index.expressions):
        return frozenset()
    if any(index.dialect_kwargs.get(f"{system}_where") is not None for system in ("postgresql", "sqlite")):
        return frozenset()
    return frozenset(str(column.name) for column in index.columns)
