"""SQL text into tokens, as far as the expressions of a catalog need it."""

from __future__ import annotations

import re

__all__ = ["located_tokens", "spans", "tokens"]

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|(?P<string>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<word>[^\W\d][\w$]*)|(?P<cast>::)|(?P<operator>[-+*/<>=~!@\#%^&|`?]+)|(?P<mark>[()\[\],.])|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)


def tokens(text: str) -> list[tuple[str, str]]:
    """(kind, text) of each token; spaces and comments are left out."""
    found = []
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is not None:
            found.append((kind, match.group()))
    return found


def located_tokens(text: str) -> list[tuple[str, int, int]]:
    """Kind, beginning and end of each token."""
    return [(match.lastgroup, *match.span()) for match in _TOKEN.finditer(text) if match.lastgroup is not None]


def spans(text: str) -> list[tuple[int, int]]:
    """Where each token begins and ends; spaces and comments are left out."""
    return [match.span() for match in _TOKEN.finditer(text) if match.lastgroup is not None]
