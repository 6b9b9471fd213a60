"""Patterns that choose objects: `audit.*`, `index:legacy_*`. As settings write them, without any database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from schema_guard.pattern import matches

__all__ = ["INCLUDED", "KINDS", "Selector", "selectors_of"]

KINDS = ("schema", "table", "column", "index", "constraint", "type", "sequence")
INCLUDED = ("", "schema", "table")
"""What may be included: what belongs to a table comes with it."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One pattern.

    Args:
        pattern: of names; * stands for any characters.
        kind: one of KINDS; empty is whatever has a name of its own in a schema: tables, views, types, sequences.
        origin: where it was written.
    """

    pattern: str
    kind: str = ""
    origin: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.pattern}" if self.kind else self.pattern

    def chooses(self, kind: str, names: Iterable[str]) -> bool:
        """Whether it means the object of that kind; `names` are the ways to write its name."""
        own = self.kind == kind or (not self.kind and kind in ("table", "type", "sequence"))
        return own and any(matches(self.pattern, name) for name in names)


def selectors_of(value: object, origin: str = "", kinds: Iterable[str] = ("", *KINDS)) -> tuple[Selector, ...]:
    """What a setting or an argument chooses.

    Args:
        value: a text of patterns separated by commas or line breaks, or a list of such texts.
        origin: where it was written.
        kinds: those that may be named.

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, str):
        parts = [part.strip() for part in re.split(r"[,\n]", value) if part.strip()]
        if not parts:  # --include "$TABLES" without a value would guard everything
            raise ValueError("is empty: expected patterns such as 'audit.*' or 'index:legacy_*'")
        return tuple(_of(part, origin, tuple(kinds)) for part in parts)
    if isinstance(value, bytes | dict) or not isinstance(value, Iterable):
        raise ValueError("expected a list of patterns such as 'audit.*' or 'index:legacy_*'")
    found: list[Selector] = []
    for item in value:
        if not isinstance(item, str | Selector):
            raise ValueError("expected patterns such as 'audit.*' or 'index:legacy_*'")
        found += (item,) if isinstance(item, Selector) else selectors_of(item, origin, kinds)
    return tuple(found)


def _of(text: str, origin: str, kinds: tuple[str, ...]) -> Selector:
    kind, colon, pattern = text.partition(":")
    if not colon:
        return Selector(text, "", origin)
    if kind not in kinds or not pattern.strip():
        known = ", ".join(f"{each}:" for each in kinds if each)
        raise ValueError(f"{text!r}: {kind!r} is not a kind of object here; known are {known} or none")
    return Selector(pattern.strip(), kind, origin)
