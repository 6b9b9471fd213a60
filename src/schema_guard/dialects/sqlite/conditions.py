"""The conditions that AND joins in an SQL text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from schema_guard.dialects.conditions import Part, conditions_of
from schema_guard.dialects.sqlite.tokens import Kind, significant, unquoted
from schema_guard.dialects.terms import Condition

__all__ = ["conditions"]

_NAMES = (Kind.WORD, Kind.QUOTED)
_LITERALS = (Kind.STRING, Kind.NUMBER)


def conditions(text: str, columns: Collection[str]) -> tuple[Condition, ...]:
    """The text parted; see `Rules.conditions`."""
    return conditions_of(text, list(_parts(text, {name.lower(): name for name in columns})))


def _parts(text: str, columns: dict[str, str]) -> Iterator[Part]:
    for token in significant(text):
        column = columns.get(unquoted(token).lower()) if token.kind in _NAMES else None
        literal = token.text if token.kind in _LITERALS else None
        yield Part(token.start, token.end, token.word().lower(), column, literal)
