"""How much two names look like one thing that was renamed. Pure, and the same whichever comes first."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

__all__ = ["likeness", "words_of"]

_RUN = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_GENERIC = frozenset({"id", "at", "on", "by", "is", "has", "no", "nr", "ref", "key", "fk", "pk", "the", "of", "date"})
"""Words that say of what kind a thing is, not which one."""
SHORTEST = 3
"""Letters of an abbreviation, at least."""
MISSPELT = 0.88
"""How alike the letters of a misspelt word are: adress, address."""


@lru_cache(maxsize=10_000)
def words_of(name: str) -> tuple[str, ...]:
    """`user_names`, `UserName` and `USER-NAME` are the words user, name. An accent may be a character of its own."""
    composed = unicodedata.normalize("NFKC", name)
    return tuple(_singular(word.lower()) for run in _RUN.findall(composed) for word in _HUMP.split(run))


def likeness(one: str, other: str) -> float:
    """From 0, nothing in common, to 1, the same words; 0.75 and more is a rename by the name alone.

    Two names that differ in one telling word each (billing_address, shipping_address) are two things.
    """
    first, second = words_of(one), words_of(other)
    if not first or not second:
        return 0.0
    if "".join(first) == "".join(second):
        return 1.0
    if sorted(first) == sorted(second):
        return 0.9
    telling, others = set(first) - _GENERIC, set(second) - _GENERIC
    if telling and telling == others:
        return 0.85  # created_at, created_on
    if _is_part(first, second) or _is_part(second, first):
        return 0.8 if telling & others else 0.75  # name, full_name; id, user_id
    abbreviated = len(first) == len(second) and all(map(_abbreviates, first, second))
    if abbreviated or _misspelt("".join(first), "".join(second)):
        return 0.65  # desc, description; but also cat, category
    if telling & others:
        return 0.4
    if "".join(first).endswith("".join(second)) or "".join(second).endswith("".join(first)):
        return 0.5  # name, username
    return 0.3 if set(first) & set(second) else 0.0


def _singular(word: str) -> str:
    if len(word) > SHORTEST and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > SHORTEST and re.search(r"(?:x|ch|sh|ss)es$", word):
        return word[:-2]
    return word[:-1] if len(word) > SHORTEST and re.search(r"[^su]s$", word) else word


def _is_part(short: tuple[str, ...], long: tuple[str, ...]) -> bool:
    """One name is the other with words before or behind it."""
    return len(short) < len(long) and short in (long[: len(short)], long[-len(short) :])


def _abbreviates(one: str, other: str) -> bool:
    """desc, description; qty, quantity."""
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    if len(short) < SHORTEST or short[0] != long[0]:
        return False
    letters = iter(long)
    return long.startswith(short) or (short[-1] == long[-1] and all(letter in letters for letter in short))


def _misspelt(one: str, other: str) -> bool:
    if min(len(one), len(other)) <= SHORTEST:
        return False
    ratios = (SequenceMatcher(None, *pair, autojunk=False).ratio() for pair in ((one, other), (other, one)))
    return max(ratios) >= MISSPELT
