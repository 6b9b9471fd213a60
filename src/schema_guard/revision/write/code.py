"""Python source as the revision holds it: literals, calls, and expressions that may differ between the databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schema_guard.dialects import SUPPORTED

__all__ = ["Imports", "call", "literal", "long_literal", "sequence", "spelled", "text_argument"]

WIDTH = 92
"""Columns within upgrade() and its `with`; a call that is longer gets one argument to a line."""

_WORDS = re.compile(r"\S*\s*")
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")
"""Where sa.text() would see a parameter."""


@dataclass(slots=True)
class Imports:
    """What the revision needs beside `op` and `sa`."""

    helpers: set[str] = field(default_factory=lambda: {"guarded"})
    dialects: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)

    def lines(self) -> list[str]:
        found = [f"import {module}" for module in sorted(self.modules)]
        if self.dialects:
            found.append(f"from sqlalchemy.dialects import {', '.join(sorted(self.dialects))}")
        found.append(f"from schema_guard.alembic import {', '.join(sorted(self.helpers))}")
        return found


def literal(value: object) -> str:
    """The value as source, strings in double quotes where that needs no escape."""
    if isinstance(value, str):
        text = repr(str(value))
        if text[0] == "'" and '"' not in text and "\\'" not in text:
            return f'"{text[1:-1]}"'
        return text
    if isinstance(value, list | tuple):
        return sequence([literal(item) for item in value])
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def sequence(items: Sequence[str]) -> str:
    return f"[{', '.join(items)}]"


def call(name: str, arguments: Iterable[str], indent: int = 0, *, lines: bool | None = None) -> str:
    """A call on one line where it fits, else with one argument to a line.

    Args:
        indent: of its first line.
        lines: True or False decides.
    """
    arguments = [argument for argument in arguments if argument]
    flat = f"{name}({', '.join(arguments)})"
    fits = "\n" not in flat and len(flat) + indent <= WIDTH
    if lines is False or (fits and lines is None):
        return flat
    inner = " " * (indent + 4)
    body = "".join(f"{inner}{argument},\n" for argument in arguments)
    return f"{name}(\n{body}{' ' * indent})"


def spelled(texts: Mapping[str, str], imports: Imports) -> str:
    """An SQL expression: sa.text() where all databases write it alike, else one text for each."""
    if len(set(texts.values())) == 1 and set(texts) == set(SUPPORTED):
        return f"sa.text({text_argument(next(iter(texts.values())))})"
    imports.helpers.add("by_database")
    return call("by_database", [f"{name}={literal(text)}" for name, text in texts.items()], lines=False)


def long_literal(text: str, indent: int) -> str:
    """A long string in parentheses, cut behind line breaks and blanks; it reads back as the same text."""
    room = WIDTH - indent - 6
    pieces: list[str] = []
    for line in re.split(r"(?<=\n)", text):
        piece = ""
        for word in _WORDS.findall(line):
            if piece and len(piece) + len(word) > room:
                pieces.append(piece)
                piece = ""
            piece += word
        pieces.append(piece)
    if len(pieces) == 1:
        return literal(text)
    inner = " " * (indent + 4)
    body = "".join(f"{inner}{literal(piece)}\n" for piece in pieces)
    return f"(\n{body}{' ' * indent})"


def text_argument(sql: str) -> str:
    """SQL as the argument of sa.text(), in which a colon before a word would be a parameter."""
    return literal(_BIND.sub(r"\:", sql))
