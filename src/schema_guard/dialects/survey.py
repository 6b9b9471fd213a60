"""Look at the rows of the tables that differ: who violates what is missing, what can be filled, which tables are empty.

Only differences that need it cost a query; a database whose differences are all notes is not read at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from schema_guard.dialects.definitions import is_rejected
from schema_guard.dialects.renames import stranded
from schema_guard.dialects.violators import SAMPLE, Violators, rows_where, tables_read, violators_of
from schema_guard.difference import (
    BackfillPending,
    ColumnMissing,
    Difference,
    Fit,
    ForeignKeyMissing,
    Impact,
    IndexMissing,
    PrimaryKeyDiffers,
    RenameSuspected,
    TypeDiffers,
    UniqueMissing,
)
from schema_guard.errors import ReadError
from schema_guard.plan import Definition, Evidence, Rejection, Survey
from schema_guard.schema import Column, Fill, Name, Relation, Schema, Table

__all__ = ["Quoting", "Read", "counted", "take_survey"]

Read = Callable[[str], Sequence[tuple[object, ...]]]
"""Runs one SELECT in a short transaction of its own, under the application's search_path and with the survey's
timeout; raises ReadError."""

COUNTED = 1_000_001
"""Rows up to which a table is counted that may only be rewritten when it is small."""

_UNCHANGED = frozenset({Relation.VIEW, Relation.MATERIALIZED_VIEW, Relation.FOREIGN_TABLE})
BATCH = 50
"""How many tables one query asks for rows."""

TAKEN_OVER = 10
"""A column was made anew where so many times as many rows have a value in the old one alone as in both."""

ROW_SECURITY = "row-level security may hide rows"
"""Why rows are not counted: a role to which policies apply would count only those that it sees."""


class Quoting(Protocol):
    """What the survey needs of a dialect."""

    functions: str
    """What stands before the name of a function of the system's."""

    def quote(self, name: Name | str) -> str: ...

    def uncastable(self, expected: Column, actual: Column) -> str:
        """The condition of rows whose text is no value of the expected type; empty where that cannot be asked."""


def take_survey(
    differences: Sequence[Difference],
    actual: Schema,
    dialect: Quoting,
    read: Read,
    rejections: Mapping[Definition, Rejection],
) -> Survey:
    """What the rows say about the differences. Never raises: what cannot be read becomes evidence with a reason.

    Args:
        differences: what compare found.
        actual: the live schema.
        dialect: quotes names.
        read: runs one SELECT; raises ReadError when it fails or takes too long.
        rejections: what the server does not take, so that no row can be asked whether it keeps it.
    """
    matter = [difference for difference in differences if difference.impact is not Impact.NOTES]
    evidence: dict[str, Evidence] = {}
    tables: dict[Name, Table] = {}
    for difference in matter:
        if isinstance(difference, RenameSuspected):
            evidence[difference.key] = _stranded(difference, actual, dialect, read)
        table = actual.table(difference.table_name) if difference.table_name else None
        if table is None:
            continue
        tables[table.name] = table
        if is_rejected(difference, rejections):
            continue
        found = _evidence(difference, table, actual, dialect, read)
        if found is not None:
            evidence[difference.key] = found
    return Survey(
        evidence=evidence,
        occupied=_occupied(list(tables.values()), dialect, read),
        counted=_counted(matter, tables, dialect, read),
        rejections=rejections,
    )


def _counted(
    matter: Sequence[Difference], tables: Mapping[Name, Table], dialect: Quoting, read: Read
) -> dict[Name, int]:
    """Of the tables for which `Policy.rewrite_below` may decide, so that a refusal can name the number."""
    found: dict[Name, int] = {}
    for difference in matter:
        table = tables.get(difference.table_name) if difference.table_name else None
        if table is None or table.name in found or table.facts.row_security or not _asks_for_size(difference, table):
            continue
        some = f"SELECT 1 FROM {dialect.quote(table.name)} LIMIT {COUNTED}"
        with suppress(ReadError):
            found[table.name] = _number(read(f"SELECT {dialect.functions}count(*) FROM ({some}) AS some_rows"))
    return found


def _asks_for_size(difference: Difference, table: Table) -> bool:
    if isinstance(difference, TypeDiffers):
        return difference.fit is Fit.NARROWER_REWRITE
    partitioned = table.relation is Relation.PARTITIONED
    return isinstance(difference, ColumnMissing) or (
        partitioned and isinstance(difference, IndexMissing | UniqueMissing | PrimaryKeyDiffers | ForeignKeyMissing)
    )


def _locked(table: Table | None) -> bool:
    """Whoever asked it for rows would wait for a lock that its definition could not be read for either."""
    return table is not None and table.facts.unread is not None and table.facts.unread.locked


def _evidence(difference: Difference, table: Table, actual: Schema, dialect: Quoting, read: Read) -> Evidence | None:
    if any(_locked(actual.table(name)) for name in tables_read(difference)):
        return Evidence(None, "", exact=False, reason="somebody keeps a table from being read")
    hidden = any((found := actual.table(name)) and found.facts.row_security for name in tables_read(difference))
    if isinstance(difference, BackfillPending):
        return _hidden(difference.fill.count_sql) if hidden else _fillable(difference.fill, actual, read)
    target = getattr(getattr(difference, "foreign_key", None), "target", None)
    if target is not None and actual.table(target) is None:
        return None
    violators = violators_of(difference, table, dialect.quote, dialect.functions)
    if isinstance(difference, TypeDiffers) and (condition := dialect.uncastable(difference.column, difference.actual)):
        violators = rows_where(table, condition, dialect.quote, dialect.functions)
    if violators is None:
        return None
    return _hidden(violators.query) if hidden else counted(violators, read)


def _stranded(difference: RenameSuspected, actual: Schema, dialect: Quoting, read: Read) -> Evidence:
    """How many rows are only under the old name; 0 where it is no rename."""
    found = stranded(difference, dialect.quote, dialect.functions)
    live = actual.table(difference.table.name)
    if live is not None and live.facts.row_security:
        return _hidden(found.query)
    try:
        if found.none_if and read(found.none_if)[0][0]:
            return Evidence(0, found.query)
        if found.first:
            alone, others = (int(str(number)) for number in read(found.first)[0])
            if alone <= TAKEN_OVER * others:
                return Evidence(0, found.query)
        return Evidence(_number(read(found.count)), found.query)
    except ReadError as error:
        return Evidence(None, found.query, exact=False, reason=str(error))


def _hidden(query: str) -> Evidence:
    return Evidence(None, query, exact=False, reason=ROW_SECURITY)


def counted(violators: Violators, read: Read) -> Evidence:
    """How many rows violate it, and the keys of some. Never raises."""
    try:
        count = _number(read(violators.count))
    except ReadError as error:
        return _without_count(violators, read, str(error))
    sample = _sample(violators, read) if count else ()
    return Evidence(count, violators.query, sample)


def _without_count(violators: Violators, read: Read, reason: str) -> Evidence:
    """Counting took too long or failed: the first few violators may still be found."""
    sample = _sample(violators, read)
    if sample:
        return Evidence(len(sample), violators.query, sample, exact=False, reason=reason)
    return Evidence(None, violators.query, exact=False, reason=reason)


def _sample(violators: Violators, read: Read) -> tuple[str, ...]:
    if not violators.sample:
        return ()
    try:
        rows = read(violators.sample)
    except ReadError:
        return ()
    return tuple(", ".join("NULL" if part is None else str(part) for part in row) for row in rows[:SAMPLE])


def _fillable(fill: Fill, actual: Schema, read: Read) -> Evidence | None:
    for name, column in fill.needs:
        table = actual.table(name)
        if table is None or table.column(column) is None:
            return None
    fill = actual.suited(fill)
    try:
        if not read(fill.pending_sql)[0][0]:  # the usual case: nothing is counted
            return Evidence(0, fill.count_sql)
        return Evidence(_number(read(fill.count_sql)), fill.count_sql, open=_number(read(fill.open_sql)))
    except ReadError as error:
        return Evidence(None, fill.count_sql, exact=False, reason=str(error))


def _number(rows: Sequence[tuple[object, ...]]) -> int:
    return int(str(rows[0][0]))


def _occupied(tables: Sequence[Table], dialect: Quoting, read: Read) -> frozenset[Name]:
    """The tables that hold a row, or might: unreadable ones and those whose policies hide rows count as occupied.

    So do views and foreign tables, which no step changes: what they read may take long, or be on another server.
    """
    occupied = {
        table.name for table in tables if table.facts.row_security or _locked(table) or table.relation in _UNCHANGED
    }
    open_tables = [table.name for table in tables if table.name not in occupied]
    for start in range(0, len(open_tables), BATCH):
        batch = open_tables[start : start + BATCH]
        try:
            occupied.update(_holding_rows(batch, dialect, read))
        except ReadError:
            for name in batch:
                try:
                    occupied.update(_holding_rows([name], dialect, read))
                except ReadError:
                    occupied.add(name)
    return frozenset(occupied)


def _holding_rows(names: Sequence[Name], dialect: Quoting, read: Read) -> list[Name]:
    row = read("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {dialect.quote(name)})" for name in names))[0]
    return [name for name, holds in zip(names, row, strict=True) if holds]
