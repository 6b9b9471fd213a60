"""SQL that is not known as a whole, or not understood: it may do anything, and renames in it are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schema_guard.chain.reading.actions import Action, Verb

__all__ = ["unread"]

_RENAMES = re.compile(
    r"\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?:(?:[\w\"]+)\.)?(?P<table>\"[^\"]+\"|\w+)\s+rename\s+"
    r"(?:to\s+(?P<to>\"[^\"]+\"|\w+)|(?!constraint\b)(?:column\s+)?(?P<old>\"[^\"]+\"|\w+)\s+to\s+(?P<new>\"[^\"]+\"|\w+))",
    re.IGNORECASE,
)
"""Also within DO blocks and texts that are put together."""


def unread(text: str, line: int, what: str) -> list[Action]:
    """A text that is not known as a whole: the renames that can be seen in it, and that it may do anything."""
    return [*_renames_in(text, line), Action(Verb.UNSEEN, line=line, text=what, readable=False)]


def _renames_in(text: str, line: int) -> Iterator[Action]:
    for match in _RENAMES.finditer(text):
        table = _bare(match["table"])
        if match["to"]:
            yield Action(Verb.RENAME, "table", table, to=_bare(match["to"]), line=line, depth=True)
        else:
            yield Action(Verb.RENAME, "column", _bare(match["old"]), table, _bare(match["new"]), line, True)


def _bare(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.lower()
