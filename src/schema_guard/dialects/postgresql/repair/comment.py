"""Comments on tables and columns: set when the models have one, never taken away."""

from __future__ import annotations

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import CommentDiffers
from schema_guard.need import Need
from schema_guard.plan import Lock, Phase
from schema_guard.schema import Column, Table

__all__ = ["comment_differs", "comment_statements"]


def comment_differs(difference: CommentDiffers, context: Context) -> Repairs:
    if difference.expected is None or not context.policy.comments:
        return []
    table, column = difference.table, difference.column
    return [
        context.step(
            difference,
            "comment",
            comment_statements(context, table, (column,) if column else (), whole=column is None),
            _differs(context, table, column, difference.expected),
            Phase.COMMENT,
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            requires=frozenset({Need.column(table.name, column.name)}) if column else frozenset(),
        )
    ]


def comment_statements(context: Context, table: Table, columns: tuple[Column, ...], *, whole: bool) -> list[str]:
    """COMMENT ON for the columns, and for the table when `whole`; none where the models have no comment."""
    if not context.policy.comments:
        return []
    name = context.quote(table.name)
    statements = []
    if whole and table.comment is not None:
        statements.append(f"COMMENT ON TABLE {name} IS {literal(table.comment)}")
    for column in columns:
        if column.comment is not None:
            statements.append(f"COMMENT ON COLUMN {name}.{context.quote(column.name)} IS {literal(column.comment)}")
    return statements


def _differs(context: Context, table: Table, column: Column | None, comment: str) -> str:
    name = context.quote(table.name)
    if column is None:
        relation = f"pg_catalog.to_regclass({literal(name)})"
        found = f"pg_catalog.obj_description({relation}, 'pg_class')"
        return f"SELECT {relation} IS NOT NULL AND {found} IS DISTINCT FROM {literal(comment)}"
    return probes.column_has(
        name,
        column.name,
        f"pg_catalog.col_description(a.attrelid, a.attnum) IS DISTINCT FROM {literal(comment)}",
    )
