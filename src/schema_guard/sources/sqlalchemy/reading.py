"""How the application makes its value of what the database gives, where its type does more than hand it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["Reading", "reader_of"]

_ARGUMENTS = {
    "Boolean": (),
    "Date": (),
    "DateTime": (),
    "Enum": ("labels",),
    "Float": ("asdecimal",),
    "Interval": (),
    "JSON": (),
    "LargeBinary": (),
    "Numeric": ("asdecimal",),
    "Time": (),
    "Uuid": ("as_uuid",),
}
"""The types of SQLAlchemy that read a value, each with what decides how."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads a stored value as SQLAlchemy's type does; raises where that raises.

    Args:
        type: the class's name; empty where it is none of SQLAlchemy's own, and so cannot be written down.
        arguments: what decides how that class reads, by name.
        read: the type's own function; None makes it from the other two when it is first needed.
    """

    type: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[[object], object] | None = field(default=None, compare=False)

    def __call__(self, value: object) -> object:
        if self.read is None:
            object.__setattr__(self, "read", _read_by(self.type, self.arguments))
        assert self.read is not None
        return self.read(value)

    @staticmethod
    def of(data: Any) -> Reading:
        """From what was written down. Raises ValueError: it is no such type."""
        if not isinstance(data, Mapping) or data.get("type") not in _ARGUMENTS:
            raise ValueError(f"{data!r} is no type that reads values")
        kind = str(data["type"])
        arguments = {name: value for name, value in data.items() if name != "type"}
        if set(arguments) != set(_ARGUMENTS[kind]):
            raise ValueError(f"{kind} takes {', '.join(_ARGUMENTS[kind]) or 'nothing'}")
        return Reading(kind, arguments)


def reader_of(type_: Any, dialect: Dialect) -> Reading | None:
    """What raises where a stored value cannot be read; None where nothing is done with it.

    A decorator of the application's own runs its code, and a pickle can: these are not tried. What both decorate reads
    the value before they get it.
    """
    from sqlalchemy import PickleType
    from sqlalchemy.types import TypeDecorator

    if isinstance(type_, PickleType) or (isinstance(type_, TypeDecorator) and not _is_sqlalchemys(type_)):
        own = type(type_).result_processor
        if own not in (TypeDecorator.result_processor, PickleType.result_processor):
            return None
        try:
            return reader_of(type_.load_dialect_impl(dialect), dialect)
        except Exception:
            return None
    try:
        reader: Callable[[object], object] | None = type_.dialect_impl(dialect).result_processor(dialect, None)
    except Exception:  # a type of the application's own
        return None
    if reader is None:
        return None
    plain = type(type_).__module__ == "sqlalchemy.sql.sqltypes"  # others may read in a way of their own
    kind = next((each.__name__ for each in type(type_).__mro__ if plain and each.__name__ in _ARGUMENTS), "")
    return Reading(kind, {name: _argument(type_, name) for name in _ARGUMENTS.get(kind, ())}, reader)


def _argument(type_: Any, name: str) -> Any:
    return list(type_.enums) if name == "labels" else bool(getattr(type_, name))


def _read_by(kind: str, arguments: Mapping[str, Any]) -> Callable[[object], object]:
    import sqlalchemy
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    family = getattr(sqlalchemy, kind)
    type_ = family(*arguments["labels"]) if kind == "Enum" else family(**arguments)
    dialect = SQLiteDialect_pysqlite()
    reader: Callable[[object], object] = type_.dialect_impl(dialect).result_processor(dialect, None)
    return reader


def _is_sqlalchemys(type_: Any) -> bool:
    return type(type_).__module__.startswith("sqlalchemy.")
