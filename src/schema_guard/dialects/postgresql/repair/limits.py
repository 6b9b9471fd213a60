"""What the server is known to reject, whatever the rows say: refused before it is tried, not tried at every boot."""

from __future__ import annotations

import re

from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import ColumnMissing, Difference, ForeignKeyMissing, TableMissing
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Column, Table

__all__ = ["MOST_COLUMNS", "impermanent", "within_limits"]

MOST_COLUMNS = 1600
"""MaxHeapAttributeNumber; a dropped column keeps its number (manual, appendix K and ALTER TABLE, Notes)."""

_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}
_CREATED = re.compile(r"\s*CREATE\s+(?:GLOBAL\s+|LOCAL\s+)?(UNLOGGED|TEMP|TEMPORARY)\s", re.IGNORECASE)


def within_limits(difference: Difference, repairs: Repairs, context: Context) -> Repairs:
    """The repairs as they are, or a refusal in place of steps that cannot succeed."""
    if not any(isinstance(repair, Step) for repair in repairs):
        return repairs
    match difference:
        case ColumnMissing(table=table, column=column):
            refusal = _too_many(difference, table, context) or _without_collation(difference, (column,), context)
        case TableMissing(table=table):
            refusal = _without_collation(difference, table.columns, context)
        case _:
            refusal = None
    return [refusal] if refusal is not None else repairs


def impermanent(difference: ForeignKeyMissing, context: Context) -> Refusal | None:
    """A foreign key leads only to a table that lives at least as long (manual, CREATE TABLE, REFERENCES)."""
    target = context.expected.table(difference.foreign_key.target)
    own = _persistence(difference.table, context)
    there = _persistence(target, context) if target is not None else "p"
    if there == "p" or own == there:
        return None
    name = context.quote(difference.foreign_key.target)
    advice = (f"ALTER TABLE {name} SET LOGGED; -- rewrites it while nobody reads or writes",) if there == "u" else ()
    reason = f"{difference.foreign_key.target} is {_PERSISTENCE[there]}: no foreign key of a {_PERSISTENCE[own]} table"
    return Refusal(difference, f"{reason} can refer to it", advice)


def _persistence(table: Table, context: Context) -> str:
    live = context.survey.persistence.get(table.name)
    if live is not None:
        return live
    created = _CREATED.match(table.ddl)
    return "p" if created is None else created[1][0].lower()


def _too_many(difference: ColumnMissing, table: Table, context: Context) -> Refusal | None:
    """The first missing columns may still have a number."""
    used = context.survey.columns_used.get(table.name, 0)
    missing = [
        other.column.name
        for other in context.differences
        if isinstance(other, ColumnMissing) and other.table.name == table.name
    ]
    if used + missing.index(difference.column.name) + 1 <= MOST_COLUMNS:
        return None
    return Refusal(
        difference,
        f"{table.name} has used {used} of the {MOST_COLUMNS} columns that a table can have, dropped ones included",
        (f"CREATE TABLE .. (LIKE {context.quote(table.name)} INCLUDING ALL); -- numbers anew; then move the rows",),
    )


def _without_collation(difference: Difference, columns: tuple[Column, ...], context: Context) -> Refusal | None:
    for column in columns:
        if column.collation is not None and column.collation in context.survey.unknown_collations:
            create = f"CREATE COLLATION {context.collation(column.collation)} (..); -- or name one of pg_collation"
            reason = f"the server has no collation {column.collation} for this database's encoding"
            return Refusal(difference, f"{reason} (column {column.name})", (create,))
    return None
