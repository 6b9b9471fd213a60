"""Where the statements and values of a TOML document stand, so that it can be edited as text.

The document has to be valid: tomllib says so before. Offsets count characters. tomlkit, which edits such documents,
takes a comment in front of the next table for the end of the one before it, and takes it out together with that.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Span", "Statement", "items", "statements"]

_BLANK = re.compile(r"(?:\s|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_LINE_END = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' + r"|'''.*?'{3,5}(?!')" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'", re.DOTALL
)
_PLAIN = re.compile(r"[^,\]}\n#]*")


class Kind(StrEnum):
    TABLE = "[..]"
    ARRAY = "[[..]]"
    VALUE = "key = value"


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A header, or a key with its value; `path` is the whole one.

    `start` is where it begins on its line, `end` where the next line begins.
    """

    kind: Kind
    path: tuple[str, ...]
    start: int
    end: int
    value: Span = Span(0, 0)


def statements(text: str) -> list[Statement]:
    """All of the document, in order."""
    found: list[Statement] = []
    table: tuple[str, ...] = ()
    position = _after(_BLANK, text, 0)
    while position < len(text):
        start = position
        if text[position] == "[":
            kind = Kind.ARRAY if text.startswith("[[", position) else Kind.TABLE
            table, position = _path(text, position + (2 if kind is Kind.ARRAY else 1))
            end = _after(_LINE_END, text, text.index("]", position) + (2 if kind is Kind.ARRAY else 1))
            found.append(Statement(kind, table, start, end))
        else:
            path, position = _path(text, position)
            begin = _after(_SPACE, text, text.index("=", position) + 1)
            value = Span(begin, _value_end(text, begin))
            end = _after(_LINE_END, text, value.end)
            found.append(Statement(Kind.VALUE, (*table, *path), start, end, value))
        position = _after(_BLANK, text, end)
    return found


def items(text: str, array: Span) -> Iterator[Span]:
    """The items of an array, which begins with its bracket."""
    position = array.start + 1
    while True:
        position = _after(_BLANK, text, position)
        if text[position] == "]":
            return
        if text[position] == ",":
            position += 1
            continue
        end = _value_end(text, position)
        yield Span(position, end)
        position = end


def _path(text: str, position: int) -> tuple[tuple[str, ...], int]:
    """The dotted key from there on, and where it ends."""
    parts: list[str] = []
    while True:
        position = _after(_SPACE, text, position)
        if text[position] in "\"'":
            end = _after(_STRING, text, position)
            parts.append(str(tomllib.loads(f"key = {text[position:end]}")["key"]))
        else:
            end = _after(_BARE, text, position)
            parts.append(text[position:end])
        position = _after(_SPACE, text, end)
        if text[position] != ".":
            return tuple(parts), position
        position += 1


def _value_end(text: str, position: int) -> int:
    if text[position] in "\"'":
        return _after(_STRING, text, position)
    if text[position] not in "[{":
        return position + len(text[position : _after(_PLAIN, text, position)].rstrip())
    depth = 0
    while True:
        position = _after(_BLANK, text, position)
        if text[position] in "\"'":
            position = _after(_STRING, text, position)
            continue
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(text[position], 0)
        position += 1
        if not depth:
            return position


def _after(what: re.Pattern[str], text: str, position: int) -> int:
    found = what.match(text, position)
    return position if found is None else found.end()
