"""Whether rows hold what SQLAlchemy cannot read, in a column of the right type: SQLite keeps any value.

An empty text in a DATETIME, as an import of CSV leaves it, fails the SELECT. Values of the usual form are told in SQL,
and every other one is read as the application reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.reading_back import can_be_read
from schema_guard.errors import GuardError
from schema_guard.schema import Column, Relation, Schema, Table

__all__ = ["with_misread"]

ROWS = 10_000
"""Rows of a table that are looked at: more would make each start wait."""
VALUES = 100_000
"""Values in all."""
MOST = 20
"""Values of another form that are read."""
TOGETHER = 200
"""Columns for each query: SQLite takes 500 SELECTs (SQLITE_MAX_COMPOUND_SELECT)."""

_DAY = (
    "typeof(value) = 'text' AND instr(value, '-') = 5 AND julianday(value) IS NOT NULL"
    " AND (substr(value, 9, 2) < '29' OR date(substr(value, 1, 10), '+0 days') = substr(value, 1, 10))"
)
"""SQLite's own functions know more forms, such as a number of days, but read them ten times as fast as GLOB does. They
take a 31st of February for the 2nd of March."""
_CLOCK = "typeof(value) = 'text' AND instr(value, ':') = 3 AND julianday(value) IS NOT NULL"
_USUAL = {
    "Boolean": "value IN (0, 1)",
    "Date": f"{_DAY} AND length(value) = 10",
    "DateTime": _DAY,
    "Float": "typeof(value) IN ('integer', 'real')",
    "Interval": _DAY,
    "JSON": "typeof(value) = 'text' AND json_valid(value)",
    "LargeBinary": "typeof(value) = 'blob'",
    "Numeric": "typeof(value) IN ('integer', 'real')",
    "PickleType": "typeof(value) = 'blob'",
    "Time": _CLOCK,
    "Uuid": "typeof(value) = 'text' AND length(value) = 32 AND value NOT GLOB '*[^0-9a-f]*'",
    "bytes": "typeof(value) = 'blob'",
}
"""By what reads it, the values that it surely reads. The labels of an Enum are looked for on their own."""
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

    @property
    def usual(self) -> str:
        return _USUAL.get(self.reader, "")


def with_misread(expected: Schema, actual: Schema, read: Callable[[str], Sequence[tuple[object, ...]]]) -> Schema:
    """The schema with the columns marked. Never raises: a table that cannot be read hinders only itself."""
    columns = list(_columns(expected, actual))
    found: dict[tuple[object, str], set[bool]] = defaultdict(set)
    for start in range(0, len(columns), TOGETHER):
        some = columns[start : start + TOGETHER]
        for part in (some, *([column] for column in some)):
            with suppress(GuardError):
                rows = read(" UNION ALL ".join(_query(*item, len(columns)) for item in enumerate(part)))
                for at, value in rows:
                    each = part[int(str(at))]
                    found[each.live.name, each.column.name].add(can_be_read(each.column, value))
                break
    of_one_form = {(each.live.name, each.column.name) for each in columns if each.reader in _WRITES_ONE_FORM}
    return (
        replace(actual, tables=tuple(_marked(each, found, of_one_form) for each in actual.tables)) if found else actual
    )


def _columns(expected: Schema, actual: Schema) -> Iterator[_Read]:
    for table in expected.tables:
        live = actual.table(table.name)
        if live is not None and live.relation is Relation.TABLE and live.facts.unread is None:
            there = (_Read(column, live) for column in table.columns if live.column(column.name) is not None)
            yield from (each for each in there if each.usual)


def _query(position: int, each: _Read, columns: int) -> str:
    rows = min(ROWS, max(1, VALUES // columns))
    values = f"SELECT {quote(each.column.name)} AS value FROM {quote(each.live.name)} LIMIT {rows}"
    other = f"SELECT DISTINCT value FROM ({values}) WHERE value IS NOT NULL AND NOT ({each.usual}) LIMIT {MOST}"
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
