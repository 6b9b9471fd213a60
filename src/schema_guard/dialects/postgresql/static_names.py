"""Tables and functions that the text of a function in plpgsql names as they are: where no SQL is built when it runs.

It is for functions that may not be run, since they may change something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from schema_guard.dialects.postgresql.code_text import Known, Word, reached, words
from schema_guard.dialects.postgresql.keywords import RESERVED

__all__ = ["StaticName", "folded", "static_names"]

_BEFORE_CALLS = frozenset(
    {"SELECT", "PERFORM", "RETURN", "CALL", "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "IF", "ELSIF"}
    | {":=", "=", "(", ",", "||", "+", "-", "*", "/", "<", ">", "<>", ">=", "<="}
)
_NO_CALLS = frozenset(
    {name.upper() for name in RESERVED} | {"IF", "ELSIF", "WHILE", "RETURN", "PERFORM", "QUERY", "KEY"}
)
_PARTED = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY"})
"""FROM in their parentheses reads no table."""

_BEHIND_FROM = frozenset(
    {"WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR"}
    | {"INTO", "RETURNING", "CONFLICT", "SET", "LOOP", "THEN", ";"}
)


class StaticName(NamedTuple):
    """A name as it is written."""

    kind: str
    """relation or function."""
    text: str
    """With its quotes, and its schema where that is written."""
    qualified: bool
    surely: bool
    """The statement is reached, whatever the values are."""


def static_names(text: str, known: Known | None = None) -> list[StaticName]:
    """Each once; none where the function makes something, or expects an error.

    Args:
        text: the body.
        known: see `reached`.
    """
    every = words(text)
    uppers = [word.upper for word in every]
    handles = ("EXCEPTION", "WHEN") in pairwise(uppers)
    if handles or "CREATE" in uppers:
        return []
    own = _own_names(every)
    found: dict[tuple[str, str], StaticName] = {}
    for statement in reached(text, known or {}):
        for kind, parts in (*_relations(statement.words), *_functions(statement.words)):
            if len(parts) == 1 and parts[0].name in own:
                continue
            name = StaticName(kind, ".".join(word.text for word in parts), len(parts) > 1, statement.surely)
            before = found.get((kind, name.text))
            if before is None or not before.surely:
                found[kind, name.text] = name
    return list(found.values())


def folded(name: str) -> str:
    """The name as the catalog has it, with its schema where that is written."""
    return ".".join(word.name for word in words(name) if word.text != ".")


def _own_names(every: Sequence[Word]) -> frozenset[str]:
    """WITH queries and cursors: what the text itself gives a name."""
    found = set()
    for at, word in enumerate(every):
        rest = _behind_columns(every, at + 1)
        following = [each.upper for each in every[rest : rest + 4]]
        queries = following[:1] == ["AS"] and ("MATERIALIZED" in following[1:3] or following[1:2] == ["("])
        if queries or following[:1] in (["CURSOR"], ["REFCURSOR"]):
            found.add(word.name)
    return frozenset(found)


def _behind_columns(every: Sequence[Word], at: int) -> int:
    """Behind a list in parentheses, if one begins there."""
    if at >= len(every) or every[at].text != "(":
        return at
    depth = 0
    for place in range(at, len(every)):
        depth += (every[place].text == "(") - (every[place].text == ")")
        if depth == 0:
            return place + 1
    return at


def _relations(statement: Sequence[Word]) -> Iterator[tuple[str, Sequence[Word]]]:
    if any(word.upper in ("FETCH", "MOVE") for word in statement[:1]):
        return
    around: list[str] = []
    for at, word in enumerate(statement):
        before = statement[at - 1].upper if at else ""
        if word.text == "(":
            around.append(before)
        elif word.text == ")" and around:
            around.pop()
        elif _is_before_relation(word.upper, before, around):
            for start in (at + 1, *(_behind_commas(statement, at + 1) if word.upper == "FROM" else ())):
                if parts := _relation(statement, start, word.upper):
                    yield "relation", parts


def _relation(statement: Sequence[Word], start: int, behind: str) -> Sequence[Word]:
    """The one that is named there; nothing where it is a call, or another word of the statement."""
    while start < len(statement) and statement[start].upper in ("ONLY", "LATERAL"):
        start += 1
    parts = _name(statement, start)
    end = statement[start + 2 * len(parts) - 1] if start + 2 * len(parts) - 1 < len(statement) else None
    called = end is not None and end.text == "(" and behind != "INTO"
    no_name = behind == "UPDATE" and bool(parts) and parts[0].upper in ("SET", "SKIP", "OF", "NOWAIT")
    return () if called or no_name else parts


def _behind_commas(statement: Sequence[Word], at: int) -> Iterator[int]:
    """Where the other items of a FROM list begin."""
    depth = 0
    for place in range(at, len(statement)):
        depth += (statement[place].text == "(") - (statement[place].text == ")")
        if depth < 0 or (depth == 0 and statement[place].upper in _BEHIND_FROM):
            return
        if depth == 0 and statement[place].text == ",":
            yield place + 1


def _is_before_relation(upper: str, before: str, around: Sequence[str]) -> bool:
    if upper == "FROM":
        return before != "DISTINCT" and (not around or around[-1] not in _PARTED)
    if upper == "INTO":
        return before == "INSERT"
    return upper == "JOIN" or (upper == "UPDATE" and before not in ("FOR", "DO", "KEY", "ON"))


def _functions(statement: Sequence[Word]) -> Iterator[tuple[str, Sequence[Word]]]:
    for at in range(len(statement)):
        before = statement[at - 1].upper if at else ""
        if before == "." or before in ("INTO", "UPDATE", "AS"):
            continue
        parts = _name(statement, at)
        end = at + 2 * len(parts) - 1
        if not parts or end >= len(statement) or statement[end].text != "(":
            continue
        if len(parts) == 2 or (before in _BEFORE_CALLS and parts[0].upper not in _NO_CALLS):
            yield "function", parts


def _name(statement: Sequence[Word], at: int) -> Sequence[Word]:
    """One word or two with a dot between them; nothing where it is a variable's field of more parts."""
    if at >= len(statement) or statement[at].kind not in ("word", "quoted"):
        return ()
    parts = [statement[at]]
    while at + 2 < len(statement) and statement[at + 1].text == "." and statement[at + 2].kind in ("word", "quoted"):
        at += 2
        parts.append(statement[at])
    return parts if len(parts) < 3 and parts[0].upper not in ("SELECT", "VALUES") else ()
