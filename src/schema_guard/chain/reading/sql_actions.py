"""What statements written in SQL do to the schema and to rows. What is not understood counts as unseen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.sql_casts import plain_cast
from schema_guard.chain.reading.sql_constraints import constraints_in
from schema_guard.chain.reading.sql_tokens import Word, statements_of
from schema_guard.chain.reading.sql_uses import uses_in
from schema_guard.chain.reading.sql_values import value_actions
from schema_guard.chain.reading.unread_sql import unread
from schema_guard.chain.reading.written_types import sql_type

__all__ = ["SEQUENCES", "actions_in_sql"]

_QUIET = frozenset(
    {"BEGIN", "COMMIT", "SET", "RESET", "SHOW", "ANALYZE", "VACUUM", "REINDEX", "LOCK", "CLUSTER", "REFRESH"}
    | {"NOTIFY", "START", "END", "SAVEPOINT", "RELEASE", "CHECKPOINT", "COMMENT"}
)
"""Statements that change neither rows nor what is compared."""
_MODIFIERS = frozenset(
    {"OR", "REPLACE", "UNIQUE", "UNLOGGED", "GLOBAL", "LOCAL", "RECURSIVE", "MATERIALIZED", "CONSTRAINT", "FOREIGN"}
    | {"TEMP", "TEMPORARY", "TRUSTED", "PROCEDURAL", "VIRTUAL"}
)
_KINDS = {
    "TABLE": "table",
    "INDEX": "index",
    "VIEW": "view",
    "SEQUENCE": "sequence",
    "TYPE": "type",
    "DOMAIN": "type",
    "FUNCTION": "function",
    "PROCEDURE": "function",
    "AGGREGATE": "function",
    "TRIGGER": "trigger",
    "SCHEMA": "schema",
    "EXTENSION": "extension",
    "POLICY": "policy",
    "RULE": "rule",
}
_CONSTRAINTS = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE", "LIKE"})
_HARMLESS = frozenset(
    {
        "COUNT",
        "MAX",
        "MIN",
        "SUM",
        "AVG",
        "COALESCE",
        "EXISTS",
        "LOWER",
        "UPPER",
        "LENGTH",
        "NOW",
        "VERSION",
        "IN",
        "AND",
    }
    | {
        "CURRENT_SCHEMA",
        "CURRENT_DATABASE",
        "CURRENT_SETTING",
        "TO_REGCLASS",
        "TO_REGTYPE",
        "OR",
        "NOT",
        "VALUES",
        "ON",
    }
    | {
        "FROM",
        "WHERE",
        "SELECT",
        "ANY",
        "ALL",
        "AS",
        "BY",
        "JOIN",
        "CAST",
        "PRAGMA_TABLE_INFO",
        "VARCHAR",
        "FORMAT_TYPE",
    }
)
"""What may stand before a bracket in a SELECT that only reads."""
SEQUENCES = frozenset({"SETVAL", "NEXTVAL", "SET_CONFIG", "PG_SLEEP"})
"""Functions that a SELECT calls for what they do, and that rename nothing. One of the project's own may do anything."""


def actions_in_sql(text: str, line: int = 0, *, depth: bool = False) -> list[Action]:
    """The actions of every statement in this text, in order."""
    found: list[Action] = []
    for words in statements_of(text):
        found += [*uses_in(words, line, depth=depth), *_of_statement(words, line, depth)]
    return found


def _of_statement(words: Sequence[Word], line: int, depth: bool) -> list[Action]:
    match words[0].upper:
        case "CREATE":
            return _create(words, line, depth)
        case "DROP":
            return _drop(words, line, depth)
        case "ALTER":
            return _alter(words, line, depth)
        case "SELECT":
            return _select(words, line, depth)
        case "EXPLAIN":
            return [_unseen(words, line)] if any(word.upper == "ANALYZE" for word in words[1:4]) else []
        case "GRANT" | "REVOKE" if any(word.upper == "ON" for word in words):
            return []
        case "PRAGMA" if not any("writable_schema" in word.text.lower() for word in words):
            return []
        case "DO":
            return unread(_text(words), line, _short(words))
        case first if first in _QUIET:
            return []
    return [_unseen(words, line)]


def _select(words: Sequence[Word], line: int, depth: bool) -> list[Action]:
    """Reads, calls functions, or makes a table: SELECT .. INTO."""
    if _only_reads(words):
        return []
    at = next((at for at, word in enumerate(words) if word.upper == "INTO"), None)
    cursor = _Cursor(words if at is None else words[at + 1 :])
    temporary = any(cursor.take(word) for word in ("TEMP", "TEMPORARY"))
    cursor.take("UNLOGGED")
    cursor.take("TABLE")
    made = [] if at is None or temporary else [Action(Verb.MAKE, "table", cursor.name(), "", "", line, depth)]
    calls = at is None and not any(word.upper in SEQUENCES for word in words)
    return [*made, Action(Verb.UNSEEN, line=line, text=_short(words), readable=not calls)]


def _unseen(words: Sequence[Word], line: int) -> Action:
    known = words[0].upper in ("INSERT", "UPDATE", "DELETE", "TRUNCATE", "MERGE", "COPY", "REPLACE", "WITH", "SELECT")
    return Action(Verb.UNSEEN, line=line, text=_short(words), readable=known, mentions=_names(words) if known else None)


def _names(words: Sequence[Word]) -> frozenset[str]:
    return frozenset(word.name for word in words if word.identifier)


def _text(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _short(words: Sequence[Word]) -> str:
    """Its first words, without any value."""
    shown: list[str] = []
    for word in words[:4]:
        if word.kind in ("string", "number") or word.upper in ("SET", "=", "VALUES", "("):
            break
        shown.append(word.text)
    return " ".join(shown) + " .."


def _only_reads(words: Sequence[Word]) -> bool:
    for word, following in zip(words, [*words[1:], Word("", "sign")], strict=True):
        if word.upper in ("INTO", "INSERT", "UPDATE", "DELETE") or (word.kind == "quoted" and following.text == "("):
            return False
        if word.kind == "word" and following.text == "(" and word.upper not in _HARMLESS:
            return False
    return True


class _Cursor:
    """Goes through the words of one statement."""

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = words
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        return self.words[self.at + ahead].upper if self.at + ahead < len(self.words) else ""

    def take(self, *expected: str) -> bool:
        """Pass over these words where they come next."""
        if all(self.peek(ahead) == word for ahead, word in enumerate(expected)):
            self.at += len(expected)
            return True
        return False

    def name(self) -> str:
        """A name with its schema; empty where none comes next."""
        parts: list[str] = []
        while self.at < len(self.words) and self.words[self.at].identifier:
            parts.append(self.words[self.at].name)
            self.at += 1
            if not self.take("."):
                break
        return ".".join(parts)

    @property
    def rest(self) -> Sequence[Word]:
        return self.words[self.at :]


def _create(words: Sequence[Word], line: int, depth: bool) -> list[Action]:
    cursor = _Cursor(words)
    cursor.at = 1
    modifiers: set[str] = set()
    while cursor.peek() in _MODIFIERS:
        modifiers.add(cursor.peek())
        cursor.at += 1
    kind = _KINDS.get(cursor.peek())
    if kind is None:
        return [Action(Verb.UNSEEN, line=line, text=_short(words))]
    cursor.at += 1
    cursor.take("CONCURRENTLY")
    conditional = cursor.take("IF", "NOT", "EXISTS") or "REPLACE" in modifiers
    if modifiers & {"TEMP", "TEMPORARY"}:
        at = next((at for at, word in enumerate(words) if word.upper == "AS"), len(words))
        return [] if not words[at:] or _only_reads(words[at:]) else [Action(Verb.UNSEEN, line=line, text=_short(words))]
    name = "" if kind == "index" and cursor.peek() == "ON" else cursor.name()
    if kind == "index":
        cursor.take("ON")
        cursor.take("ONLY")
        table = cursor.name()
        schema, dot, _ = table.rpartition(".")
        full = f"{schema}{dot}{name}" if name else ""
        mentions = _names(words)
        return [Action(Verb.MAKE, kind, full, table, "", line, depth or conditional, mentions=mentions)]
    if kind in ("trigger", "policy", "rule"):
        while cursor.peek() and not cursor.take("ON" if kind != "rule" else "TO"):
            cursor.at += 1
        return [Action(Verb.MAKE, kind, name, cursor.name(), "", line, depth or conditional)]
    if kind == "function":  # another one of that name with other arguments is another function
        arguments = [" ".join(word.text.lower() for word in part) for part in _listed(cursor.rest)]
        name = f"{name}({', '.join(arguments)})"
    composite = kind == "type" and cursor.peek() == "AS" and cursor.peek(1) == "("
    enum = "enum" if kind == "type" and (cursor.peek(), cursor.peek(1)) == ("AS", "ENUM") else ""
    made = Action(Verb.MAKE, kind, name, "", "", line, depth or conditional, relation=composite, type=enum)
    if kind != "table":
        return [made]
    columns: list[Action] = []
    for parts in _listed(cursor.rest):
        if parts and parts[0].identifier and parts[0].upper not in _CONSTRAINTS:
            columns.append(_column(parts[0].name, name, line, made.depth, parts[1:]))
        columns += constraints_in(parts, name, line, made.depth)
    copied = any(word.upper in ("AS", "SELECT") for word in _outside(cursor.rest))
    unseen = [Action(Verb.UNSEEN, line=line, text=f"CREATE TABLE {name} AS ..")] if copied else []
    return [made, *columns, *unseen]


def _listed(words: Sequence[Word]) -> list[list[Word]]:
    """What stands between the first bracket and its end, cut at its commas."""
    if not words or words[0].text != "(":
        return []
    parts: list[list[Word]] = [[]]
    open_ = 0
    for word in words:
        open_ += {"(": 1, ")": -1}.get(word.text, 0)
        if open_ == 0:
            break
        if word.text == "," and open_ == 1:
            parts.append([])
        elif not (word.text == "(" and open_ == 1):
            parts[-1].append(word)
    return parts


def _outside(words: Sequence[Word]) -> Iterator[Word]:
    """The words outside of brackets."""
    open_ = 0
    for word in words:
        open_ += {"(": 1, ")": -1}.get(word.text, 0)
        if open_ == 0:
            yield word


def _drop(words: Sequence[Word], line: int, depth: bool) -> list[Action]:
    cursor = _Cursor(words)
    cursor.at = 1
    while cursor.peek() in _MODIFIERS:
        cursor.at += 1
    kind = _KINDS.get(cursor.peek())
    if kind is None:
        return [Action(Verb.UNSEEN, line=line, text=_short(words))]
    cursor.at += 1
    cursor.take("CONCURRENTLY")
    asks = cursor.take("IF", "EXISTS")
    found: list[Action] = []
    while name := cursor.name():
        found.append(Action(Verb.REMOVE, kind, name, line=line, depth=depth, asks=asks))
        if cursor.peek() == "(":
            cursor.at += 1 + next((at for at, word in enumerate(cursor.rest) if word.text == ")"), len(cursor.rest))
        if not cursor.take(","):
            break
    return found or [Action(Verb.UNSEEN, line=line, text=_short(words), readable=False)]


def _alter(words: Sequence[Word], line: int, depth: bool) -> list[Action]:
    cursor = _Cursor(words)
    cursor.at = 1
    cursor.take("MATERIALIZED")
    cursor.take("FOREIGN")
    kind = _KINDS.get(cursor.peek())
    if kind is None:
        return [Action(Verb.UNSEEN, line=line, text=_short(words))]
    cursor.at += 1
    conditional = cursor.take("IF", "EXISTS")
    cursor.take("ONLY")
    name = cursor.name()
    cursor.take("*")
    if not name:
        return [Action(Verb.UNSEEN, line=line, text=_short(words), readable=False)]
    if cursor.peek() == "RENAME" and cursor.peek(1) == "TO" and kind != "table":
        cursor.at += 2
        return [Action(Verb.RENAME, kind, name, to=_beside(name, cursor.name()), line=line, depth=depth)]
    if kind == "type" and cursor.peek(1) == "VALUE":
        return value_actions(cursor.rest, name, line, depth)
    if kind == "sequence":
        restarts = any(word.upper in ("RESTART", "MINVALUE", "MAXVALUE") for word in cursor.rest)
        return [Action(Verb.UNSEEN, line=line, text=_short(words))] if restarts else []
    if kind != "table":
        return []
    found: list[Action] = []
    for part in _parts(cursor.rest):
        found += _altered(_Cursor(part), name, line, depth or conditional, words)
    return found


def _parts(words: Sequence[Word]) -> list[list[Word]]:
    """The actions of ALTER TABLE, cut at the commas outside of brackets."""
    parts: list[list[Word]] = [[]]
    open_ = 0
    for word in words:
        open_ += {"(": 1, ")": -1}.get(word.text, 0)
        if word.text == "," and open_ == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _beside(name: str, to: str) -> str:
    """The new name, in the schema of the old one."""
    schema, dot, _ = name.rpartition(".")
    return f"{schema}{dot}{to}" if to else ""


def _altered(cursor: _Cursor, table: str, line: int, depth: bool, words: Sequence[Word]) -> list[Action]:
    """One action of ALTER TABLE."""
    if cursor.take("RENAME", "TO"):
        return [Action(Verb.RENAME, "table", table, to=_beside(table, cursor.name()), line=line, depth=depth)]
    if cursor.take("RENAME", "CONSTRAINT"):
        old = cursor.name()
        cursor.take("TO")
        return [Action(Verb.RENAME, "constraint", old, table, cursor.name(), line, depth)]
    if cursor.take("RENAME"):
        cursor.take("COLUMN")
        old = cursor.name()
        cursor.take("TO")
        return [Action(Verb.RENAME, "column", old, table, cursor.name(), line, depth)]
    if cursor.take("SET", "SCHEMA"):
        to = f"{cursor.name()}.{table.rpartition('.')[2]}"
        return [Action(Verb.RENAME, "table", table, to=to, line=line, depth=depth)]
    if cursor.take("ADD"):
        return _added(cursor, table, line, depth)
    if cursor.take("DROP"):
        kind = "constraint" if cursor.take("CONSTRAINT") else "column"
        cursor.take("COLUMN")
        asks = cursor.take("IF", "EXISTS")
        return [Action(Verb.REMOVE, kind, cursor.name(), table, "", line, depth, asks=asks)]
    if cursor.peek() == "ALTER" and _computes(list(cursor.rest)):
        return [Action(Verb.UNSEEN, line=line, text=f"ALTER TABLE {table} .. USING ..")]
    quiet = ("ALTER", "VALIDATE", "ENABLE", "DISABLE", "OWNER", "ATTACH", "DETACH", "SET", "RESET", "CLUSTER", "NO")
    if cursor.peek() in (*quiet, "INHERIT", "REPLICA", "FORCE"):
        return []
    return [Action(Verb.UNSEEN, line=line, text=_short(words), readable=False)]


def _added(cursor: _Cursor, table: str, line: int, depth: bool) -> list[Action]:
    constraints = constraints_in(cursor.rest, table, line, depth)
    if cursor.peek() in _CONSTRAINTS:
        return constraints
    cursor.take("COLUMN")
    conditional = cursor.take("IF", "NOT", "EXISTS")
    made = _column(cursor.name(), table, line, depth or conditional, cursor.rest)
    return [made, *(() if conditional else constraints)]


def _column(name: str, table: str, line: int, depth: bool, definition: Sequence[Word]) -> Action:
    return Action(Verb.MAKE, "column", name, table, "", line, depth, type=sql_type(definition))


def _computes(words: Sequence[Word]) -> bool:
    """ALTER COLUMN .. TYPE .. USING anything but a cast of the column itself."""
    at = next((at for at, word in enumerate(words) if word.upper == "USING"), None)
    if at is None:
        return False
    return not plain_cast(" ".join(word.text for word in words[at + 1 :]))
