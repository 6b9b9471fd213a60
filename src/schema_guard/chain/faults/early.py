"""What is there before the revision that brings it: named, and where it holds nothing, taken away again by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, auto
from typing import NamedTuple

from schema_guard.chain.reading.pending import Change, Pending, There
from schema_guard.chain.systems import System
from schema_guard.chain.version_table import Read, qualified
from schema_guard.errors import GuardError
from schema_guard.names import in_quotes
from schema_guard.schema import Column, Name, Schema, Table

__all__ = ["Drop", "Early", "Place", "dropped_by", "early_of", "holds_values", "in_sql"]


class Place(IntEnum):
    """What goes first: nothing may hang on what a later statement takes away."""

    CONSTRAINT = auto()
    INDEX = auto()
    COLUMN = auto()
    TABLE = auto()
    ALONE = auto()
    """A type or a sequence, which columns may have had."""


class Drop(NamedTuple):
    """A statement that takes something away."""

    place: Place
    sql: str


@dataclass(frozen=True, slots=True)
class Early:
    """A table or column that is there although a pending revision brings it. `filled`: it holds rows or values."""

    change: Change
    filled: bool
    source_filled: bool
    drop: tuple[Drop, ...]
    """The statements that take it away."""


def early_of(pending: Pending, there: There, schema: Schema, read: Read) -> tuple[Early, ...]:
    """Find what is there too early, of what cannot be proved by comparing schemas: renames and what is filled.

    Args:
        pending: what the revisions that are still to run do.
        there: the tables and columns of the database.
        schema: the same with all that belongs to them.
        read: sends a SELECT.
    """
    tables = {there.table(table.name): table for table in schema.tables}
    found: list[Early] = []
    for change in (*pending.into, *pending.fills):
        object_ = change.taken
        if not object_ or change.kind not in ("table", "column"):
            continue
        if any(other.kind == "table" and object_.startswith(f"{other.taken}.") for other in _changes(found)):
            continue  # it goes with its table
        table, column = _find(change.kind, object_, tables, there)
        if table is None:
            continue
        filled = holds_values(read, table, column, there.system)
        if change.conditional and not change.source and (filled or change.filled_anyway):
            continue  # made only where it is missing, and in use, or filled all the same
        source_table, source_column = _find(change.kind, change.source, tables, there)
        found.append(
            Early(
                change,
                filled,
                source_table is not None and holds_values(read, source_table, source_column, there.system),
                tuple(dropped_by(schema, table, column, there.system)),
            )
        )
    return tuple(found)


def _changes(found: Sequence[Early]) -> Iterator[Change]:
    return (early.change for early in found)


def _find(kind: str, object_: str, tables: dict[str, Table], there: There) -> tuple[Table | None, Column | None]:
    if kind == "table":
        return tables.get(object_), None
    name, _, column = object_.rpartition(".")
    table = tables.get(name)
    found = next((item for item in table.columns if there.key(item.name) == column), None) if table else None
    return (table, found) if found is not None else (None, None)


def holds_values(read: Read, table: Table, column: Column | None, system: System) -> bool:
    """Whether the table has a row, or the column a value besides NULL and its default; True where nobody can tell."""
    name = in_sql(table.name)
    where = ""
    if column is not None:
        where = f" WHERE {in_quotes(column.name)} IS NOT NULL"
        if column.default is not None:
            where += f" AND {in_quotes(column.name)} {system.differs} ({column.default})"
    try:
        return bool(read(f"SELECT 1 FROM {name}{where} LIMIT 1"))
    except GuardError:
        return True


def in_sql(name: Name) -> str:
    """The name as SQL, with its schema where it has one."""
    return qualified(name.name, name.schema)


def dropped_by(schema: Schema, table: Table, column: Column | None, system: System) -> Iterator[Drop]:
    """The statements that take a table, or a column of it, away."""
    if column is None:
        for other in schema.tables if system.drops_referring_keys else ():
            for key in other.foreign_keys:
                if key.target == table.name and other.name != table.name and key.name:
                    without = f"DROP CONSTRAINT {in_quotes(key.name)}"
                    yield Drop(Place.CONSTRAINT, f"ALTER TABLE {in_sql(other.name)} {without}")
        yield Drop(Place.TABLE, f"DROP TABLE {in_sql(table.name)}")
        return
    for index in table.indexes if system.drops_indexes_first else ():
        if index.name and any(
            in_quotes(column.name) in element.text or element.text == column.name for element in index.elements
        ):
            yield Drop(Place.INDEX, f"DROP INDEX {in_quotes(index.name)}")
    yield Drop(Place.COLUMN, f"ALTER TABLE {in_sql(table.name)} DROP COLUMN {in_quotes(column.name)}")
