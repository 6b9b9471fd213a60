"""What a step requires before it, or provides: an object of the database, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from schema_guard.names import Name

__all__ = ["Kind", "Need"]


class Kind(StrEnum):
    """What kind of thing is needed. The docstring of each says what name, columns and member stand for."""

    SCHEMA = "schema"
    TYPE = "type"
    """An enum, a domain, or a type that an extension brings."""
    VALUE = "value"
    """A value of an enum: `member`."""
    SEQUENCE = "sequence"
    TABLE = "table"
    COLUMN = "column"
    COLUMN_TYPE = "column type"
    """The column has the type that the models expect."""
    DEFAULT = "default"
    """The server gives the column a value that an INSERT leaves out."""
    KEY = "key"
    """What a foreign key may refer to: columns by which the rows are told apart. Their order does not matter."""
    ROWS = "rows"
    """The rows hold what a declared backfill fills into the column."""
    NOT_NULL = "not null"
    """The column is NOT NULL, and that is validated."""
    CONSTRAINT = "constraint"
    """The table has the constraint `member`, validated or not."""
    VALIDATED = "validated"
    """The table's constraint `member` is validated."""
    INDEX = "index"
    REBUILT = "rebuilt"
    """SQLite: the rebuild of the table that no row can hinder."""
    BACKUP = "backup"
    """SQLite: a copy of the file of a database, which `name` says."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that has to be there. Two are equal when they mean the same, whatever the order of the columns."""

    kind: Kind
    name: Name
    """The object's; of what belongs to a table the table's, of a value the type's."""
    columns: tuple[str, ...] = ()
    """Sorted."""
    member: str = ""
    """What has a name within the named object: a constraint, a value."""

    def __post_init__(self) -> None:
        if len(self.columns) > 1:
            object.__setattr__(self, "columns", tuple(sorted(self.columns)))

    @staticmethod
    def schema(name: str) -> Need:
        return Need(Kind.SCHEMA, Name(None, name))

    @staticmethod
    def type(name: Name) -> Need:
        return Need(Kind.TYPE, name)

    @staticmethod
    def table(name: Name) -> Need:
        return Need(Kind.TABLE, name)

    @staticmethod
    def column(table: Name, column: str) -> Need:
        return Need(Kind.COLUMN, table, (column,))

    @staticmethod
    def all_read(columns: Iterable[tuple[Name, str]]) -> frozenset[Need]:
        """What a query reads: each column, and its table."""
        read = tuple(columns)
        return frozenset(map(Need.table, (table for table, _ in read))).union(Need.column(*each) for each in read)

    @staticmethod
    def column_type(table: Name, column: str) -> Need:
        return Need(Kind.COLUMN_TYPE, table, (column,))

    @staticmethod
    def default(table: Name, column: str) -> Need:
        return Need(Kind.DEFAULT, table, (column,))

    @staticmethod
    def key(table: Name, columns: Iterable[str]) -> Need:
        return Need(Kind.KEY, table, tuple(columns))

    @staticmethod
    def rows(table: Name, column: str) -> Need:
        return Need(Kind.ROWS, table, (column,))

    @staticmethod
    def not_null(table: Name, column: str) -> Need:
        return Need(Kind.NOT_NULL, table, (column,))

    @staticmethod
    def constraint(table: Name, name: str) -> Need:
        return Need(Kind.CONSTRAINT, table, member=name)

    @staticmethod
    def validated(table: Name, name: str) -> Need:
        return Need(Kind.VALIDATED, table, member=name)

    @staticmethod
    def index(name: Name) -> Need:
        return Need(Kind.INDEX, name)

    def __str__(self) -> str:
        """As a message names it: `column public.t.c`."""
        listed = ", ".join(self.columns)
        match self.kind:
            case Kind.COLUMN:
                return f"column {self.name}.{listed}"
            case Kind.COLUMN_TYPE:
                return f"another type of {self.name}.{listed}"
            case Kind.DEFAULT:
                return f"default {self.name}.{listed}"
            case Kind.NOT_NULL:
                return f"NOT NULL of {self.name}.{listed}"
            case Kind.KEY:
                return f"unique {self.name}({listed})"
            case Kind.VALUE | Kind.CONSTRAINT | Kind.VALIDATED:
                return f"{self.kind} {self.name}.{self.member}"
            case _:
                return f"{self.kind} {self.name}"
