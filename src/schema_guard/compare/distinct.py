"""Every difference of a comparison has a key of its own: by it rows are counted, steps chosen, findings accepted."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from hashlib import sha256

from schema_guard.difference import Difference

__all__ = ["distinguished"]


def distinguished(*differences: Difference) -> tuple[Difference, ...]:
    """The differences, those that share a key told apart by a digest of what they say, equal ones by a number.

    A digest stays the same while others come and go; so does the key of a difference that shares none.
    """
    shared = Counter(difference.key for difference in differences)
    told = tuple(
        replace(difference, twin=f"~{_digest(difference)}") if shared[difference.key] > 1 else difference
        for difference in differences
    )
    seen: Counter[str] = Counter()
    result: list[Difference] = []
    for difference in told:
        seen[difference.key] += 1
        number = seen[difference.key]
        result.append(replace(difference, twin=f"{difference.twin}.{number}") if number > 1 else difference)
    return tuple(result)


def _digest(difference: Difference) -> str:
    return sha256(difference.headline.encode("utf-8", "surrogatepass")).hexdigest()[:6]
