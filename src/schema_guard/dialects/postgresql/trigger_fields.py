"""Columns that the function of a trigger names of NEW or OLD, and that its table has not: by the function's text.

A text proves nothing: what is found is a doubt. It is silent where the text does not get to such a name, and where NEW
and OLD may be something else there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from schema_guard.dialects.postgresql.code_conditions import Known
from schema_guard.dialects.postgresql.code_text import declarations, reached
from schema_guard.dialects.postgresql.code_words import Statement, Word, constant, parted_by_commas, words
from schema_guard.dialects.postgresql.keywords import RESERVED
from schema_guard.dialects.postgresql.static_names import relations

__all__ = ["Fired", "Lacking", "known_of", "lacking"]

_SYSTEM = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
_ROWS = frozenset({"new", "old"})
_BEFORE_VALUES = frozenset(name.upper() for name in RESERVED) - {"AS"} | {"RETURN", "PERFORM", "IF", "WHILE", "NEXT"}
"""Behind any other word NEW is an alias."""
_NOT_CONSTANT = "?"
"""In place of what is not known of a text that EXECUTE runs."""


class Fired(NamedTuple):
    """When a trigger fires, and what its function is told."""

    name: str
    timing: str
    """BEFORE, AFTER or INSTEAD OF."""
    of_rows: bool
    """FOR EACH ROW."""
    arguments: tuple[str, ...]
    table: str
    """Empty where the function is told the names of partitions."""
    schema: str


class Lacking(NamedTuple):
    """What may fail for a column that is not there."""

    column: str
    verbs: tuple[str, ...]


def lacking(text: str, fired: Fired, verbs: Sequence[str], columns: Collection[str]) -> Lacking | None:
    """Of several the first, with the verbs that may fail; None where nothing that is lacking is reached.

    Args:
        text: the function's body, in plpgsql.
        fired: the trigger.
        verbs: INSERT, UPDATE or DELETE, as far as it fires for them.
        columns: those of the table.

    Raises:
        RecursionError: the text is nested too deep.
    """
    there = _SYSTEM.union(columns)
    found = [(verb, field) for verb in verbs for field in _of_verb(text, fired, verb) if field not in there]
    return Lacking(found[0][1], tuple(dict.fromkeys(verb for verb, _ in found))) if found else None


def _of_verb(text: str, fired: Fired, verb: str) -> Iterator[str]:
    statements = reached(text, known_of(fired, verb))
    rows = _rows(declarations(text), statements, fired.table)
    for statement in statements:
        yield from _fields(statement, rows)


def known_of(fired: Fired, verb: str) -> Known:
    """What the server gives the function."""
    told = {
        "TG_OP": verb,
        "TG_NAME": fired.name,
        "TG_WHEN": fired.timing,
        "TG_LEVEL": "ROW" if fired.of_rows else "STATEMENT",
        "TG_NARGS": str(len(fired.arguments)),
        "PG_TRIGGER_DEPTH()": "1",
        **{f"TG_ARGV[{number}]": each for number, each in enumerate(fired.arguments)},
    }
    if fired.table:
        told |= {"TG_TABLE_NAME": fired.table, "TG_RELNAME": fired.table, "TG_TABLE_SCHEMA": fired.schema}
    return told


def _rows(declared: Sequence[Statement], statements: Sequence[Statement], table: str) -> frozenset[str]:
    """NEW and OLD, where they are what the server gives, their aliases, and records that are set to one of them."""
    own = {each[0].name for each in declared}
    first = _ROWS - own - {name for each in statements for name, value in _set(each) if value not in _ROWS}
    aliases = {
        each[0].name for each in declared if len(each) == 4 and each[1].upper == "ALIAS" and each[3].name in first
    }
    rows = first | aliases
    values: dict[str, set[str]] = {}
    for each in declared:
        of_row = len(each) > 1 and (each[1].upper == "RECORD" or (table and table in [word.name for word in each[1:]]))
        is_set = any(word.upper in (":=", "=", "DEFAULT") for word in each)
        if each[0].name not in aliases and (not of_row or is_set):
            values.setdefault(each[0].name, set()).add(each[-1].name if of_row and len(each) == 4 else "")
    for each in statements:
        for name, value in _set(each):
            values.setdefault(name, set()).add(value)
    copies = {name for name, those in values.items() if name in own and those <= rows}
    return rows.difference(name for name in aliases if name in values) | copies


def _set(statement: Statement) -> Iterator[tuple[str, str]]:
    """Variables that it gives another row, and the variable that they are set to; empty of anything else."""
    if len(statement) > 2 and statement[1].text in (":=", "="):
        yield statement[0].name, statement[2].name if len(statement) == 3 else ""
    if statement and statement[0].upper in ("FOR", "FOREACH") and len(statement) > 1:
        yield statement[1].name, ""
    for at, word in enumerate(statement):
        if word.upper == "INTO" and (not at or statement[at - 1].upper not in ("INSERT", "MERGE")):
            strict = at + 1 < len(statement) and statement[at + 1].upper == "STRICT"
            target = statement[at + 1 + strict : at + 3 + strict]
            if target and [each.text for each in target[1:]] != ["."]:
                yield target[0].name, ""


def _fields(statement: Statement, rows: Collection[str]) -> Iterator[str]:
    relation = frozenset(_relations(statement))
    named = {word.name for at, word in enumerate(statement) if _is_alias(statement, at, relation)}
    uppers = [word.upper for word in statement]
    returning = uppers.index("RETURNING") if "RETURNING" in uppers else len(statement)  # OLD and NEW of the statement
    for at, word in enumerate(statement[:returning]):
        if word.kind not in ("word", "quoted") or word.name not in rows or word.name in named or at in relation:
            continue
        before = statement[at - 1].upper if at else ""
        if before in (".", "::", "AS"):
            continue
        rest = statement[at + 1 :]
        if before == "(" and rest and rest[0].text == ")":  # (NEW).x, which may be a column where a table is read
            rest = () if relation and "FROM" in uppers else rest[1:]
        if len(rest) > 1 and rest[0].text == "." and rest[1].kind in ("word", "quoted"):
            called = len(rest) > 2 and rest[2].text == "("
            if not called:
                yield rest[1].name
    yield from _of_parameters(statement, rows)


def _relations(statement: Statement) -> Iterator[int]:
    """Where tables' names begin, those behind the USING of DELETE and MERGE included."""
    yield from relations(statement)
    if statement and statement[0].upper in ("DELETE", "MERGE", "WITH"):
        yield from (at + 1 for at, word in enumerate(statement) if word.upper == "USING")


def _is_alias(statement: Statement, at: int, relation: Collection[int]) -> bool:
    """Whether NEW or OLD is the name of a table, a subquery or a column of the statement here."""
    word = statement[at]
    following = statement[at + 1].text if at + 1 < len(statement) else ""
    if not at or word.name not in _ROWS or following == ".":
        return False
    before = statement[at - 1]
    of_word = before.kind in ("word", "quoted") and before.upper not in _BEFORE_VALUES
    return at in relation or of_word or before.text == ")"


def _of_parameters(found: Statement, rows: Collection[str]) -> Iterator[str]:
    """EXECUTE '.. $1.x' USING NEW."""
    if not found or found[0].upper != "EXECUTE":
        return
    using = next((at for at, word in enumerate(found) if word.upper == "USING"), None)
    if using is None:
        return
    given = _arguments(found[using + 1 :])
    run = words(_text(found[1:using]))
    for at, (sign, number) in enumerate(pairwise(run)):
        if sign.text != "$" or not number.text.isdigit():
            continue
        rest = [*run[at + 2 : at + 6], *words("; ; ;")]
        rest = rest[1:] if rest[0].text == ")" else rest
        row = given[int(number.text) - 1] if 0 < int(number.text) <= len(given) else ""
        is_field = rest[0].text == "." and rest[1].kind in ("word", "quoted")
        if row in rows and is_field and rest[2].text not in (".", "(", _NOT_CONSTANT):
            yield rest[1].name


def _text(found: Sequence[Word]) -> str:
    """Of constants that || joins."""
    parts = [constant(word) if word.kind == "string" else "" if word.text == "|" else None for word in found]
    return "".join(_NOT_CONSTANT if part is None else part for part in parts)


def _arguments(found: Sequence[Word]) -> list[str]:
    """The names of those that are one word; of others an empty text."""
    return [part[0].name if len(part) == 1 else "" for part in parted_by_commas(found)]
