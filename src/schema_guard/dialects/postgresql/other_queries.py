"""Another session's query, as much of it as may be printed: its shape, without a literal, a comment or a password.

pg_stat_activity cuts a query off at track_activity_query_size, in the middle of a literal as well: what has no end is
left out up to the end. Lexical rules: PostgreSQL manual, 4.1.
"""

from __future__ import annotations

import re

__all__ = ["shape"]

LONGEST = 120
"""Characters that are printed."""

_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | --[^\r\n]*)
    | (?P<comment>/\*)
    | (?P<escaped>[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z|\\\Z))
    | (?P<text>(?:[uU]&|[bBxXnN])?'(?:[^']|'')*(?:'|\Z))
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$)
    | (?P<parameter>\$\d+)
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*(?:"|\Z))
    | (?P<number>\.?\d[\w.]*(?:(?<=[eE])[+-]\w*)?)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<sign>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT_EDGE = re.compile(r"/\*|\*/")
_BEFORE, _AFTER, _AROUND = re.compile(r"\s+([,;)\]])"), re.compile(r"([(\[])\s+"), re.compile(r"\s*(\.|::)\s*")
"""Where a person writes no space."""
_SET = frozenset({"SET", "RESET"})


def shape(query: str) -> str:
    """The query with ? in place of each literal, on one line.

    Of a SET only the name of what is set, since its value may be a bare word; of what cannot be split with certainty
    only the first word.
    """
    words: list[str] = []
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        assert match is not None
        kind = match.lastgroup if match.lastgroup != "tag" else "dollar"
        position = match.end()
        if kind == "comment":
            position = _after_comment(query, position)
        elif kind == "dollar":
            end = query.find(match[0], position)
            position = len(query) if end < 0 else end + len(match[0])
            words.append("?")
        elif kind == "text" and _doubtful(match[0]):
            return _first_word(words)
        elif kind in ("escaped", "text", "number") or (kind == "quoted" and _unended(match[0])):
            words.append("?")
        elif match[0] == "$":  # what follows may have begun a dollar quote
            return _joined([*words, "?"])
        elif kind != "space":
            words.append(_hidden(words) or match[0])
        if _is_set(words):
            return _joined(words)
    return _joined(words)


def _after_comment(query: str, position: int) -> int:
    """Comments nest."""
    depth = 1
    while depth:
        edge = _COMMENT_EDGE.search(query, position)
        if edge is None:
            return len(query)
        depth += 1 if edge[0] == "/*" else -1
        position = edge.end()
    return position


def _doubtful(literal: str) -> bool:
    """Whether its end depends on standard_conforming_strings: a backslash before a quote."""
    return "\\'" in literal


def _unended(quoted: str) -> bool:
    inner = quoted[quoted.index('"') + 1 :]
    return not inner.replace('""', "").endswith('"')


def _hidden(words: list[str]) -> str:
    """What follows PASSWORD is one, even where it has no quotes and the server will not take it."""
    return "?" if words and words[-1].upper() == "PASSWORD" else ""


def _is_set(words: list[str]) -> bool:
    """SET name, SET LOCAL name, .. SET name of ALTER ROLE, but not the SET of an UPDATE, whose values are masked."""
    upper = [word.upper() for word in words]
    if not upper or upper[-1] not in ("=", "TO"):
        return False
    scope = [word for word in upper if word not in ("LOCAL", "SESSION")]
    return scope[0] in _SET or (scope[0] == "ALTER" and "SET" in scope)


def _first_word(words: list[str]) -> str:
    return f"{words[0]} .." if words else "?"


def _joined(words: list[str]) -> str:
    text = _AROUND.sub(r"\1", _BEFORE.sub(r"\1", _AFTER.sub(r"\1", " ".join(words))))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}.."
