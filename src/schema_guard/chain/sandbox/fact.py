"""A fact about a database: one thing that a schema has, so that two databases can be compared as sets."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["BESIDE_TABLES", "COLLIDING", "REPEATABLE", "Fact", "Kind"]


class Kind(StrEnum):
    """What a fact is about; for objects beside the tables, how their names are introduced."""

    TABLE = "table"
    COLUMN = "column"
    COLUMN_TYPE = "declared type"
    PROPERTY = "property"
    """Of a column: whether it takes NULL, its default, how it is generated."""
    PRIMARY_KEY = "primary key"
    CONSTRAINT = "constraint"
    INDEX = "index"
    ENUM = "enum"
    SCHEMA = "schema"
    EXTENSION = "extension"
    VIEW = "view"
    RELATION = "relation"
    """A table of another schema, a foreign table."""
    SEQUENCE = "sequence"
    TYPE = "type"
    FUNCTION = "function"
    TRIGGER = "trigger"
    RULE = "rule"
    POLICY = "policy"
    ROW_SECURITY = "row security"
    GRANT = "grant"
    DEFINITION = "definition"
    """How an object beside the tables is defined."""


class Fact(NamedTuple):
    """Both sides come out of the same catalog in the same words, so facts can be compared as they are. Where they
    differ it is still open whether they mean the same.

    `phrase` says it; `object` is what has it, a column as `table.column`; `table` is the table that it belongs to.
    """

    phrase: str
    kind: Kind
    object: str = ""
    table: str = ""

    def __str__(self) -> str:
        return self.phrase


BESIDE_TABLES = frozenset(
    {
        Kind.SCHEMA,
        Kind.EXTENSION,
        Kind.VIEW,
        Kind.RELATION,
        Kind.SEQUENCE,
        Kind.TYPE,
        Kind.FUNCTION,
        Kind.TRIGGER,
        Kind.RULE,
        Kind.POLICY,
    }
)
"""Objects that are no part of a table's structure, and that a revision which makes them again collides with."""
COLLIDING = BESIDE_TABLES | {Kind.TABLE, Kind.COLUMN, Kind.CONSTRAINT, Kind.INDEX, Kind.ENUM}
"""What a revision that makes it again collides with."""
REPEATABLE = frozenset({Kind.GRANT, Kind.ROW_SECURITY, Kind.COLUMN_TYPE})
"""What can be made again where it is: GRANT, ENABLE ROW LEVEL SECURITY, ALTER TYPE to the type that it has."""
