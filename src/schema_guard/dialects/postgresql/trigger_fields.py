"""Columns that the function of a trigger names of NEW or OLD, and that its table has not: by the function's text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from schema_guard.dialects.postgresql.code_text import Known, Reached, Word, reached, words

__all__ = ["Fired", "Lacking", "known_of", "lacking"]

_SYSTEM = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})
_OF_PARAMETER = re.compile(r"\$(\d+)\s*\)?\s*\.\s*(\"(?:[^\"]|\"\")+\"|[^\W\d][\w$]*)(?!\s*[\w$(.])")
"""A field of a parameter, in SQL that EXECUTE runs."""


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
    """What fails for a column that is not there."""

    column: str
    verbs: tuple[str, ...]
    surely: bool


def lacking(text: str, fired: Fired, verbs: Sequence[str], columns: Collection[str]) -> Lacking | None:
    """Of several the first, and of the verbs those that surely fail; None where nothing that is lacking is reached.

    Args:
        text: the function's body, in plpgsql.
        fired: the trigger.
        verbs: INSERT, UPDATE or DELETE, as far as it fires for them.
        columns: those of the table.
    """
    found = {verb: list(_of_verb(text, fired, verb, columns)) for verb in verbs}
    for surely in (True, False):
        those = [(verb, each) for verb in verbs for each, is_sure in found[verb] if is_sure or not surely]
        if those:
            return Lacking(those[0][1], tuple(dict.fromkeys(verb for verb, _ in those)), surely)
    return None


def _of_verb(text: str, fired: Fired, verb: str, columns: Collection[str]) -> Iterator[tuple[str, bool]]:
    told = known_of(fired, verb)
    there = _SYSTEM.union(columns)
    every = words(text)
    changed = any(_is_set(every, at) for at in range(len(every)))
    rows = _copies(every)
    for statement in reached(text, told):
        for variable, field in _fields(statement, rows):
            if field not in there:
                yield field, statement.surely and not changed and variable in ("new", "old")


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


def _is_set(every: Sequence[Word], at: int) -> bool:
    """Whether NEW or OLD gets another row here, or is the name of something else."""
    if every[at].name not in ("new", "old"):
        return False
    before = every[at - 1].upper if at else ""
    after = every[at + 1].text if at + 1 < len(every) else ""
    return after == ":=" or (after != "." and before in ("INTO", "AS", "STRICT", "FROM", "JOIN", "FOR"))


def _copies(every: Sequence[Word]) -> frozenset[str]:
    """NEW, OLD, and variables that are set to one of them."""
    found = {"new", "old"}
    for name, sign, value, end in zip(every, every[1:], every[2:], every[3:], strict=False):
        if name.kind in ("word", "quoted") and sign.text in (":=", "=") and value.upper in ("NEW", "OLD"):
            found |= {name.name} if end.text == ";" else set()
    return frozenset(found)


def _fields(statement: Reached, rows: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each with the variable before it."""
    found = statement.words
    for at, word in enumerate(found):
        if word.kind not in ("word", "quoted") or word.name not in rows or (at and found[at - 1].text == "."):
            continue
        rest = found[at + 1 :]
        if at and found[at - 1].text == "(" and rest and rest[0].text == ")":  # (NEW).x
            rest = rest[1:]
        if len(rest) > 1 and rest[0].text == "." and rest[1].kind in ("word", "quoted"):
            called = len(rest) > 2 and rest[2].text == "("
            if not called:
                yield word.name, rest[1].name
    yield from _of_parameters(found)


def _of_parameters(found: Sequence[Word]) -> Iterator[tuple[str, str]]:
    """EXECUTE '.. $1.x' USING NEW."""
    if not found or found[0].upper != "EXECUTE":
        return
    using = next((at for at, word in enumerate(found) if word.upper == "USING"), None)
    if using is None:
        return
    given = _arguments(found[using + 1 :])
    alone = using == 2
    for word in found[:using]:
        for number, field in _OF_PARAMETER.findall(word.text) if word.kind == "string" else ():
            row = given[int(number) - 1] if 0 < int(number) <= len(given) else ""
            if row in ("new", "old"):
                name = field[1:-1].replace('""', '"') if field.startswith('"') else field.lower()
                yield row if alone else "", name


def _arguments(found: Sequence[Word]) -> list[str]:
    """The names of those that are one word; of others an empty text."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in found:
        depth += (word.text in "([") - (word.text in ")]")
        if word.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [part[0].name if len(part) == 1 else "" for part in parts]
