"""What the server is known to reject, whatever the rows say: refused before it is tried, not tried at every boot."""

from __future__ import annotations

import re

from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    ColumnMissing,
    Difference,
    ForeignKeyMissing,
    IndexMissing,
    TableMissing,
    UniqueMissing,
)
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Column, Index, Table, Unique

__all__ = ["MOST_COLUMNS", "impermanent", "within_limits"]

MOST_COLUMNS = 1600
"""MaxHeapAttributeNumber; a dropped column keeps its number (manual, appendix K and ALTER TABLE, Notes)."""

MOST_KEYS = 32
"""INDEX_MAX_KEYS (manual, appendix K); the columns of INCLUDE count."""

_PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}
_CREATED = re.compile(r"\s*CREATE\s+(?:GLOBAL\s+|LOCAL\s+)?(UNLOGGED|TEMP|TEMPORARY)\s", re.IGNORECASE)


def within_limits(difference: Difference, repairs: Repairs, context: Context) -> Repairs:
    """The repairs as they are, or a refusal in place of steps that cannot succeed."""
    if not any(isinstance(repair, Step) for repair in repairs):
        return repairs
    match difference:
        case ColumnMissing(table=table, column=column):
            refusal = (
                _too_many(difference, table, context)
                or _without_collation(difference, (column,), context)
                or _never_a_column(difference, table, (column,))
            )
        case TableMissing(table=table):
            refusal = (
                _without_collation(difference, table.columns, context)
                or _never_a_column(difference, table, table.columns)
                or _too_long_a_key(difference, *_keys(table))
            )
        case IndexMissing(index=index):
            refusal = _too_long_a_key(difference, _parts(index)) or _unfit_for_hash(difference, index)
        case UniqueMissing(unique=unique):
            refusal = _too_long_a_key(difference, _parts(unique))
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
        (f"-- numbers anew; then move the rows: CREATE TABLE .. (LIKE {context.quote(table.name)} INCLUDING ALL);",),
    )


def _without_collation(difference: Difference, columns: tuple[Column, ...], context: Context) -> Refusal | None:
    for column in columns:
        if column.collation is not None and column.collation in context.survey.unknown_collations:
            name = context.collation(column.collation)
            create = f"-- name one of pg_collation in the models, or create it: CREATE COLLATION {name} (..);"
            reason = f"the server has no collation {column.collation} for this database's encoding"
            return Refusal(difference, f"{reason} (column {column.name})", (create,))
    return None


def _parts(key: Index | Unique) -> int:
    return len(key.include) + len(key.elements if isinstance(key, Index) else key.columns)


def _keys(table: Table) -> list[int]:
    """How many columns its constraints' indexes have; its other indexes are steps of their own."""
    primary = [len(table.primary_key.columns)] if table.primary_key is not None else []
    return [*primary, *(_parts(unique) for unique in table.uniques)]


def _too_long_a_key(difference: Difference, *lengths: int) -> Refusal | None:
    longest = max(lengths, default=0)
    if longest <= MOST_KEYS:
        return None
    reason = f"an index, also that of a key, can have {MOST_KEYS} columns, not {longest}"
    return Refusal(difference, reason, ("name fewer columns in the models",))


def _unfit_for_hash(difference: Difference, index: Index) -> Refusal | None:
    """Manual, 11.2.2 and 11.3: one column, and not unique."""
    if index.method != "hash" or not (index.unique or _parts(index) > 1):
        return None
    what = "unique indexes" if index.unique else "indexes of several columns"
    return Refusal(difference, f"the access method hash does not support {what}", ("use btree in the models",))


def _never_a_column(difference: Difference, table: Table, columns: tuple[Column, ...]) -> Refusal | None:
    for column in columns:
        if column.generated is None:
            continue
        for other in table.columns:
            if other.generated is not None and _refers(column.generated.expression, other.name):
                reason = f"the generated column {column.name} refers to the generated column {other.name}"
                return Refusal(difference, reason, (f"write the expression of {other.name} in its place",))
    return None


def _refers(expression: str, name: str) -> bool:
    """A word in a string, or a function of that name, is no column."""
    bare = re.sub(r"'(?:[^']|'')*'", "''", expression)
    return mentions(bare, name) and re.search(rf"(?<![\w$]){re.escape(name)}\s*\(", bare, re.IGNORECASE) is None
