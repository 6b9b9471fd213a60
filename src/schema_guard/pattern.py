"""Patterns in which * stands for any characters, and the nearest of the known names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["ANY", "matches", "nearest"]

ANY = "*"
ALIKE = 0.75


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern describes all of the text. Only * is special."""
    return _compiled(pattern).fullmatch(text) is not None


def nearest(text: str, known: Iterable[str]) -> str:
    """The name that was meant, perhaps, in whichever case it was written; empty where none is similar."""
    from difflib import get_close_matches  # only a mistake needs it

    by_letters = {name.lower(): name for name in known}
    close = get_close_matches(text.lower(), list(by_letters), n=1, cutoff=ALIKE)
    return by_letters[close[0]] if close else ""


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, re.split(r"\*+", pattern))), re.DOTALL)
