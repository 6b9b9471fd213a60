"""What the text of a trigger says of the statement that fires it (https://sqlite.org/lang_createtrigger.html)."""

from __future__ import annotations

from itertools import pairwise

from schema_guard.code_of_others import Intervener
from schema_guard.dialects.sqlite.tokens import significant

__all__ = ["intervener"]

_ASKS = frozenset({"WHEN", "WHERE", "CASE", "IIF", "HAVING", "JOIN"})
_VERBS = ("INSERT", "UPDATE", "DELETE")


def intervener(name: str, sql: str) -> Intervener | None:
    """A trigger that ends each statement that fires it: RAISE(IGNORE) does so without an error; None for others.

    One that asks anything first is a rule of the application's own, as most are.
    """
    words = [word for token in significant(sql) if (word := token.word())]
    if "RAISE" not in words or not _ASKS.isdisjoint(words):
        return None
    verb = next((word for word in words[words.index("TRIGGER") :] if word in _VERBS), "INSERT")
    how = {after for before, after in pairwise(words) if before == "RAISE"}
    return Intervener("trigger", name, (verb,), how != {"IGNORE"})
