"""What a statement needs to be there: the tables, views, sequences and types that it names and does not make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.sql_tokens import Word

__all__ = ["TEMPORARY", "uses_in"]

TEMPORARY = "temporary"
"""The kind of a name that lasts as long as the session."""
_ALTERED = {
    "TABLE": "table",
    "VIEW": "view",
    "SEQUENCE": "sequence",
    "INDEX": "index",
    "TYPE": "type",
    "DOMAIN": "type",
}
_ROWS = {
    "INSERT": "INTO",
    "REPLACE": "INTO",
    "DELETE": "FROM",
    "UPDATE": "",
    "TRUNCATE": "",
    "MERGE": "INTO",
    "COPY": "",
}
"""Statements on rows, and the word in front of their table."""
_WITH_FROM = frozenset({"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"})
"""Functions whose arguments hold a FROM."""
_NO_TABLES = ("sqlite_", "pragma_")
"""How the names of SQLite's own tables begin, which its catalog does not list."""
_NUMBERED = frozenset({"SETVAL", "NEXTVAL", "CURRVAL"})


def uses_in(words: Sequence[Word], line: int, *, depth: bool) -> list[Action]:
    """In the order in which they are named; nothing of what is not understood.

    Args:
        words: of one statement.
        line: where it stands.
        depth: it may not run.
    """
    return [Action(Verb.USE, kind, name, table, "", line, depth) for kind, name, table in _of_statement(words) if name]


Use = tuple[str, str, str]
"""Kind, name, and the table of a column."""


def _of_statement(words: Sequence[Word]) -> Iterator[Use]:
    first = words[0].upper
    if first == "ALTER":
        yield from _altered(words)
    elif first == "CREATE":
        yield from _created(words)
    elif first == "REFRESH" and len(words) > 3:
        yield "view", _name_at(words, 4 if words[3].upper == "CONCURRENTLY" else 3), ""
    elif first in ("SELECT", "WITH", "VALUES"):
        yield from _read(words)
    elif first in _ROWS:
        at = next((at for at, word in enumerate(words) if word.upper == _ROWS[first]), None) if _ROWS[first] else 0
        if at is not None:
            at += 3 if words[at + 1 : at + 2] and words[at + 1].upper == "OR" else 1  # UPDATE OR IGNORE of SQLite
            skipped = sum(1 for word in words[at : at + 2] if word.upper in ("ONLY", "TABLE"))
            yield "table", _name_at(words, at + skipped), ""
        if first != "COPY":
            yield from _read(words[1:])


def _altered(words: Sequence[Word]) -> Iterator[Use]:
    """Renames are actions of their own."""
    at = 1 + sum(1 for word in words[1:2] if word.upper in ("MATERIALIZED", "FOREIGN"))
    kind = _ALTERED.get(words[at].upper) if at < len(words) else None
    upper = [word.upper for word in words[at + 1 :]]
    if kind is None or upper[:2] == ["IF", "EXISTS"]:
        return
    at += 2 if upper[:1] == ["ONLY"] else 1
    name = _name_at(words, at)
    rest = [word for word in words[at:] if word.upper not in (".", "*")][name.count(".") + 1 :]
    if rest and rest[0].upper != "RENAME" and [word.upper for word in rest[:2]] != ["SET", "SCHEMA"]:
        yield kind, name, ""


def _created(words: Sequence[Word]) -> Iterator[Use]:
    upper = [word.upper for word in words]
    at = next((at for at, word in enumerate(upper[:6]) if word in ("TABLE", "VIEW", "SEQUENCE")), None)
    if at is None:
        return
    if {"TEMP", "TEMPORARY"} & set(upper[:at]):
        yield TEMPORARY, _name_at(words, at + (4 if upper[at + 1 : at + 4] == ["IF", "NOT", "EXISTS"] else 1)), ""
    if "AS" in upper and upper[at] != "SEQUENCE":
        yield from _read(words[upper.index("AS") + 1 :])


def _read(words: Sequence[Word]) -> Iterator[Use]:
    """What a query reads, and the sequences that it calls a function on."""
    own = _named_within(words)
    calls: list[str] = []
    for at, word in enumerate(words):
        before = words[at - 1].upper if at else ""
        if word.text == "(":
            calls.append(before)
            if before in _NUMBERED:
                yield "sequence", _in_text(words[at + 1 : at + 2]), ""
        elif word.text == ")" and calls:
            calls.pop()
        elif word.upper in ("FROM", "JOIN") and before != "DISTINCT" and not (calls and calls[-1] in _WITH_FROM):
            following = at + 1 + sum(1 for each in words[at + 1 : at + 2] if each.upper in ("ONLY", "LATERAL"))
            name = _name_at(words, following)
            end = following + 2 * name.count(".") + 1
            called = end < len(words) and words[end].text == "("
            if name not in own and not called and not name.startswith(_NO_TABLES) and name != "rows":
                yield "table", name, ""


def _named_within(words: Sequence[Word]) -> set[str]:
    """The names that WITH gives to queries: `name AS (`, `name (a, b) AS MATERIALIZED (`."""
    found: set[str] = set()
    for at, word in enumerate(words):
        follows = [each.upper for each in words[at + 1 : at + 4] if each.upper not in ("NOT", "MATERIALIZED")]
        if word.upper != "AS" or follows[:1] != ["("]:
            continue
        before = at - 1
        if words[before].text == ")":
            while before > 0 and words[before].text != "(":
                before -= 1
            before -= 1
        if before >= 0 and words[before].identifier:
            found.add(words[before].name)
    return found


def _name_at(words: Sequence[Word], at: int) -> str:
    """A name with its schema; empty where none stands there."""
    parts: list[str] = []
    while at < len(words) and words[at].identifier:
        parts.append(words[at].name)
        if at + 1 >= len(words) or words[at + 1].text != ".":
            break
        at += 2
    return ".".join(parts)


def _in_text(words: Sequence[Word]) -> str:
    """The name within a text, 'numbers'; empty where it is quoted in it, or computed."""
    text = words[0].text if words and words[0].kind == "string" else ""
    name = text[1:-1].lower()
    return name if text.startswith("'") and name.replace("_", "").replace(".", "").isalnum() else ""
