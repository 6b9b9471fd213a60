"""A whole database as data, and what two of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from schema_guard.chain.sandbox.beside import facts_beside
from schema_guard.chain.sandbox.fact import Fact, Kind
from schema_guard.dialects.base import Session
from schema_guard.schema import Column, Index, Name, Schema, Table

__all__ = ["Snapshots", "facts_of", "take_snapshot"]


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
        self._facts: dict[Fact, Fact] = {}

    def take(self) -> tuple[Schema, frozenset[Fact]]:
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


def facts_of(schema: Schema) -> frozenset[Fact]:
    """What a schema says; names of constraints and indexes are no facts."""
    return frozenset(_facts(schema))


def _facts(schema: Schema) -> Iterator[Fact]:
    for enum in schema.enums:
        name = str(enum.name)
        yield Fact(f"enum {name}", Kind.ENUM, name)
        for value in enum.values:
            yield Fact(f"enum {name} has {value!r}", Kind.ENUM, name)
    for table in schema.tables:
        name = str(table.name)
        yield Fact(f"table {name}", Kind.TABLE, name)
        for column in table.columns:
            yield from _of_column(name, column)
        yield from _of_constraints(name, table)
        for index in table.indexes:
            yield Fact(f"index on {name} {_index(index)}", Kind.INDEX, table=name)


def _of_column(table: str, column: Column) -> Iterator[Fact]:
    object_ = f"{table}.{column.name}"
    yield Fact(f"column {object_}", Kind.COLUMN, object_, table)
    yield Fact(f"declared type of {object_}: {column.type.text}", Kind.COLUMN_TYPE, object_, table)
    for property_ in _properties(object_, column):
        yield Fact(property_, Kind.PROPERTY, object_, table)


def _properties(object_: str, column: Column) -> Iterator[str]:
    yield f"{object_} is {'nullable' if column.nullable else 'NOT NULL'}"
    if column.default is not None and not column.autoincrement:
        yield f"default of {object_}: {column.default}"
    if column.autoincrement:
        yield f"{object_} gets its value from the server"
    if column.generated is not None:
        yield f"{object_} is generated: {column.generated.expression}"


def _of_constraints(name: str, table: Table) -> Iterator[Fact]:
    if table.primary_key is not None:
        yield Fact(f"primary key of {name} ({', '.join(table.primary_key.columns)})", Kind.PRIMARY_KEY, table=name)
    for phrase in _constraints(name, table):
        yield Fact(phrase, Kind.CONSTRAINT, table=name)


def _constraints(name: str, table: Table) -> Iterator[str]:
    for unique in table.uniques:
        yield f"unique on {name} ({', '.join(unique.columns)}){' deferrable' if unique.deferrable else ''}"
    for check in table.checks:
        yield f"check on {name}: {check.expression}"
    for key in table.foreign_keys:
        columns, target = ", ".join(key.columns), ", ".join(key.target_columns)
        yield (
            f"foreign key on {name} ({columns}) to {key.target} ({target}) "
            f"on delete {key.on_delete} on update {key.on_update}{' deferrable' if key.deferrable else ''}"
        )
    for exclusion in table.exclusions:
        yield f"exclusion on {name}: {exclusion.definition}"


def _index(index: Index) -> str:
    elements = ", ".join(
        " ".join(filter(None, (element.text, "DESC" if element.descending else "", element.operator_class)))
        for element in index.elements
    )
    where = f" where {index.where}" if index.where else ""
    include = f" include ({', '.join(index.include)})" if index.include else ""
    return f"{'unique ' if index.unique else ''}{index.method} ({elements}){include}{where}"
