"""How the application makes its value of what the database gives, where its type does more than hand it on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = ["Reading", "gets_bytes", "reader_of"]

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
    "PickleType": (),
    "Time": (),
    "Uuid": ("as_uuid",),
    "bytes": (),
}
"""The types of SQLAlchemy that read a value, each with what decides how; `bytes` is what the application's own code
over a type of bytes gets."""


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
            raise ValueError(f"{data!r} is not a type that reads values")
        kind = str(data["type"])
        arguments = {name: value for name, value in data.items() if name != "type"}
        if set(arguments) != set(_ARGUMENTS[kind]):
            raise ValueError(f"{kind} takes {', '.join(_ARGUMENTS[kind]) or 'nothing'}")
        return Reading(kind, arguments)


def reader_of(type_: Any, dialect: Dialect) -> Reading | None:
    """What raises where a stored value cannot be read; None where nothing is done with it.

    A decorator of the application's own runs its code, and a pickle can: neither is run. What both decorate reads the
    value before they get it, a pickle is bytes of a known form, and code over a type of bytes expects bytes.
    """
    from sqlalchemy import PickleType
    from sqlalchemy.types import TypeDecorator

    if isinstance(type_, PickleType) and type(type_).result_processor is PickleType.result_processor:
        import pickle

        return Reading("PickleType") if type_.pickler is pickle else None
    if gets_bytes(type_, dialect):
        return Reading("bytes")
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


def gets_bytes(type_: Any, dialect: Dialect) -> bool:
    """Whether code of the application's own reads what a type of bytes gives."""
    from sqlalchemy.types import LargeBinary, TypeDecorator

    if not isinstance(type_, TypeDecorator) or _is_sqlalchemys(type_):
        return False
    try:
        inner = type_.load_dialect_impl(dialect)
    except Exception:
        return False
    own = type(type_).process_result_value is not TypeDecorator.process_result_value
    return own and isinstance(inner, LargeBinary)


def _argument(type_: Any, name: str) -> Any:
    return list(type_.enums) if name == "labels" else bool(getattr(type_, name))


def _read_by(kind: str, arguments: Mapping[str, Any]) -> Callable[[object], object]:
    if kind in _OF_BYTES:
        return _OF_BYTES[kind]
    import sqlalchemy
    from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

    family = getattr(sqlalchemy, kind)
    type_ = family(*arguments["labels"]) if kind == "Enum" else family(**arguments)
    dialect = SQLiteDialect_pysqlite()
    reader: Callable[[object], object] = type_.dialect_impl(dialect).result_processor(dialect, None)
    return reader


def _bytes(value: object) -> bytes:
    if not isinstance(value, (bytes, memoryview)):
        raise TypeError(f"a bytes-like object is required, not {type(value).__name__!r}")
    return bytes(value)


def _pickled(value: object) -> None:
    """Whether it is a pickle, by its form: loading one may run anything."""
    import pickletools

    for _ in pickletools.genops(_bytes(value)):
        pass


_OF_BYTES: dict[str, Callable[[object], object]] = {"PickleType": _pickled, "bytes": _bytes}


def _is_sqlalchemys(type_: Any) -> bool:
    return type(type_).__module__.startswith("sqlalchemy.")
