"""Copies of what is only read (texts, tuples, sets, data classes) in which one word is another."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any

from schema_guard.names import DefaultSchema

__all__ = ["Renamed", "word_of"]

_TEXTS = (str, DefaultSchema)
"""No members of an enumeration, which are texts as well."""


def word_of(name: str) -> re.Pattern[str]:
    """Finds the name where it is a word of its own."""
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


class Renamed:
    """Made of a value once; then gives copies of it. They share what does not hold the word.

    Args:
        value: the value. Objects of other kinds are not looked into.
        word: what is replaced where it is a word of its own.
    """

    def __init__(self, value: object, word: str) -> None:
        file = io.BytesIO()
        writer = _Writer(file, word)
        writer.dump(value)
        self._data, self._parts, self._texts = file.getvalue(), writer.parts, writer.texts

    def named(self, word: str) -> Any:
        """A copy with this word in place of the other one."""
        parts = list(self._parts)
        for number, kind, pieces in self._texts:
            parts[number] = kind(word.join(pieces))
        reader = pickle.Unpickler(io.BytesIO(self._data))
        reader.persistent_load = parts.__getitem__  # type: ignore[method-assign]
        return reader.load()


class _Writer(pickle.Pickler):
    """Writes how the parts that hold the word are put together. All other parts, and texts, are written as numbers."""

    def __init__(self, file: io.BytesIO, word: str) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._word = word_of(word)
        self.parts: list[object] = []
        self.texts: list[tuple[int, type[str], list[str]]] = []
        """Of those that hold the word: the number, the class, and what is before, between and after the word."""
        self._numbers: dict[int, int] = {}
        self._holding: dict[int, bool] = {}

    def persistent_id(self, value: object) -> int | None:
        if value is None or type(value) in (int, bool):  # as short as a number; the numbers come by here, too
            return None
        holds = self._holds(value)
        if holds and type(value) not in _TEXTS:
            return None
        if id(value) not in self._numbers:
            self._numbers[id(value)] = len(self.parts)
            self.parts.append(value)  # and so nothing else gets its id
            if holds and isinstance(value, str):
                self.texts.append((len(self.parts) - 1, type(value), self._word.split(value)))
        return self._numbers[id(value)]

    def reducer_override(self, value: object) -> Any:
        if not is_dataclass(value):
            return NotImplemented
        return _put_together, (type(value), *_held_by(value))

    def _holds(self, value: Any) -> bool:
        """Whether the word is in it."""
        if type(value) in _TEXTS:
            return self._word.search(value) is not None
        if id(value) not in self._holding:
            self._holding[id(value)] = any(map(self._holds, _held_by(value)))
        return self._holding[id(value)]


def _held_by(value: Any) -> Iterable[Any]:
    """What it is put together from."""
    if isinstance(value, tuple | list | frozenset | set):
        return value
    if isinstance(value, Mapping):
        return [part for item in value.items() for part in item]
    if is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, name) for name in _fields_of(type(value))]
    return ()


@cache
def _fields_of(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _put_together(kind: type, *values: object) -> object:
    """As `copy.copy` does it, without `__init__`: the values are those of an object that was made by it."""
    made: object = object.__new__(kind)
    for name, value in zip(_fields_of(kind), values, strict=True):
        object.__setattr__(made, name, value)
    return made
