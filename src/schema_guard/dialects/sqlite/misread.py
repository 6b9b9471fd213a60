"""Whether rows hold what SQLAlchemy cannot read, in a column of the right type: SQLite keeps any value.

An empty text in a DATETIME, as an import of CSV leaves it, fails the SELECT. Values of the usual form are told in SQL,
and every other one is read as the application reads it. A text that is not UTF-8 fails it in any column.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reading_back import UNDECODABLE, can_be_read
from schema_guard.dialects.sqlite.usual import USUAL, may_be_no_utf8, some_of, texts_of, unusual
from schema_guard.dialects.survey import Read
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


def with_misread(expected: Schema, actual: Schema, read: Read) -> Schema:
    """The schema with the columns marked. Never raises: a table that cannot be read hinders only itself."""
    every = list(_columns(expected, actual))
    columns = [each for each in every if each.reader in USUAL]
    no_utf8 = set(_no_utf8([each for each in every if may_be_no_utf8(each.reader)], read))
    found: dict[tuple[object, str], set[bool]] = defaultdict(set)
    for start in range(0, len(columns), TOGETHER):
        some = columns[start : start + TOGETHER]
        for each, readable in _read(some, len(columns), read):
            found[each.live.name, each.column.name].add(readable)
    for name, column in no_utf8:
        found[name, column].add(False)
    of_one_form = {(each.live.name, each.column.name) for each in columns if each.reader in _WRITES_ONE_FORM}
    return (
        replace(actual, tables=tuple(_marked(each, found, of_one_form, no_utf8) for each in actual.tables))
        if found
        else actual
    )


def _read(some: Sequence[_Read], columns: int, read: Read) -> Iterator[tuple[_Read, bool]]:
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


def _no_utf8(columns: Sequence[_Read], read: Read) -> Iterator[tuple[object, str]]:
    """The columns in which the driver cannot return a text."""
    tables: dict[object, list[_Read]] = defaultdict(list)
    for each in columns:
        tables[each.live.name].append(each)
    groups = list(tables.values())
    for start in range(0, len(groups), TOGETHER):
        for one_table in _failing(groups[start : start + TOGETHER], len(columns), read):
            for (one,) in _failing([[each] for each in one_table], len(columns), read):
                yield one.live.name, one.column.name


def _failing(groups: Sequence[Sequence[_Read]], columns: int, read: Read) -> Iterator[Sequence[_Read]]:
    """Those whose texts cannot be returned; all are read in one query, or each by itself where that fails."""
    try:
        read(texts_of([_texts(each) for each in groups], columns))
    except GuardError as error:
        if len(groups) > 1:
            for each in groups:
                yield from _failing([each], columns, read)
        elif UNDECODABLE in error.message:
            yield groups[0]


def _texts(some: Sequence[_Read]) -> tuple[str, list[str]]:
    return quote(some[0].live.name), [quote(each.column.name) for each in some]


def _columns(expected: Schema, actual: Schema) -> Iterator[_Read]:
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and live.relation is Relation.TABLE and live.facts.unread is None:
            yield from (_Read(column, live) for column in table.columns if live.column(column.name) is not None)


def _query(position: int, each: _Read, columns: int) -> str:
    other = some_of(unusual(quote(each.column.name), quote(each.live.name), each.reader, columns))
    return f"SELECT {position}, value FROM ({other})"


def _marked(
    table: Table,
    found: Mapping[tuple[object, str], Collection[bool]],
    of_one_form: Collection[tuple[object, str]],
    no_utf8: Collection[tuple[object, str]],
) -> Table:
    """`found` says of a column's values of another form whether they can be read."""

    def marked(column: Column) -> Column:
        key = table.name, column.name
        read = found.get(key, ())
        if not read:
            return column
        other = True in read and key in of_one_form
        return replace(column, misread=False in read, no_utf8=key in no_utf8, other_form=other)

    return replace(table, columns=tuple(map(marked, table.columns)))
