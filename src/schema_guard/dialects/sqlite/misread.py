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
from schema_guard.dialects.sqlite.reading_back import NO_LABEL, UNDECODABLE, can_be_read
from schema_guard.dialects.sqlite.usual import (
    USUAL,
    Texts,
    filled,
    groups_of,
    may_be_no_utf8,
    some_of,
    texts_of,
    unusual,
)
from schema_guard.dialects.survey import Read
from schema_guard.errors import ReadError
from schema_guard.schema import Column, Relation, Schema, Table

__all__ = ["with_misread"]

TOGETHER = 200
"""Columns for each query: SQLite takes 500 SELECTs (SQLITE_MAX_COMPOUND_SELECT)."""

_WRITES_ONE_FORM = frozenset({"Boolean", "Uuid"})
"""What reads other forms as well, and compares with the one that it writes: 'false' is read as True, and found by no
query. (A DateTime is stored in two forms wherever CURRENT_TIMESTAMP is its default.)"""


_Key = tuple[object, str]
"""The name of a table, and of one of its columns."""


class _Read(NamedTuple):
    """A column of the models that is read, and the table that is there."""

    column: Column
    live: Table

    @property
    def reader(self) -> str:
        return getattr(self.column.reads, "type", "")


def with_misread(expected: Schema, actual: Schema, read: Read, *, by_url: bool) -> Schema:
    """The schema with the columns marked.

    A column that cannot be read hinders only itself, and is marked: the survey then reads its rows, or says why not.

    Args:
        expected: what the models say.
        actual: what is there.
        read: runs a SELECT.
        by_url: the connection has not the `text_factory` that the application may set on its own.

    Raises:
        UnreachableError, LockTimeoutError: nothing can be read at all.
    """
    every = list(_columns(expected, actual))
    there = _with_rows(every, read)
    columns = [each for each in every if each.reader in USUAL]
    looked_at = [each for each in columns if each.live.name in there]
    unread = dict(_unread_texts([each for each in every if may_be_no_utf8(each.reader)], there, read))
    no_utf8 = {key for key, undecodable in unread.items() if undecodable}
    found: dict[_Key, set[bool]] = defaultdict(set)
    for start in range(0, len(looked_at), TOGETHER):
        some = looked_at[start : start + TOGETHER]
        for each, readable in _read(some, len(columns), read):
            found[each.live.name, each.column.name].add(readable)
    perhaps = {key for key in no_utf8 if False not in found.get(key, ())} | set(_undecoded_labels(every))
    for key in unread:
        found[key].add(False)
    of_one_form = {(each.live.name, each.column.name) for each in columns if each.reader in _WRITES_ONE_FORM}
    if not found and not perhaps:
        return actual
    seen = _Seen(found, of_one_form, no_utf8, perhaps if by_url else frozenset())
    return replace(actual, tables=tuple(_marked(each, seen) for each in actual.tables))


def _with_rows(columns: Sequence[_Read], read: Read) -> Collection[object]:
    """The names of the tables that hold a row, or may. The others still count where bounds are shared."""
    names = {each.live.name: quote(each.live.name) for each in columns}
    try:
        full = filled(names.values(), read)
    except ReadError:  # one of them cannot be read, and hinders only itself
        return names
    return {name for name, quoted in names.items() if quoted in full}


def _read(some: Sequence[_Read], columns: int, read: Read) -> Iterator[tuple[_Read, bool]]:
    """What can be read of some columns, all in one query, or each by itself where one of them fails."""
    try:
        rows = read(" UNION ALL ".join(_query(*item, columns) for item in enumerate(some)))
    except ReadError:
        if len(some) > 1:
            for each in some:
                yield from _read([each], columns, read)
        else:  # a text that is not UTF-8 fails the application's SELECT too; of the rest the survey says more
            yield some[0], False
        return
    for at, value in rows:
        each = some[int(str(at))]
        yield each, can_be_read(each.column, value)


_Group = tuple[Sequence[_Read], Sequence[_Read]]
"""Columns of a table that are read, and those whose size bounds its rows."""


def _unread_texts(columns: Sequence[_Read], there: Collection[object], read: Read) -> Iterator[tuple[_Key, bool]]:
    """The columns whose texts cannot be read, and whether the driver cannot return one of them. `there`: the tables
    that hold a row."""
    tables: dict[object, list[_Read]] = defaultdict(list)
    for each in columns:
        tables[each.live.name].append(each)
    groups = [(some, some) for name, every in tables.items() if name in there for some in groups_of(every)]
    for start in range(0, len(groups), TOGETHER):
        for (some, _), _ in _failing(groups[start : start + TOGETHER], len(columns), read):
            # The same rows again: a column by itself would have another share of the bytes.
            for ((one,), _), undecodable in _failing([([each], some) for each in some], len(columns), read):
                yield (one.live.name, one.column.name), undecodable


def _failing(groups: Sequence[_Group], columns: int, read: Read) -> Iterator[tuple[_Group, bool]]:
    """Those whose texts cannot be returned; all are read in one query, or each by itself where that fails."""
    try:
        read(texts_of([_texts(*each) for each in groups], columns))
    except ReadError as error:
        if len(groups) > 1:
            for each in groups:
                yield from _failing([each], columns, read)
        else:
            yield groups[0], UNDECODABLE in error.message


def _texts(some: Sequence[_Read], beside: Sequence[_Read]) -> Texts:
    names, by = ([quote(each.column.name) for each in columns] for columns in (some, beside))
    return Texts(quote(some[0].live.name), names, by)


def _columns(expected: Schema, actual: Schema) -> Iterator[_Read]:
    instead = dict(actual.temporary)  # which a name without schema means
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and live.relation is Relation.TABLE and live.facts.unread is None:
            there = [column for column in table.columns if live.column(column.name) is not None]
            held = instead.get(live.name)
            yield from (_Read(column, live) for column in there if held is None or column.name in held)


def _query(position: int, each: _Read, columns: int) -> str:
    other = some_of(unusual(quote(each.column.name), quote(each.live.name), each.reader, columns), columns)
    return f"SELECT {position}, value FROM ({other})"


def _undecoded_labels(columns: Sequence[_Read]) -> Iterator[_Key]:
    """The columns of an Enum whose bytes may be one of its labels to who decodes them: in other encodings ASCII is
    the same."""
    for each in columns:
        live = each.live.column(each.column.name)
        if live is not None and NO_LABEL in live.others and not all(map(str.isascii, each.column.labels)):
            yield each.live.name, each.column.name


class _Seen(NamedTuple):
    """Columns by what was seen in them."""

    found: Mapping[_Key, Collection[bool]]
    """Whether values of another form can be read."""
    of_one_form: Collection[_Key]
    no_utf8: Collection[_Key]
    perhaps_decoded: Collection[_Key]


def _marked(table: Table, seen: _Seen) -> Table:
    def marked(column: Column) -> Column:
        key = table.name, column.name
        read = seen.found.get(key, ())
        if not read and key not in seen.perhaps_decoded:
            return column
        return replace(
            column,
            misread=False in read,
            no_utf8=key in seen.no_utf8,
            perhaps_decoded=key in seen.perhaps_decoded,
            other_form=True in read and key in seen.of_one_form,
        )

    return replace(table, columns=tuple(map(marked, table.columns)))
