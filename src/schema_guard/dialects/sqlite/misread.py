"""Whether rows hold what SQLAlchemy cannot read, in a column of the right type: SQLite keeps any value.

An empty text in a DATETIME, as an import of CSV leaves it, fails the SELECT. Values of the usual form are told in SQL,
and every other one is read as the application reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reading_back import UNDECODABLE, can_be_read
from schema_guard.dialects.sqlite.usual import USUAL, rows_of_each, some_of, unusual
from schema_guard.errors import GuardError
from schema_guard.schema import Column, Relation, Schema, Table

__all__ = ["with_misread"]

TOGETHER = 200
"""Columns for each query: SQLite takes 500 SELECTs (SQLITE_MAX_COMPOUND_SELECT)."""

_WRITES_ONE_FORM = frozenset({"Boolean", "Uuid"})
"""What reads other forms as well, and compares with the one that it writes: 'false' is read as True, and found by no
query. (A DateTime is stored in two forms wherever CURRENT_TIMESTAMP is its default.)"""


class _Read(NamedTuple):
    """A column of the models that is read, and the table that is there."""

    column: Column
    live: Table

    @property
    def reader(self) -> str:
        return getattr(self.column.reads, "type", "")


def with_misread(expected: Schema, actual: Schema, read: Callable[[str], Sequence[tuple[object, ...]]]) -> Schema:
    """The schema with the columns marked. Never raises: a table that cannot be read hinders only itself."""
    columns = list(_columns(expected, actual))
    found: dict[tuple[object, str], set[bool]] = defaultdict(set)
    for start in range(0, len(columns), TOGETHER):
        some = columns[start : start + TOGETHER]
        for each, readable in _read(some, len(columns), read):
            found[each.live.name, each.column.name].add(readable)
    of_one_form = {(each.live.name, each.column.name) for each in columns if each.reader in _WRITES_ONE_FORM}
    return (
        replace(actual, tables=tuple(_marked(each, found, of_one_form) for each in actual.tables)) if found else actual
    )


def _read(
    some: Sequence[_Read], columns: int, read: Callable[[str], Sequence[tuple[object, ...]]]
) -> Iterator[tuple[_Read, bool]]:
    """What can be read of some columns, all in one query, or each by itself where one of them fails."""
    try:
        rows = read(" UNION ALL ".join(_query(*item, columns) for item in enumerate(some)))
    except GuardError as error:
        if len(some) > 1:
            for each in some:
                yield from _read([each], columns, read)
        elif UNDECODABLE in error.message:  # so does the application's SELECT
            yield some[0], False
        return
    for at, value in rows:
        each = some[int(str(at))]
        yield each, can_be_read(each.column, value)


def _columns(expected: Schema, actual: Schema) -> Iterator[_Read]:
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and live.relation is Relation.TABLE and live.facts.unread is None:
            there = (_Read(column, live) for column in table.columns if live.column(column.name) is not None)
            yield from (each for each in there if each.reader in USUAL)


def _query(position: int, each: _Read, columns: int) -> str:
    other = some_of(unusual(quote(each.column.name), quote(each.live.name), each.reader, rows_of_each(columns)))
    return f"SELECT {position}, value FROM ({other})"


def _marked(
    table: Table, found: Mapping[tuple[object, str], Collection[bool]], of_one_form: Collection[tuple[object, str]]
) -> Table:
    """`found` says of a column's values of another form whether they can be read."""

    def marked(column: Column) -> Column:
        key = table.name, column.name
        read = found.get(key, ())
        return (
            replace(column, misread=False in read, other_form=True in read and key in of_one_form) if read else column
        )

    return replace(table, columns=tuple(map(marked, table.columns)))
