"""What a request for proposals asks for: the sentences with `shall` or `must`, and the heading above them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Found", "find_requirements"]

_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+)$")
_NUMBER = re.compile(r"^(?P<number>\d+(?:\.\d+)*)\.?\s")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z0-9“\"(])")
_OBLIGES = re.compile(r"\b(shall|must|is required to|are required to)\b", re.IGNORECASE)
LIMIT = 500


class Found(NamedTuple):
    """A sentence, and the number or title of the section it was found in."""

    text: str
    section: str


def find_requirements(markdown: str) -> Iterator[Found]:
    """Each obliging sentence once, in order, 500 of them at most."""
    section = "-"
    seen: set[str] = set()
    for line in markdown.splitlines():
        heading = _HEADING.match(line)
        if heading:
            number = _NUMBER.match(heading["title"])
            section = (number["number"] if number else heading["title"])[:128]
            continue
        for sentence in _SENTENCE.split(line.lstrip("-*0123456789. ").strip()):
            if _OBLIGES.search(sentence) and sentence not in seen and len(seen) < LIMIT:
                seen.add(sentence)
                yield Found(sentence, section)
