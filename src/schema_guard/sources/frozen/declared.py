"""The line of a frozen file that says what is expected of a table or a column."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from schema_guard.declared import Declared
from schema_guard.names import Name
from schema_guard.sources.frozen.data import to_data

__all__ = ["declared"]

TABLE = 8
"""How far `freeze` indents the objects in `tables`, two for each level above; their fields stand two further."""


class _Lines(NamedTuple):
    texts: list[str]
    tables: dict[str, int]
    """By name as the file writes it: the line of the name, from 0."""


def declared(path: str, table: Name, column: str | None) -> Declared | None:
    """Where the file says it, as `freeze` lays it out: a line for each column, and the table's own name below them."""
    try:
        lines = _lines(path, Path(path).stat().st_mtime_ns)
    except OSError:
        return None
    names = (to_data(name) for name in (table, Name(None, table.name)))
    own = next((lines.tables[name] for name in names if name in lines.tables), None)
    if own is None:
        return None
    found = None if column is None else _column_above(lines.texts, own, column)
    return Declared.at(path, (own if found is None else found) + 1)


def _column_above(texts: list[str], own: int, column: str) -> int | None:
    """The line among the table's columns; a long one has a line for its name alone."""
    name = f'"name": {json.dumps(column, ensure_ascii=False)}'
    for at in range(own - 1, -1, -1):
        text, level = texts[at].strip().rstrip(","), _level(texts[at])
        if level <= TABLE or (level == TABLE + 2 and text.startswith('"columns":')):
            return at if name in text else None
        one_line = level == TABLE + 4 and name in text and '"type": {' in text
        if one_line or (level == TABLE + 6 and text == name):
            return at
    return None


@lru_cache(maxsize=8)
def _lines(path: str, time: int) -> _Lines:  # noqa: ARG001 - another time is another text
    found = _Lines(Path(path).read_text(encoding="utf-8-sig", errors="replace").splitlines(), {})
    for at, line in enumerate(found.texts):
        text, level = line.strip().rstrip(","), _level(line)
        if level == TABLE + 2 and text.startswith('"name": '):
            found.tables.setdefault(_value(text.removeprefix('"name": ')), at)
        elif level == TABLE and text.startswith("{") and '"columns": [' in text:  # short enough for one line
            found.tables.setdefault(_value(text, "name"), at)
    return found


def _value(text: str, key: str = "") -> str:
    try:
        value = json.loads(text)
        return str(value[key] if key else value)
    except (ValueError, KeyError, TypeError):  # a file that another program has laid out
        return ""


def _level(line: str) -> int:
    return len(line) - len(line.lstrip())
