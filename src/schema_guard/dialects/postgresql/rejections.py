"""What the server would reject of the definitions that are missing, asked before anything is tried.

An extension that nobody created is the usual reason. The server parses the expressions, against columns of their
types, as when it compares; nothing runs, no table is touched. Operator classes and access methods are looked up.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from schema_guard.dialects.definitions import columns_of, definitions_of, expressions_of
from schema_guard.dialects.postgresql.default_classes import without_default_class
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.explained import explained, rows_of_nulls
from schema_guard.dialects.postgresql.failures import UNDEFINED_FUNCTION, diagnose, is_disconnect
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.violators import mentions
from schema_guard.difference import Difference
from schema_guard.plan import Definition, Noun, Rejection
from schema_guard.schema import Column, Index, Name, Schema, Table, TypeKind

__all__ = ["rejections"]

MOST_TOGETHER = 400
"""Definitions for each EXPLAIN; see `answers`."""

_CALLED = re.compile(r'([\w$]+|"(?:[^"]|"")+")\(')
"""The function's name in the message, in whichever language it is."""

Quote = Callable[[Name | str], str]

Items = tuple[str, ...]
"""A definition's expressions for a SELECT list, with the columns that it may meet: as they are and, where these differ,
as the models expect them."""


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
    defined = [(table, noun) for table, noun in definitions_of(differences)]
    asked = {(table.name, noun): _items(table, noun, actual, quote) for table, noun in defined}
    found = _rejected(link, {definition: items for definition, items in asked.items() if items}, timeout)
    indexes = [(table, noun) for table, noun in defined if isinstance(noun, Index)]
    special = {(table.name, index): index for table, index in indexes if _classes(index) or index.method != "btree"}
    found = {**without_default_class(link, indexes, actual, quote, timeout), **found}
    if not found and not special:
        return {}
    functions = sorted({rejection.name for rejection in found.values()})
    classes = sorted({name for index in special.values() for name in _classes(index)})
    with link.reading(timeout, bare_path=True):
        known = link.rows(query("whereabouts", functions=functions, classes=classes))
    for definition, index in special.items():
        rejection = _unknown_to(index, known, path)
        if rejection is not None:
            found[definition] = rejection
    return {definition: _located(rejection, known, path) for definition, rejection in found.items()}


def _items(table: Table, noun: Noun, actual: Schema, quote: Quote) -> Items:
    """None where there is nothing to ask, a column is of a type that the server does not know yet, or a text may mean
    the table's row by its name: that is of a type which rows of NULLs are not."""
    texts = expressions_of(noun)
    there = [column for column in columns_of(table, actual) if any(mentions(text, column.name) for text in texts)]
    if isinstance(noun, Column) and noun.generated is None:
        there = []  # a default refers to none
    wanted = [table.column(column.name) or column for column in there]
    of_unknown_type = any(column.type.kind is TypeKind.UNKNOWN for column in there)
    if not texts or of_unknown_type or any(mentions(text, table.name.name) for text in texts):
        return ()
    row = ", ".join(f"({text}\n)" for text in texts)
    sources = dict.fromkeys(rows_of_nulls(table.name, columns, quote) for columns in (there, wanted))
    return tuple(f"(SELECT ROW({row}) IS NULL{source})" for source in sources)


def _rejected(link: Link, asked: Mapping[Definition, Items], timeout: float) -> dict[Definition, Rejection]:
    """Each expression once: many tables may have the same default."""
    alike: dict[Items, list[Definition]] = defaultdict(list)
    for definition, items in asked.items():
        alike[items].append(definition)
    if not alike:
        return {}
    with link.reading(timeout):
        found = dict(_halved(link, [*alike]))
    return {definition: rejection for items, rejection in found.items() for definition in alike[items]}


def _halved(link: Link, asked: Sequence[Items]) -> Iterator[tuple[Items, Rejection]]:
    """All in one statement; when the server rejects it, each half alone."""
    if len(asked) == 1:
        # A column that gets another type may make it right.
        said = [_said(link, [item]) for item in asked[0]]
        if all(said):
            yield asked[0], _rejection(str(said[0]))
    elif len(asked) > MOST_TOGETHER or _said(link, [items[0] for items in asked]) is not None:
        middle = len(asked) // 2
        yield from _halved(link, asked[:middle])
        yield from _halved(link, asked[middle:])


def _rejection(said: str) -> Rejection:
    called = _CALLED.search(said)
    if called is None:
        return Rejection(said, "operator", "")
    word = called[1]
    return Rejection(said, "function", word[1:-1].replace('""', '"') if word.startswith('"') else word)


def _said(link: Link, items: Sequence[str]) -> str | None:
    """What the server has against them: None where it takes them, empty where it is nothing of this kind."""
    try:
        explained(link, items, "")
    except DriverError as error:
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
        qualified = re.search(rf'\."?{re.escape(wanted)}', index.definition)
        if not found or not (qualified or {"pg_catalog", *path} & {*found}):
            said = f'operator class "{wanted}" does not exist for access method "{index.method}"'
            return Rejection(said, "operator class", wanted)
    return None


def _located(rejection: Rejection, known: Sequence[Row], path: Collection[str]) -> Rejection:
    """With the schemas where one of the name is, unless the search_path leads to one: then it takes other arguments."""
    found = {str(schema) for kind, name, schema, _ in known if (kind, name) == (rejection.kind, rejection.name)}
    if rejection.advice or not found or {"pg_catalog", *path} & found:
        return rejection
    return replace(rejection, schemas=tuple(sorted(found)))
