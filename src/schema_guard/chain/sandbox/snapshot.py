"""A whole database as data, and what two of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from schema_guard.chain.sandbox.beside import facts_beside
from schema_guard.dialects.base import Session
from schema_guard.schema import Column, Index, Name, Schema, Table

__all__ = ["RETYPED", "Snapshots", "facts_of", "take_snapshot"]

RETYPED = "declared type of "
"""How a fact begins that a revision changes where it is, and never collides with: ALTER TYPE to the same type works."""


def take_snapshot(session: Session, schemas: Sequence[str], without: Iterable[str] = ()) -> Schema:
    """Every table of these schemas (on SQLite: of the file), read as `inspect` reads it.

    Args:
        session: the database.
        schemas: names of schemas; of no meaning on SQLite.
        without: names of tables to leave out, such as alembic_version.
    """
    left_out = frozenset(without)
    names = session.inspect(Schema(schemas=tuple(schemas))).unknown_tables
    wanted = tuple(Table(name) for name in names if name.name not in left_out)
    found = session.inspect(Schema(tables=wanted, schemas=tuple(schemas)))
    tables = tuple(
        replace(table, facts=replace(table.facts, rows_estimate=None, companions=()))
        for table in found.tables
        if table.name.name not in left_out
    )
    return Schema(tables=tables, enums=found.enums, domains=found.domains, sequences=found.sequences, types=found.types)


class Snapshots:
    """Successive snapshots of one database; what did not change between two is one object in both."""

    def __init__(self, session: Session, schemas: Sequence[str], version_table: str) -> None:
        self._session = session
        self._schemas = schemas
        self._version_table = version_table
        self._tables: dict[Name, Table] = {}
        self._facts: dict[str, str] = {}

    def take(self) -> tuple[Schema, frozenset[str]]:
        """The tables, and what there is besides them."""
        found = take_snapshot(self._session, self._schemas, [self._version_table])
        tables = tuple(self._same(table) for table in found.tables)
        self._tables = {table.name: table for table in tables}
        beside = facts_beside(self._session, self._schemas, [self._version_table])
        return replace(found, tables=tables), frozenset(self._facts.setdefault(fact, fact) for fact in beside)

    def _same(self, table: Table) -> Table:
        before = self._tables.get(table.name)
        return before if before == table else table

    def close(self) -> None:
        self._session.close()


def facts_of(schema: Schema) -> frozenset[str]:
    """What a schema says, one phrase for each fact; names of constraints and indexes are none.

    Both sides come out of the same catalog in the same words, so phrases can be compared as text. Where they differ it
    is still open whether they mean the same.
    """
    return frozenset(_facts(schema))


def _facts(schema: Schema) -> Iterator[str]:
    for enum in schema.enums:
        yield f"enum {enum.name}"
        for value in enum.values:
            yield f"enum {enum.name} has {value!r}"
    for table in schema.tables:
        yield f"table {table.name}"
        for column in table.columns:
            yield from _of_column(table, column)
        yield from _of_constraints(table)
        for index in table.indexes:
            yield f"index on {table.name} {_index(index)}"


def _of_column(table: Table, column: Column) -> Iterator[str]:
    object_ = f"{table.name}.{column.name}"
    yield f"column {object_}"
    yield f"{RETYPED}{object_}: {column.type.text}"
    yield f"{object_} is {'nullable' if column.nullable else 'NOT NULL'}"
    if column.default is not None and not column.autoincrement:
        yield f"default of {object_}: {column.default}"
    if column.autoincrement:
        yield f"{object_} gets its value from the server"
    if column.generated is not None:
        yield f"{object_} is generated: {column.generated.expression}"


def _of_constraints(table: Table) -> Iterator[str]:
    if table.primary_key is not None:
        yield f"primary key of {table.name} ({', '.join(table.primary_key.columns)})"
    for unique in table.uniques:
        yield f"unique on {table.name} ({', '.join(unique.columns)}){' deferrable' if unique.deferrable else ''}"
    for check in table.checks:
        yield f"check on {table.name}: {check.expression}"
    for key in table.foreign_keys:
        columns, target = ", ".join(key.columns), ", ".join(key.target_columns)
        yield (
            f"foreign key on {table.name} ({columns}) to {key.target} ({target}) "
            f"on delete {key.on_delete} on update {key.on_update}{' deferrable' if key.deferrable else ''}"
        )
    for exclusion in table.exclusions:
        yield f"exclusion on {table.name}: {exclusion.definition}"


def _index(index: Index) -> str:
    elements = ", ".join(
        " ".join(filter(None, (element.text, "DESC" if element.descending else "", element.operator_class)))
        for element in index.elements
    )
    where = f" where {index.where}" if index.where else ""
    include = f" include ({', '.join(index.include)})" if index.include else ""
    return f"{'unique ' if index.unique else ''}{index.method} ({elements}){include}{where}"
