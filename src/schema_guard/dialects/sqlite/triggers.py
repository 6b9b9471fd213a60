"""What the text of a trigger says of the statement that fires it (https://sqlite.org/lang_createtrigger.html)."""

from __future__ import annotations

from itertools import pairwise

from schema_guard.code_of_others import Intervener
from schema_guard.dialects.sqlite.tokens import significant

__all__ = ["intervener", "stops"]

_VERBS = ("INSERT", "UPDATE", "DELETE")


def stops(sql: str) -> bool:
    """Whether it may end the statement: RAISE(IGNORE) does so without an error."""
    return "RAISE" in _words(sql)


def intervener(name: str, sql: str) -> Intervener:
    """As such a trigger is told."""
    words = _words(sql)
    verb = next((word for word in words[words.index("TRIGGER") :] if word in _VERBS), "INSERT")
    how = {after for before, after in pairwise(words) if before == "RAISE"}
    return Intervener("trigger", name, (verb,), how != {"IGNORE"})


def _words(sql: str) -> list[str]:
    return [word for token in significant(sql) if (word := token.word())]
