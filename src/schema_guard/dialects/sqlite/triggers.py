"""What the text of a trigger says of the statement that fires it (https://sqlite.org/lang_createtrigger.html)."""

from __future__ import annotations

from itertools import pairwise

from schema_guard.code_of_others import Intervener
from schema_guard.dialects.sqlite.tokens import significant

__all__ = ["intervener", "stops"]

_ASKS = frozenset({"WHEN", "WHERE", "CASE", "IIF", "HAVING", "JOIN"})
_VERBS = ("INSERT", "UPDATE", "DELETE")


def stops(sql: str) -> bool:
    """Whether it ends each statement that fires it: RAISE(IGNORE) does so without an error.

    One that asks anything first is a rule of the application's own, as most are.
    """
    words = set(_words(sql))
    return "RAISE" in words and words.isdisjoint(_ASKS)


def intervener(name: str, sql: str) -> Intervener:
    """As such a trigger is told."""
    words = _words(sql)
    verb = next((word for word in words[words.index("TRIGGER") :] if word in _VERBS), "INSERT")
    how = {after for before, after in pairwise(words) if before == "RAISE"}
    return Intervener("trigger", name, (verb,), how != {"IGNORE"})


def _words(sql: str) -> list[str]:
    return [word for token in significant(sql) if (word := token.word())]
