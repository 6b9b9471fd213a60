"""What the server would reject of the definitions that are missing, asked before anything is tried.

An extension that nobody created is the usual reason. The server parses the expressions, against columns of their
types, as when it compares; nothing runs, no table is touched. Operator classes and access methods are looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy.exc import DBAPIError

from schema_guard.dialects.definitions import Noun, definitions_of, expressions_of
from schema_guard.dialects.postgresql.answers import explained, rows_of_nulls
from schema_guard.dialects.postgresql.catalog import query
from schema_guard.dialects.postgresql.failures import diagnose, is_disconnect
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    Difference,
)
from schema_guard.plan import Definition, Rejection
from schema_guard.schema import Column, Index, Name, Schema, Table

__all__ = ["rejections"]

UNDEFINED_FUNCTION = "42883"
"""A function or an operator (manual, appendix A). What else is undefined may be made by the plan itself."""

_CALLED = re.compile(r'([\w$]+|"(?:[^"]|"")+")\(')
"""The function's name in the message, in whichever language it is."""

Quote = Callable[[Name | str], str]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A definition of the models that the database lacks.

    `shapes` are the columns that it may meet: as they are, and as the models expect them.
    """

    definition: Definition
    expressions: tuple[str, ...]
    shapes: tuple[tuple[Column, ...], ...]

    @property
    def table(self) -> Name | None:
        """Whose columns it refers to; a default refers to none."""
        return self.definition[0] if any(self.shapes) else None


def rejections(
    link: Link, differences: Iterable[Difference], actual: Schema, path: Collection[str], quote: Quote, timeout: float
) -> dict[Definition, Rejection]:
    """What the server knows no function, operator, operator class or access method for.

    Args:
        link: a connection under the application's own search_path.
        differences: what compare found.
        actual: the live schema.
        path: the schemas of the search_path.
        quote: the dialect's quoting.
        timeout: seconds for each statement.

    Raises what the link raises.
    """
    asked = [_asked(table, noun, actual.table(table.name)) for table, noun in definitions_of(differences)]
    with link.reading(timeout):
        found = _rejected(link, [one for one in asked if one.expressions], quote)
    indexes = {one.definition: one.definition[1] for one in asked if isinstance(one.definition[1], Index)}
    special = {definition: index for definition, index in indexes.items() if _classes(index) or index.method != "btree"}
    if not found and not special:
        return {}
    functions = sorted({rejection.name for rejection in found.values()})
    classes = sorted({name for index in special.values() for name in _classes(index)})
    with link.reading(timeout, bare_path=True):
        known = link.rows(query("whereabouts", functions=functions, classes=classes))
    for definition, index in special.items():
        rejection = _unknown_to(index, known, path)
        if rejection is not None:
            found.setdefault(definition, rejection)
    return {definition: _located(rejection, known, path) for definition, rejection in found.items()}


def _asked(table: Table, noun: Noun, live: Table | None) -> _Asked:
    texts = expressions_of(noun)
    wanted = tuple(column for column in table.columns if any(mentions(text, column.name) for text in texts))
    if isinstance(noun, Column) and noun.generated is None:
        wanted = ()
    there = tuple((live.column(column.name) if live is not None else None) or column for column in wanted)
    return _Asked((table.name, noun), texts, tuple(dict.fromkeys((there, wanted))))


def _rejected(link: Link, asked: Iterable[_Asked], quote: Quote) -> dict[Definition, Rejection]:
    """All of a table in one statement; when the server rejects it, each alone."""
    found: dict[Definition, Rejection] = {}
    for _, group in groupby(sorted(asked, key=lambda one: str(one.table or "")), key=lambda one: one.table):
        together = list(group)
        if len(together) > 1 and _said(link, together, 0, quote) is None:
            continue
        for one in together:
            # A column that gets another type may make it right.
            said = [_said(link, [one], number, quote) for number in range(len(one.shapes))]
            if all(said):
                found[one.definition] = _rejection(str(said[0]))
    return found


def _rejection(said: str) -> Rejection:
    called = _CALLED.search(said)
    if called is None:
        return Rejection(said, "operator", "")
    word = called[1]
    return Rejection(said, "function", word[1:-1].replace('""', '"') if word.startswith('"') else word)


def _said(link: Link, asked: Sequence[_Asked], shape: int, quote: Quote) -> str | None:
    """What the server has against them: None where it takes them, empty where it is nothing of this kind."""
    columns = dict.fromkeys(column for one in asked for column in one.shapes[shape])
    source = rows_of_nulls(asked[0].definition[0], tuple(columns), quote)
    try:
        explained(link, [f"({text}\n)" for one in asked for text in one.expressions], source)
    except DBAPIError as error:
        if is_disconnect(error):
            raise
        diagnosis = diagnose(error)
        return diagnosis.message if diagnosis.sqlstate == UNDEFINED_FUNCTION else ""
    return None


def _classes(index: Index) -> list[str]:
    return [element.operator_class for element in index.elements if element.operator_class]


def _unknown_to(index: Index, known: Sequence[Row], path: Collection[str]) -> Rejection | None:
    if not any((kind, name) == ("access method", index.method) for kind, name, _, _ in known):
        return Rejection(f'access method "{index.method}" does not exist', "access method", index.method)
    for wanted in _classes(index):
        found = [schema for _, name, schema, method in known if (name, method) == (wanted, index.method)]
        qualified = re.search(rf'\."?{re.escape(wanted)}', index.ddl)
        if not found or not (qualified or {"pg_catalog", *path} & {*found}):
            said = f'operator class "{wanted}" does not exist for access method "{index.method}"'
            return Rejection(said, "operator class", wanted)
    return None


def _located(rejection: Rejection, known: Sequence[Row], path: Collection[str]) -> Rejection:
    """With the schemas where one of the name is, unless the search_path leads to one: then it takes other arguments."""
    found = {str(schema) for kind, name, schema, _ in known if (kind, name) == (rejection.kind, rejection.name)}
    if not found or {"pg_catalog", *path} & found:
        return rejection
    return replace(rejection, schemas=tuple(sorted(found)))
