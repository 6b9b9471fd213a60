"""Defaults that give what SQLAlchemy cannot read: `DATE DEFAULT CURRENT_TIMESTAMP` gives a time of the day with it.

An INSERT that leaves such a column out fails as its row is read back, and so does each SELECT of the row.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, lru_cache

from schema_guard.dialects.sqlite.canonical import affinity
from schema_guard.dialects.sqlite.reading_back import can_be_read
from schema_guard.errors import GuardError
from schema_guard.schema import Column, Relation, Schema, Table, Write

__all__ = ["unreadable_default", "with_unreadable_defaults"]

_PLAIN = {
    "Boolean": re.compile(r"\(?[01]\)?"),
    "DateTime": re.compile(r"\(?CURRENT_TIMESTAMP\)?", re.IGNORECASE),
    "Float": re.compile(r"[\d.]+"),
    "Numeric": re.compile(r"[\d.]+"),
}
"""Defaults that need not be computed, by what reads their values."""


def with_unreadable_defaults(
    expected: Schema, actual: Schema, read: Callable[[str], Sequence[tuple[object, ...]]]
) -> Schema:
    """The schema with the columns marked whose default is used, and gives such a value."""
    found = set(_found(expected, actual, read))
    if not found:
        return actual

    def marked(table: Table) -> Table:
        columns = (
            replace(column, default_misread=True) if (table.name, column.name) in found else column
            for column in table.columns
        )
        return replace(table, columns=tuple(columns))

    return replace(actual, tables=tuple(map(marked, actual.tables)))


def _found(
    expected: Schema, actual: Schema, read: Callable[[str], Sequence[tuple[object, ...]]]
) -> Iterator[tuple[object, str]]:
    read = cache(read)  # many columns have the same default
    for table in expected.tables:
        live = actual.table(table.name)
        if live is None or live.relation is not Relation.TABLE or live.facts.unread is not None:
            continue
        for column in table.columns:
            there = live.column(column.name)
            if there is not None and unreadable_default(column, there, read):
                yield live.name, there.name


def unreadable_default(column: Column, holder: Column, read: Callable[[str], Sequence[tuple[object, ...]]]) -> str:
    """The value that the default gives, where the models leave the column to it and cannot read that; else empty.

    Args:
        column: of the models.
        holder: the column with the default: that of the database, or of the models.
        read: runs one SELECT.
    """
    if column.write is not Write.OMITTED or column.reads is None or holder.default is None or holder.generated:
        return ""
    plain = _PLAIN.get(getattr(column.reads, "type", ""))
    if plain is not None and plain.fullmatch(holder.default):
        return ""
    try:
        value = read(f"SELECT ({holder.default}\n)")[0][0]
    except GuardError:  # other rules tell of a default that cannot be computed
        return ""
    value = _stored(value, holder.type.text)
    return "" if value is None or can_be_read(column, value) else repr(value)


@lru_cache(maxsize=100, typed=True)  # 1, 1.0 and True are stored each in its way
def _stored(value: object, declared: str) -> object:
    """As a column of that type keeps it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t (v {affinity(declared)})")
        connection.execute("INSERT INTO t VALUES (?)", (value,))
        return connection.execute("SELECT v FROM t").fetchone()[0]
