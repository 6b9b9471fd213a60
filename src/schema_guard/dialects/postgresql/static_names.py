"""Tables and functions that the text of a function in plpgsql names as they are: where no SQL is built when it runs.

It is for functions that may not be run, since they may change something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from schema_guard.dialects.postgresql.code_conditions import Known
from schema_guard.dialects.postgresql.code_text import reached
from schema_guard.dialects.postgresql.code_words import Statement, Word, behind_parenthesis, words
from schema_guard.dialects.postgresql.every_keyword import KEYWORDS

__all__ = ["StaticName", "relations", "static_names"]

_BEFORE_CALLS = frozenset(
    {"SELECT", "PERFORM", "RETURN", "CALL", "AND", "OR", "NOT", "WHEN", "THEN", "ELSE", "IF", "ELSIF", "DEFAULT"}
    | {":=", "=", "(", ",", "||", "+", "-", "*", "/", "<", ">", "<>", ">=", "<="}
)
_NO_CALLS = KEYWORDS | {"ELSIF", "ELSEIF", "WHILE", "LOOP", "FOREACH", "PERFORM", "QUERY", "RAISE", "EXIT", "ASSERT"}
"""Those of SQL and of plpgsql: a function of that name is left out, too."""
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

    @property
    def parts(self) -> tuple[str, ...]:
        """As the catalog has it: its schema, where that is written, and the name."""
        return tuple(word.name for word in words(self.text) if word.text != ".")


def static_names(text: str, known: Known | None = None) -> list[StaticName]:
    """Each once; none where the function makes something, or expects an error, or is nested too deep.

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
    try:
        statements = reached(text, known or {})
    except RecursionError:
        return []
    found: dict[StaticName, None] = {}
    for statement in statements:
        named = (("relation", _name(statement, at)) for at in relations(statement))
        for kind, parts in (*named, *_functions(statement)):
            if len(parts) > 1 or parts[0].name not in own:
                name = StaticName(kind, ".".join(word.text for word in parts), len(parts) > 1)
                found[name] = None
    return list(found)


def _own_names(every: Sequence[Word]) -> frozenset[str]:
    """WITH queries and cursors: what the text itself gives a name."""
    found = set()
    for at, word in enumerate(every):
        rest = at + 1
        if every[rest : rest + 1] and every[rest].text == "(":  # the names of its columns
            rest = behind_parenthesis(every, rest)
        following = [each.upper for each in every[rest : rest + 4]]
        queries = following[:1] == ["AS"] and ("MATERIALIZED" in following[1:3] or following[1:2] == ["("])
        if queries or following[:1] in (["CURSOR"], ["REFCURSOR"]):
            found.add(word.name)
    return frozenset(found)


def relations(statement: Statement) -> Iterator[int]:
    """Where the names of tables begin that it reads or writes."""
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
            for item in (at + 1, *(_behind_commas(statement, at + 1) if word.upper == "FROM" else ())):
                start = item
                while start < len(statement) and statement[start].upper in ("ONLY", "LATERAL"):
                    start += 1
                if _is_relation(statement, start, word.upper):
                    yield start


def _is_relation(statement: Statement, start: int, behind: str) -> bool:
    """Whether a table is named there, and not a call, or another word of the statement."""
    parts = _name(statement, start)
    following = [each.upper for each in statement[start : start + 2]]
    end = statement[start + 2 * len(parts) - 1] if start + 2 * len(parts) - 1 < len(statement) else None
    called = end is not None and end.text == "(" and behind != "INTO"
    no_name = behind == "UPDATE" and following[:1] in (["SET"], ["SKIP"], ["OF"], ["NOWAIT"])
    return bool(parts) and not called and not no_name and following != ["ROWS", "FROM"]


def _behind_commas(statement: Statement, at: int) -> Iterator[int]:
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
        return before in ("INSERT", "MERGE")
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
