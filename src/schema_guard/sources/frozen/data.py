"""The nouns of `schema.py` as plain JSON data and back, by the types of their fields.

A field that has its default is left out. Names are written `name` or `schema.name`, each part quoted where it holds
a dot or a quote.
"""

from __future__ import annotations

import re
import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from schema_guard.names import Name
from schema_guard.schema import Type
from schema_guard.sources.sqlalchemy.reading import Reading

__all__ = ["from_data", "to_data"]

_PARTS = re.compile(r'"((?:[^"]|"")*)"|([^."]+)')
_PLAIN = re.compile(r'[^."]+')


def to_data(value: Any) -> Any:
    """A noun as dictionaries, lists, texts, numbers, true, false and null."""
    if isinstance(value, Name):
        return ".".join(_part(part) for part in value if part is not None)
    if isinstance(value, Reading):
        return {"type": value.type, **value.arguments} if value.type else None
    if is_dataclass(value) and not isinstance(value, type):
        data = {}
        for name, default in _defaults(type(value)):
            held = getattr(value, name)
            if held is default or held == default:
                continue
            if name == "words" and isinstance(value, Type) and held == value.text:
                continue  # sentences write the type as SQL does
            written = to_data(held)
            if not (written is None and default is None):  # a reading that cannot be written
                data[name] = written
        return data
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: to_data(getattr(value, name)) for name in value._fields}
    if isinstance(value, tuple | list):
        return [to_data(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str(value)
    assert value is None or isinstance(value, bool | int | float), f"{value!r} cannot be frozen"
    return value


def from_data(kind: Any, data: Any) -> Any:
    """The noun of that type.

    Raises:
        ValueError: the data is of another form; the message names the field.
    """
    return _reader(kind)(data)


Reader = Callable[[Any], Any]


@cache
def _reader(kind: Any) -> Reader:
    """What reads data as that type: a type is looked at once, not for each of its values."""
    if kind is Name:
        return _name
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _reader_of_one(get_args(kind))
    if origin is tuple:
        return _reader_of_tuple(get_args(kind))
    if isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, tuple)):
        return _reader_of_fields(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _reader_of_plain(kind)


def _reader_of_plain(kind: Any) -> Reader:
    if kind is str:
        return _text

    def read(data: Any) -> Any:
        if type(data) is kind:
            return data
        if kind is float and isinstance(data, int) and not isinstance(data, bool):
            return float(data)
        if not isinstance(kind, type) or not isinstance(data, kind) or (kind is int and isinstance(data, bool)):
            raise ValueError(f"{data!r} is not of the type {getattr(kind, '__name__', kind)}")
        return data

    return read


def _text(data: Any) -> str:
    if type(data) is not str:
        raise ValueError(f"{data!r} is not of the type str")
    return sys.intern(data)  # the tables of an application say much in the same words


def _reader_of_one(kinds: tuple[Any, ...]) -> Reader:
    (kind,) = (each for each in kinds if each is not type(None))
    inner = Reading.of if get_origin(kind) is _CALLABLE else _reader(kind)
    return (lambda data: None if data is None else inner(data)) if type(None) in kinds else inner


_CALLABLE = get_origin(Callable[[object], object])


def _reader_of_tuple(kinds: tuple[Any, ...]) -> Reader:
    endless = len(kinds) == 2 and kinds[1] is Ellipsis
    readers = [_reader(kind) for kind in kinds if kind is not Ellipsis]

    def read(data: Any) -> tuple[Any, ...]:
        if not isinstance(data, list):
            raise ValueError(f"{data!r} is not a list")
        if endless:
            return tuple(map(readers[0], data))
        if len(readers) != len(data):
            raise ValueError(f"{data!r} has not {len(readers)} items")
        return tuple(each(item) for each, item in zip(readers, data, strict=True))

    return read


def _reader_of_fields(kind: type) -> Reader:
    hints, needed = _hints(kind), _needed(kind)
    readers: dict[str, Reader] = {}

    def read(data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError(f"{data!r} is not an object")
        unknown = data.keys() - hints.keys()
        if unknown:
            raise ValueError(f"{kind.__name__} knows no {', '.join(sorted(unknown))}")
        lacking = needed - data.keys()
        if lacking:
            raise ValueError(f"{kind.__name__} has no {', '.join(sorted(lacking))}")
        found = {}
        for name, held in data.items():
            reader = readers.get(name)
            if reader is None:
                reader = readers[name] = _reader(hints[name])
            try:
                found[name] = reader(held)
            except (ValueError, TypeError) as error:
                raise ValueError(f"{kind.__name__.lower()}.{name}: {error}") from None
        return kind(**found)

    return read


@cache
def _hints(kind: type) -> dict[str, Any]:
    names = {field.name for field in fields(kind)} if is_dataclass(kind) else set(getattr(kind, "_fields", ()))
    return {name: hint for name, hint in get_type_hints(kind).items() if name in names}


def _needed(kind: type) -> set[str]:
    """The names of the fields without a default."""
    if is_dataclass(kind):
        return {field.name for field in fields(kind) if _default(field) is MISSING}
    return set(getattr(kind, "_fields", ())) - set(getattr(kind, "_field_defaults", ()))


@cache
def _defaults(kind: type) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, _default(field)) for field in fields(kind))


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default


def _part(part: str) -> str:
    if _PLAIN.fullmatch(part):
        return str(part)
    escaped = part.replace('"', '""')
    return f'"{escaped}"'


def _name(data: Any) -> Name:
    if not isinstance(data, str):
        raise ValueError(f"{data!r} is not a name")
    return _name_of(data)


@lru_cache(maxsize=4096)
def _name_of(data: str) -> Name:
    parts: list[str] = []
    end = 0
    for match in _PARTS.finditer(data):
        if match.start() != end + (1 if parts else 0):
            break
        parts.append(match[2] if match[1] is None else match[1].replace('""', '"'))
        end = match.end()
    if end != len(data) or len(parts) not in (1, 2):
        raise ValueError(f"{data!r} is not a name")
    return Name(*parts) if len(parts) == 2 else Name(None, parts[0])
