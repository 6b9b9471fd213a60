"""A column: its type, where its value comes from, and what an INSERT of the application does with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from schema_guard.names import Name

__all__ = [
    "BITS",
    "NO_TYPE",
    "PARENT",
    "PARENT_NOT_NULL",
    "PARTITION_KEY",
    "Call",
    "Column",
    "Generated",
    "Identity",
    "Lack",
    "Stand",
    "Type",
    "TypeKind",
    "Use",
    "VIEW",
    "Write",
    "texts",
]


BITS = {"smallint": 15, "integer": 31, "bigint": 63}
"""Of the types of integers, without the sign."""


class TypeKind(StrEnum):
    """What kind of type a name stands for (PostgreSQL's pg_type.typtype, in words)."""

    BASE = "base"
    ENUM = "enum"
    DOMAIN = "domain"
    OTHER = "other"
    UNKNOWN = "unknown"
    """No such type is known to the server (or there is no server to ask)."""


class Use(NamedTuple):
    """What stands on a column; together it reads as 'view public.titles'."""

    kind: str
    """One of those below, or what pg_identify_object calls it."""
    identity: str

    def __str__(self) -> str:
        return f"{self.kind} {self.identity}"


VIEW = "view"
PARENT = "parent table"
"""The table that it is inherited from."""
PARTITION_KEY = "partition key of"
"""The partitioned table whose rows are routed by it."""
PARENT_NOT_NULL = "NOT NULL of"
"""A table above has the column NOT NULL."""


@dataclass(frozen=True, slots=True)
class Type:
    """A column's type in canonical words: `name` is the base name without modifiers, lower case where built in.

    `text` is how DDL writes it. `arguments` are the modifiers (length; precision and scale), as text.
    On SQLite `name` is the affinity (TEXT, NUMERIC, INTEGER, REAL, BLOB) and `text` the declared type.
    """

    text: str
    name: str
    schema: str | None = None
    arguments: tuple[str, ...] = ()
    dimensions: int = 0
    kind: TypeKind = TypeKind.BASE
    words: str = field(default="", compare=False)
    """How sentences write it, where that is another way than `text`."""

    def __str__(self) -> str:
        return self.words or self.text


NO_TYPE = Type("", "", kind=TypeKind.UNKNOWN, words="without a type in the models")
"""Of a column of whose type the models say nothing: a query of theirs gives it, or its definition cannot be written."""


class Write(StrEnum):
    """What an INSERT of the application gives a column for which the program set no value."""

    REQUIRED = "required"
    """Nothing can be left out: the program must set a value (NOT NULL, no default on either side)."""
    DEFAULT = "default"
    """The Python-side default's value."""
    NULL = "null"
    """An explicit NULL: the ORM writes NULL for an unset attribute of a nullable column without defaults."""
    OMITTED = "omitted"
    """The column is left out of the statement; the server gives the value."""


@dataclass(frozen=True, slots=True)
class Generated:
    """GENERATED ALWAYS AS (expression); stored, or virtual (computed when read)."""

    expression: str
    stored: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """GENERATED ALWAYS | BY DEFAULT AS IDENTITY."""

    always: bool
    bounded: bool = False
    """Expected side: the models say where its values end."""


class Call(NamedTuple):
    """SQL that the application itself puts into its statements: `default=func.x()` where the program sets no value."""

    statement: str
    """INSERT (`default`), UPDATE (`onupdate`) or SELECT (`column_property`, `column_expression`)."""
    expression: str
    sent: str = ""
    """The same with the casts that the driver gives its parameters (`'a'::VARCHAR`), where it gives any."""
    by_driver: tuple[tuple[str, str], ...] = ()
    """In place of that, for each driver that gives any, where it is not known which one it will be (a frozen file)."""
    wraps: bool = False
    """The type puts it around each value or column, whatever the program sets (`bind_expression`)."""

    @property
    def asked(self) -> str:
        """What the database meets."""
        return self.sent or self.expression


class Lack(StrEnum):
    """Why the database does not take an expression."""

    FUNCTION = "function"
    """It knows no such function for these arguments."""
    RELATION = "relation"
    """A table, view or sequence that it reads is not there."""
    PRIVILEGE = "privilege"
    """The connected role may not call or read what it names."""
    COLUMN = "column"
    """A column that it reads is not there."""
    AGGREGATE = "aggregate"
    """It is an aggregate or a window function, which is a value of no INSERT and no UPDATE."""
    TYPE = "type"
    """Its value is of a type that the column does not take."""
    AMBIGUOUS = "ambiguous"
    """More than one function takes these arguments."""


class Stand(NamedTuple):
    """Where a sequence stands among the keys that its column holds."""

    next: int | None
    """The value that it gives next; None: it has none left."""
    first_taken: int | None
    """The first key from there on, in its direction, that a row holds already."""
    last_taken: int | None
    """The last one."""


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: Type
    nullable: bool = True
    default: str | None = None
    """The server default's SQL expression."""
    generated: Generated | None = None
    identity: Identity | None = None
    autoincrement: bool = False
    """Expected: the server has to give the key's value (SERIAL, identity, rowid). Actual: it does."""
    never_again: bool = False
    """SQLite: AUTOINCREMENT: a key is never given twice, not even that of a deleted row."""
    collation: str | None = None
    comment: str | None = None

    write: Write = Write.OMITTED
    """How the application writes it (expected side)."""
    fetched: bool = False
    """The models say that the server gives the value, and not how (FetchedValue)."""
    added_nullable: bool = False
    """Expected side: added without NOT NULL, since another release, which leaves it out, still writes the table."""
    fill: str | None = None
    """A constant Python-side default as an SQL literal: what a declared Policy may fill old rows with."""
    calls: tuple[Call, ...] = ()
    """What functions its Python-side defaults call in the database (expected side)."""
    values: tuple[str, ...] = ()
    """All that the application writes into it, as SQL literals, where its type lists them (expected side)."""
    labels: tuple[str, ...] = ()
    """What its Enum lists, or that of its items, as SQL literals (expected side)."""
    cast_when_several: bool = False
    """Expected side, of a type that has a name: a flush of several new rows casts its values to the type, which other
    statements send without a cast."""
    classes: tuple[str, ...] = ()
    """Of a discriminator: what rows of the classes that are mapped hold, as text in SQL literals; a class whose module
    was not imported is not among them (expected side)."""
    identities: tuple[str, ...] = ()
    """Of a discriminator of text: those of classes from which none inherits, whose INSERT writes them, as SQL literals
    (expected side)."""
    reads: Callable[[object], object] | None = field(default=None, compare=False, repr=False)
    """Expected side: what the application does with a value that the database gives; raises where it cannot read it."""
    read_by_own_code: bool = False
    """Expected side: what `reads` gives is bytes that the application's own code reads, which is not run."""
    ddl: str = ""
    """The column's definition in CREATE TABLE and ADD COLUMN, name first, as SQLAlchemy compiles it."""
    mapped_by: tuple[str, ...] = ()
    """The classes of the application that map this column, for messages."""
    names_the_class: bool = False
    """Expected side: its value says which class a row is of (polymorphic_on), and no class is of NULL."""
    counts_versions: bool = False
    """Expected side: the ORM updates and deletes a row only as long as this is the value that it read
    (version_id_col)."""
    unnamed: bool = False
    """Expected side: a class maps the table, and none of its statements names this column."""
    mutable: str = ""
    """Expected side: the class (`MutableDict`) that takes what is loaded, and fails on text."""
    ignored: bool = False
    """Expected side: the models say that it is not guarded (`info={"schema_guard": "ignore"}`)."""
    validated: bool = True
    """False: NOT NULL is set but NOT VALID (PostgreSQL 18), older rows may hold NULL."""
    not_null_name: str | None = None
    """The NOT NULL constraint's name, where the catalog has one (PostgreSQL 18)."""
    value_domain_not_null: bool = False
    """The type is a domain that is NOT NULL."""
    type_default: bool = False
    """Actual side: the type itself gives a value when the column is left out (a domain with a DEFAULT)."""
    sequence: Name | None = None
    """What gives its value: expected, the sequence that the models name; actual, that of its default or identity."""
    stand: Stand | None = None
    """Actual side: where that sequence stands, if there was reason to look."""
    others: tuple[str, ...] = ()
    """Actual side: values, as text, that rows hold and the models' Enum or classes do not list, if there was reason to
    look."""
    holds_null: bool = False
    """Actual side: some row holds NULL, if there was reason to look."""
    misread: bool = False
    """Actual side: some row holds what the models' type cannot load, if there was reason to look."""
    no_utf8: bool = False
    """Actual side: some row holds a text that is not UTF-8, which the driver does not return."""
    perhaps_decoded: bool = False
    """Actual side: the application's own connections may return that text all the same (`text_factory`)."""
    other_form: bool = False
    """Actual side: some row holds what the models' type writes in another form, if there was reason to look."""
    default_misread: bool = False
    """Actual side: its default gives what the models' type cannot load, and the models leave it to the default. Of a
    column of the models: so does its own default."""
    null_conflict: str = ""
    """SQLite: ON CONFLICT of the NOT NULL, in capitals; empty where it says nothing."""
    null_replaced: bool = False
    """SQLite: the default is stored in place of NULL (NOT NULL ON CONFLICT REPLACE)."""
    used_by: tuple[Use, ...] = ()
    """Actual side: what keeps its type from being changed, or its NOT NULL from being dropped."""

    def holds(self, number: int) -> bool:
        """Whether a number is in the range of the type, where that is a type of integers."""
        bits = BITS.get(self.type.name) if not self.type.dimensions else None
        return bits is None or -(2**bits) <= number < 2**bits

    @property
    def needs_value(self) -> bool:
        """Expected side: the ORM can do nothing with a row that holds NULL there, also where the models allow it."""
        return self.names_the_class or self.counts_versions

    @property
    def given_value(self) -> bool:
        """Whether the server gives a value when an INSERT leaves the column out."""
        given = self.autoincrement or self.type_default or self.identity is not None or self.generated is not None
        return given or self.default is not None

    @property
    def generated_always(self) -> bool:
        """Whether an INSERT may give it no value: GENERATED ALWAYS, by an expression or as an identity."""
        return self.generated is not None or (self.identity is not None and self.identity.always)

    @property
    def filled_unseen(self) -> bool:
        """Expected side: the models leave the value to the server and do not say how it is made (FetchedValue)."""
        said = self.default is not None or self.autoincrement or self.identity is not None or self.generated is not None
        return self.write is Write.OMITTED and not self.nullable and not said


def texts(literals: Iterable[str]) -> set[str]:
    """What literals of text stand for."""
    return {literal[1:-1].replace("''", "'") for literal in literals}
