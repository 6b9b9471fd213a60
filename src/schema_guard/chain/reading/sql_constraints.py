"""The constraints that a column definition, or a table constraint, written in SQL makes."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.references import references_in
from schema_guard.chain.reading.sql_tokens import Word

__all__ = ["constraints_in"]

_WITH_INDEX = ("UNIQUE", "PRIMARY", "EXCLUDE")


def constraints_in(words: Sequence[Word], table: str, line: int, depth: bool) -> list[Action]:
    """Those that are named, and a UNIQUE or a PRIMARY KEY by the name that PostgreSQL gives it; then what a foreign key
    refers to.

    Args:
        words: one part of CREATE TABLE (..), or what follows ADD.
        table: whose.
        line: where.
        depth: it may not run.
    """
    found: list[Action] = []
    names = frozenset(word.name for word in words if word.identifier)
    takes_index = [word.upper for word in words[-3:-1]] == [
        "USING",
        "INDEX",
    ]  # made before, and named like it from now on
    open_ = 0
    for at, word in enumerate(words):
        open_ += {"(": 1, ")": -1}.get(word.text, 0)
        if open_:
            continue
        if word.upper == "CONSTRAINT" and len(words) > at + 2:
            name, backed = words[at + 1].name, words[at + 2].upper in _WITH_INDEX and not takes_index
            found.append(Action(Verb.MAKE, "constraint", name, table, "", line, depth, "", True, names, backed))
        elif word.upper in ("UNIQUE", "PRIMARY") and not (at > 1 and words[at - 2].upper == "CONSTRAINT"):
            chosen = _chosen(words, at, table)
            found.append(Action(Verb.MAKE, "constraint", chosen, table, "", line, depth, "", True, names, True, True))
    return found + references_in(words, table, line, depth)


def _chosen(words: Sequence[Word], at: int, table: str) -> str:
    """The name that PostgreSQL gives to a constraint without one."""
    bare = table.rpartition(".")[2]
    if words[at].upper == "PRIMARY":
        return f"{bare}_pkey"
    if at:
        return f"{bare}_{words[0].name}_key"
    inside = [word for word in words if word.identifier or word.text in "()"]
    begin, end = (next((i for i, word in enumerate(inside) if word.text == sign), 0) for sign in "()")
    return "_".join((bare, *(word.name for word in inside[begin + 1 : end]), "key"))
