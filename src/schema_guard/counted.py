"""Numbers of things, and times, as a sentence has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["counted", "duration", "first_of", "listed"]


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 row`, `1,204 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def first_of(items: Iterable[str], most: int = 8) -> str:
    """The first items of a list, and how many more there are: `a, b and 1,204 more`."""
    found = list(items)
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def listed(items: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def duration(seconds: float) -> str:
    """Wall clock time as a person says it: `4 ms`, `8.1 s`, `3 min 20 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 119.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"
