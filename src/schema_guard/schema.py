"""What a database holds, or what the models expect of it, as frozen data in one dialect's words.

The same nouns serve both sides. Fields that only the models can know (how the application writes a column, the DDL
that SQLAlchemy compiled) keep their defaults on the side that was read from a catalog, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from schema_guard.column import NO_TYPE, Call, Column, Generated, Identity, Lack, Stand, Type, TypeKind, Write
from schema_guard.fill import Fill, Spanned
from schema_guard.index import Index, IndexElement
from schema_guard.key import ForeignKey, PrimaryKey, Unique, deferral_words
from schema_guard.names import Name
from schema_guard.table_facts import NO_FACTS, TableFacts

__all__ = [
    "NOT_VALID",
    "NO_TYPE",
    "Call",
    "Check",
    "Column",
    "Counter",
    "Domain",
    "Enum",
    "Exclusion",
    "Fill",
    "ForeignKey",
    "Generated",
    "Identity",
    "Index",
    "Lack",
    "IndexElement",
    "Name",
    "PrimaryKey",
    "Problem",
    "Relation",
    "Schema",
    "Sequence",
    "Spanned",
    "Stand",
    "Table",
    "Type",
    "TypeKind",
    "Unique",
    "Write",
    "deferral_words",
]


NOT_VALID = " NOT VALID"
"""PostgreSQL: what ends ADD CONSTRAINT where only new rows are checked. No `ddl` has it: `validated` says it."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str | None
    expression: str
    """The condition, without CHECK and its parentheses."""
    validated: bool = True
    enforced: bool = True
    ddl: str = ""
    alone: bool = False
    """Actual side: NO INHERIT, and a table that inherits from this one is without it (PostgreSQL)."""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """EXCLUDE (PostgreSQL); never added to a table that exists."""

    name: str | None
    definition: str
    ddl: str = ""
    elements: tuple[IndexElement, ...] = ()
    operators: tuple[str, ...] = ()
    """Of each element: its operator's name."""
    method: str = "gist"
    where: str | None = None
    deferrable: bool = False
    initially_deferred: bool = False


@dataclass(frozen=True, slots=True)
class Enum:
    name: Name
    values: tuple[str, ...]
    ddl: str = ""
    owned: bool = True
    """Actual side: the connected role owns it (or is a member of the owner): it may alter it."""


@dataclass(frozen=True, slots=True)
class Domain:
    name: Name
    type: Type
    nullable: bool = True
    default: str | None = None
    constrained: bool = False
    """It is NOT NULL or has a CHECK, or a domain below it is or has: adding a column of it rewrites the table."""
    checks: tuple[Check, ...] = ()
    """Its own CHECKs, in which VALUE stands for what is written."""
    ddl: str = ""


class Counter(NamedTuple):
    """How a live sequence counts."""

    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cycles: bool
    last: int | None
    """The last value that it gave; None: it gave none yet, or the role may not read it."""
    readable: bool
    """The connected role may read where it stands."""
    owned: bool
    """The connected role may alter it."""
    usable: bool = True
    """The connected role may take values from it."""


@dataclass(frozen=True, slots=True)
class Sequence:
    name: Name
    ddl: str = ""
    bounded: bool = False
    """Expected side: the models say its type or its bounds."""
    descending: bool = False
    """Expected side: it counts downwards."""
    counter: Counter | None = None
    """Actual side."""


class Relation(StrEnum):
    """What kind of relation bears a table's name."""

    TABLE = "table"
    PARTITIONED = "partitioned table"
    PARTITION = "partition"
    VIEW = "view"
    MATERIALIZED_VIEW = "materialized view"
    FOREIGN_TABLE = "foreign table"
    VIRTUAL = "virtual table"
    OTHER = "other relation"


@dataclass(frozen=True)
class Table:
    name: Name
    columns: tuple[Column, ...] = ()
    primary_key: PrimaryKey | None = None
    uniques: tuple[Unique, ...] = ()
    checks: tuple[Check, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    comment: str | None = None
    relation: Relation = Relation.TABLE
    ddl: str = ""
    """CREATE TABLE as SQLAlchemy compiles it, with no other foreign keys than `inline_foreign_keys` (expected side)."""
    reads: tuple[tuple[Name, str], ...] = ()
    """Of a view, or a table made of a SELECT, that the models define: (table, column) of all that its query reads."""
    query: str = ""
    """Of a view that the models define: its SELECT."""
    inline_foreign_keys: tuple[ForeignKey, ...] = ()
    """Those of `foreign_keys` that `ddl` already holds (all of them on SQLite)."""
    mapped_by: tuple[str, ...] = ()
    unwritten: tuple[Column, ...] = ()
    """Columns of the models whose definition cannot be written, so that they are not in `columns`; without type."""
    ignored: bool = False
    """The models say that it is not guarded (`info={"schema_guard": "ignore"}`)."""
    made_beside: tuple[str, ...] = ()
    """The application's listeners that `create_all` calls once it is made."""
    joins: tuple[tuple[str, Name, str, str], ...] = ()
    """What relationships of the application's classes compare and no foreign key of the models does: a column, a table,
    that table's column, and the relationship's name."""
    upserts: tuple[tuple[str, ...], ...] = ()
    """Column sets that the application's upserts name in ON CONFLICT, as the Guard declares them."""
    named_upserts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What they name in ON CONFLICT ON CONSTRAINT: a constraint, and its columns, which are in `upserts` as well."""
    partition_strategy: str | None = None
    """PostgreSQL: RANGE, LIST or HASH, of a partitioned table."""
    strict: bool = False
    without_rowid: bool = False
    facts: TableFacts = NO_FACTS

    def column(self, name: str) -> Column | None:
        return self._columns.get(name)

    def knows(self, name: str) -> bool:
        """Whether the models have a column of that name, be its definition written or not."""
        return name in self._columns or any(column.name == name for column in self.unwritten)

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return {column.name: column for column in reversed(self.columns)}

    def __str__(self) -> str:
        return str(self.name)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the models say that SQLAlchemy or this dialect cannot emit."""

    object: str
    message: str
    breaks: bool = False
    column: tuple[Name, str] | None = None
    """The table and name of the column that it is about."""
    always_fails: str = ""
    """What fails even where that column is there; `{}` stands for the classes of its table."""


@dataclass(frozen=True)
class Schema:
    """Everything expected of a database, or everything of it that matters to the expectation."""

    tables: tuple[Table, ...] = ()
    enums: tuple[Enum, ...] = ()
    domains: tuple[Domain, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    fills: tuple[Fill, ...] = ()
    schemas: tuple[str, ...] = ()
    """Names of schemas: expected to exist, or existing."""
    closed_schemas: tuple[str, ...] = ()
    """Actual side: those in which the connected role may create nothing (no privilege CREATE)."""
    role: str = ""
    """Actual side, PostgreSQL: the connected role."""
    closed_database: str | None = None
    """Actual side: the database's name, where the connected role may create no schema in it."""
    unknown_tables: tuple[Name, ...] = ()
    """Actual side: tables in the same schemas that nothing expects."""
    temporary: tuple[tuple[Name, tuple[str, ...]], ...] = ()
    """Actual side: temporary tables of the connection, by the tables that an unqualified name would mean without them,
    and their columns."""
    absent_tables: tuple[Name, ...] = ()
    """Actual side: tables of the models that are not guarded, and that are not there."""
    unknown_columns: tuple[tuple[Name, tuple[Column, ...]], ...] = ()
    """Actual side: the columns of unknown_tables, by name and type alone."""
    names_taken: tuple[tuple[str | None, str, str], ...] = ()
    """Actual side: (schema, name, what it is) of what else holds a relation's name there: indexes, sequences, types."""
    problems: tuple[Problem, ...] = ()
    others_expected: tuple[Name, ...] = ()
    """Expected side: tables that are known to be as expected, and are not in `tables`."""
    types: tuple[Type, ...] = ()
    """Actual side: the types that are not built in."""

    def sequence(self, name: Name | None) -> Sequence | None:
        return None if name is None else self._sequences.get(name)

    def table(self, name: Name) -> Table | None:
        return self._tables.get(name)

    @cached_property
    def _tables(self) -> dict[Name, Table]:
        """The first one of each name."""
        return {table.name: table for table in reversed(self.tables)}

    @cached_property
    def _sequences(self) -> dict[Name, Sequence]:
        return {sequence.name: sequence for sequence in reversed(self.sequences)}

    def suited(self, fill: Fill) -> Fill:
        """The form of a backfill for this database: by a join where a key of the live source table proves one source
        row at most."""
        source, target = self.table(fill.source), self.table(fill.table)
        if fill.joined is None or source is None or target is None or source.facts.inherited:
            return fill
        same = {
            column
            for column, other in fill.equated
            if (left := source.column(column)) and (right := target.column(other)) and left.type.name == right.type.name
        }
        keys = [source.primary_key.columns] if source.primary_key else []
        keys += [unique.columns for unique in source.uniques if unique.valid]
        keys += [
            index.columns
            for index in source.indexes
            if index.unique and index.valid and index.where is None and index.columns is not None
        ]
        return fill.joined if any(same.issuperset(key) for key in keys) else fill
