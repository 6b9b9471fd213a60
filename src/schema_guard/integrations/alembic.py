"""Makes `alembic revision --autogenerate` and `alembic check` leave the guard's own objects alone.

There are three kinds. The tables of the history and of what was remembered are no models'. On PostgreSQL before 18 a
column is made NOT NULL by way of a helper CHECK, which a run that was cut short may leave for the next one. On SQLite,
which adds no constraint to a table, a UNIQUE of the models may stand as a unique index over the same columns, which
keeps the same promise.

An env.py asks for it; installing this distribution changes nothing in what Alembic does. There is no entry point in
`alembic.plugins`: Alembic 1.18.0 to 1.20.0 iterate what it loads, so a module there makes `import alembic` fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alembic.operations.ops import MigrationScript
    from alembic.runtime.migration import MigrationContext

__all__ = ["include_object", "including", "process_revision_directives"]

HELPER = "schema_guard_not_null_"
"""As in dialects/postgresql/repair/naming.py; tested to be the same."""

HISTORY = "schema_guard_history"
"""As in names.py; tested to be the same."""

REMEMBERED = ("schema_guard", "remembered")
"""As in dialects/postgresql/memory.py; tested to be the same."""

Filter = Callable[[Any, str | None, str, bool, Any], bool]


def include_object(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    """For `context.configure(include_object=include_object)`: False for a helper CHECK of the guard's own, and for its
    tables."""
    own = type_ == "check_constraint" and str(name or "").startswith(HELPER)
    own = own or (type_ == "table" and compare_to is None and _is_own_table(name, getattr(item, "schema", None)))
    return not (reflected and own)


def including(own: Filter) -> Filter:
    """The application's own include_object, and this one."""

    def both(item: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
        return include_object(item, name, type_, reflected, compare_to) and own(
            item, name, type_, reflected, compare_to
        )

    return both


def process_revision_directives(
    context: MigrationContext,  # noqa: ARG001
    revision: str | Iterable[str | None] | Iterable[str],  # noqa: ARG001
    directives: list[MigrationScript],
) -> None:
    """For `context.configure(process_revision_directives=..)`: takes the guard's own objects out of what was found.

    Args:
        context: Alembic's context; unused.
        revision: what the revision will follow; unused.
        directives: what autogenerate found; changed in place, upgrade and downgrade alike.
    """
    for script in directives:
        for upgrade, downgrade in zip(script.upgrade_ops_list, script.downgrade_ops_list, strict=True):
            if _leave_alone(upgrade):
                upgrade.reverse_into(downgrade)


def _is_own_table(name: str | None, schema: str | None) -> bool:
    return name == HISTORY or (schema, name) == REMEMBERED


def _leave_alone(container: Any) -> bool:
    """Filter the operations of each table; returns whether anything was taken out."""
    from alembic.operations.ops import DropTableOp, ModifyTableOps

    changed = False
    for item in list(container.ops):
        if isinstance(item, DropTableOp) and _is_own_table(item.table_name, item.schema):
            container.ops.remove(item)
            changed = True
        if isinstance(item, ModifyTableOps):
            kept = _without_standing_uniques([operation for operation in item.ops if not _drops_helper(operation)])
            changed = changed or len(kept) < len(item.ops)
            item.ops[:] = kept
            if not kept:
                container.ops.remove(item)
    return changed


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
