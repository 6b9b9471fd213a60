"""What follows from a column's type alone, found once for all columns of that type."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, Boolean, String
from sqlalchemy import Enum as EnumType

from schema_guard.sources.sqlalchemy.reading import Reading, gets_bytes, reader_of
from schema_guard.sources.sqlalchemy.types import is_domain, resolved
from schema_guard.sources.sqlalchemy.wrapping import wraps

if TYPE_CHECKING:
    from sqlalchemy import Column

    from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["TypeFacts", "facts_of", "is_built_in", "key_of"]

_STARRED = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_PLAIN = frozenset(
    {
        "String",
        "Text",
        "Unicode",
        "UnicodeText",
        "VARCHAR",
        "CHAR",
        "TEXT",
        "Integer",
        "BigInteger",
        "SmallInteger",
        "INTEGER",
        "BIGINT",
        "SMALLINT",
        "Boolean",
        "BOOLEAN",
        "Date",
        "DATE",
        "DateTime",
        "TIMESTAMP",
        "Time",
        "TIME",
        "Numeric",
        "NUMERIC",
        "Float",
        "LargeBinary",
        "JSON",
        "Uuid",
    }
)
"""SQLAlchemy's own types that keep each of their arguments in an attribute of its name: no two differ in more."""


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """What a dialect makes of a type."""

    of: Any
    """The type itself."""
    text: str
    """As DDL names it, without collation."""
    inner: Any
    """The type that DDL names: `resolved`."""
    collation: str | None
    values: tuple[str, ...]
    """What a type that lists its values sends, as literals."""
    labels: tuple[str, ...]
    """What an Enum lists, also that of an array's items."""
    reads: Reading | None
    read_by_own_code: bool
    wraps: bool
    """Whether it can put functions around its values or columns."""


def facts_of(column: Column[Any], writer: Writer) -> TypeFacts:
    """Of the column's type.

    Raises:
        UnwritableError: the type cannot be written in this dialect.
    """
    key = key_of(column.type)
    known: TypeFacts | None = writer.types.get(key)
    if known is None:
        known = _found(column, writer)
        if key is not None:
            writer.types[key] = known
    else:
        writer.compile_alike(column.type, known.of)
    return known


def key_of(type_: Any) -> object:
    """Equal for types that differ in nothing; None for one whose code is the application's."""
    kind: Any = type(type_)
    if type_._variant_mapping or not _is_sqlalchemys(kind):
        return None
    if kind.__module__ == "sqlalchemy.sql.sqltypes" and kind.__name__ in _PLAIN:
        return kind, *(getattr(type_, name) for name in _arguments(kind))
    return id(type_) if isinstance(type_, EnumType) else None


def is_built_in(key: object) -> bool:
    """Whether `key_of` gave it for a type that holds no other type, and has no name of its own in a database."""
    return isinstance(key, tuple)


@cache
def _arguments(kind: Any) -> tuple[str, ...]:
    """Those by which SQLAlchemy copies a type, too; the others are its own."""
    own = (given for given in signature(kind).parameters.values() if given.kind not in _STARRED)
    return tuple(given.name for given in own if not given.name.startswith("_"))


def _is_sqlalchemys(kind: type) -> bool:
    """Whether the class is, and is compiled as SQLAlchemy does it (`sqlalchemy.ext.compiler` notes it in the class)."""
    return kind.__module__.startswith("sqlalchemy.") and not hasattr(kind, "_compiler_dispatcher")


def _found(column: Column[Any], writer: Writer) -> TypeFacts:
    dialect, text = writer.dialect, writer.type(column)
    inner = resolved(column.type, dialect)
    values = _values(inner, writer)
    item = resolved(inner.item_type, dialect) if isinstance(inner, ARRAY) else inner
    labels = values if item is inner else _values(item, writer)
    return TypeFacts(
        column.type,
        text,
        inner,
        _collation(inner),
        values,
        labels if isinstance(item, EnumType) else (),
        reader_of(column.type, dialect),
        gets_bytes(column.type, dialect),
        wraps(column.type, dialect),
    )


def _collation(inner: Any) -> str | None:
    inner = getattr(inner, "item_type", inner)
    if is_domain(inner):
        return None  # the domain's own business
    collation = getattr(inner, "collation", None)
    schema = getattr(inner, "collation_schema", None)
    if not collation:
        return None
    return f"{schema}.{collation}" if schema else str(collation)


def _values(inner: Any, writer: Writer) -> tuple[str, ...]:
    if isinstance(inner, EnumType):
        written = [writer.literal(str(value), String()) for value in inner.enums]
    elif isinstance(inner, Boolean):
        written = [writer.literal(value, inner) for value in (True, False)]
    else:
        return ()
    return tuple(value for value in written if value is not None)
