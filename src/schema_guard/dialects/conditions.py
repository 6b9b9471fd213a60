"""A boolean expression parted where AND joins it, by its tokens; both dialects feed their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schema_guard.dialects.terms import Condition

__all__ = ["Part", "conditions_of"]


class Part(NamedTuple):
    """One token. `word` is the keyword in lower case or "", `column` the column that it may name."""

    start: int
    end: int
    word: str = ""
    column: str | None = None
    literal: str | None = None


def conditions_of(text: str, parts: Sequence[Part]) -> tuple[Condition, ...]:
    """The conditions that have to hold together."""
    return tuple(_condition(text, parts[first:last]) for first, last in _split(text, parts, 0, len(parts)))


def _split(text: str, parts: Sequence[Part], first: int, last: int) -> Iterator[tuple[int, int]]:
    while last - first > 2 and _enclosed(text, parts, first, last):
        first, last = first + 1, last - 1
    cuts = list(_cuts(text, parts, first, last))
    if not cuts:
        yield first, last
        return
    for start, end in zip([first, *(cut + 1 for cut in cuts)], [*cuts, last], strict=True):
        yield from _split(text, parts, start, end)


def _cuts(text: str, parts: Sequence[Part], first: int, last: int) -> list[int]:
    """Where AND joins; none where OR, which binds weaker, stands beside it."""
    found: list[int] = []
    depth = 0
    between = False
    for number in range(first, last):
        token, word = text[parts[number].start : parts[number].end], parts[number].word
        if token in "([" or word == "case":
            depth += 1
        elif token in ")]" or word == "end":
            depth -= 1
        elif depth:
            continue
        elif word == "or":
            return []
        elif word == "between":
            between = True
        elif word == "and":
            if not between:
                found.append(number)
            between = False
    return found


def _enclosed(text: str, parts: Sequence[Part], first: int, last: int) -> bool:
    """Whether one pair of parentheses holds all of it."""
    depth = 0
    for number in range(first, last):
        token = text[parts[number].start : parts[number].end]
        if token == "(":
            depth += 1
        elif token == ")":
            depth -= 1
        if depth == 0:
            return number == last - 1 and number > first
    return False


def _condition(text: str, parts: Sequence[Part]) -> Condition:
    return Condition(
        text[parts[0].start : parts[-1].end] if parts else text,
        frozenset(part.column for part in parts if part.column is not None),
        tuple(part.literal for part in parts if part.literal is not None),
    )
