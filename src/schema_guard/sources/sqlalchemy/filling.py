"""The SQL of a declared backfill: which rows are open, which can be filled, and the UPDATE that fills them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict

from sqlalchemy import (
    Alias,
    BinaryExpression,
    BooleanClauseList,
    Column,
    Integer,
    Select,
    Table,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.dml import Update
from sqlalchemy.sql.elements import ColumnElement

from schema_guard.schema import Fill, Name, Spanned
from schema_guard.sources.sqlalchemy.backfills import Backfill, Resolved, columns_in, resolve

if TYPE_CHECKING:
    from schema_guard.sources.sqlalchemy.writer import Writer

__all__ = ["BATCH_ROWS", "fill_of"]

BATCH_ROWS = 5000
"""Rows of one UPDATE where rows have no address to walk along."""

_LOW, _HIGH = "SCHEMA_GUARD_LOW", "SCHEMA_GUARD_HIGH"

_ROW_ADDRESS = {"postgresql": "ctid", "sqlite": "rowid"}
"""What tells the rows of a table without primary key apart, by the dialect's name."""

_SPAN = {
    # A block is 8 kB and holds up to 291 rows; a TID range scan reads just these blocks (PostgreSQL manual, E.5: 14).
    "postgresql": f"{{0}}.ctid >= '({_LOW},0)' AND {{0}}.ctid < '({_HIGH},0)'",
    "sqlite": f"{{0}}.rowid >= {_LOW} AND {{0}}.rowid < {_HIGH}",
}
"""A span of the table in its physical order, which no key, type or collation has a say in."""

_LISTED = f"""{{0}}.ctid = ANY (ARRAY(
SELECT ('(' || block || ',' || item || ')')::pg_catalog.tid
FROM pg_catalog.generate_series({_LOW}::pg_catalog.int8, {_HIGH} - 1) AS block,
pg_catalog.generate_series(1, pg_catalog.current_setting('block_size')::pg_catalog.int4 / 28) AS item))"""
"""Each address in these blocks: an item takes 28 bytes at least (storage/bufpage.h, MaxHeapTuplesPerPage)."""


def fill_of(backfill: Backfill, writer: Writer) -> Fill:
    """The backfill in a dialect's SQL.

    Raises:
        UnwritableError: an expression cannot be compiled for the dialect.
    """
    resolved = resolve(backfill)
    table = resolved.table
    open_rows = _open(resolved, backfill.each)
    fillable = and_(open_rows, _has_one_source(resolved, writer), *_something_to_take(resolved, backfill.each))
    key = _key(table, writer)
    rows = select(*key).select_from(table).where(fillable).limit(BATCH_ROWS).correlate(None)
    chosen = key[0].in_(rows) if len(key) == 1 else tuple_(*key).in_(rows)
    # Said again outside of the batch's SELECT: a row that got its owner meanwhile is checked anew under its lock.
    change = _change(resolved, backfill.each).where(chosen, open_rows)
    return Fill(
        table=writer.table_name(table),
        source=writer.table_name(resolved.source_table),
        columns=tuple(writer.identifier(target.name) for target, _ in resolved.pairs),
        needs=_needs(resolved, writer),
        count_sql=writer.query(select(_count(writer)).select_from(table).where(fillable)),
        open_sql=writer.query(select(_count(writer)).select_from(table).where(open_rows)),
        pending_sql=writer.query(select(exists(select(literal_column("1")).select_from(table).where(fillable)))),
        update_sql=writer.query(change),
        **_spans(_change(resolved, backfill.each).where(fillable), table, writer),
        equated=tuple(_equated(resolved, writer)),
        joined=_joined(resolved, backfill.each, writer),
    )


def _joined(resolved: Resolved, each: bool, writer: Writer) -> Fill | None:
    """The same by one join instead of a subquery for each row; right only where a row has at most one source row."""
    if writer.words.name != "postgresql":  # SQLite before 3.33 has no UPDATE .. FROM
        return None
    table, source = resolved.table, resolved.source
    open_rows = _open(resolved, each)
    takes = or_(*(and_(target.is_(None), value.is_not(None)) for target, value in resolved.pairs))
    fillable = and_(resolved.on, open_rows, takes if each else _knows_something(resolved))
    values = {target: func.coalesce(target, value) if each else value for target, value in resolved.pairs}
    change = update(table).where(fillable).values(_kept(table) | values)
    text = writer.query(change)
    return Fill(
        table=writer.table_name(table),
        source=writer.table_name(resolved.source_table),
        columns=tuple(writer.identifier(target.name) for target, _ in resolved.pairs),
        needs=_needs(resolved, writer),
        count_sql=writer.query(select(_count(writer)).select_from(table, source).where(fillable)),
        open_sql=writer.query(select(_count(writer)).select_from(table).where(open_rows)),
        pending_sql=writer.query(
            select(exists(select(literal_column("1")).select_from(table, source).where(fillable)))
        ),
        update_sql=text,
        **_spans(change, table, writer),
    )


class _Spans(TypedDict):
    walk: Spanned
    listed: Spanned | None


def _spans(change: Update, table: Table, writer: Writer) -> _Spans:
    name = writer.words.name
    listed = _spanned(change, table, writer, _LISTED) if name == "postgresql" else None
    return _Spans(walk=_spanned(change, table, writer, _SPAN[name]), listed=listed)


def _spanned(change: Update, table: Table, writer: Writer, span: str) -> Spanned:
    """The UPDATE with the bounds of a span left open."""
    name = writer.dialect.identifier_preparer.format_table(table)
    condition: ColumnElement[bool] = literal_column(span.replace("{0}", name))
    head, _, rest = writer.query(change.where(condition)).partition(_LOW)
    middle, _, tail = rest.partition(_HIGH)
    return Spanned(head, middle, tail)


def _change(resolved: Resolved, each: bool) -> Update:
    values = {target: _value(resolved, target, source, each) for target, source in resolved.pairs}
    return update(resolved.table).values(_kept(resolved.table) | values)


def _kept(table: Table) -> dict[Any, Any]:
    """SQLAlchemy adds every `onupdate` to an UPDATE: named there, the columns keep the values that they have."""
    return {column: column for column in table.columns if column.onupdate is not None}


def _equated(resolved: Resolved, writer: Writer) -> Iterator[tuple[str, str]]:
    """(source column, target column) that `on` says are equal, whatever else it says."""
    pending: list[Any] = [resolved.on]
    while pending:
        part = pending.pop()
        if isinstance(part, BooleanClauseList) and part.operator is operators.and_:
            pending.extend(part.clauses)
        elif isinstance(part, BinaryExpression) and part.operator is operators.eq:
            sides = [side._deannotate() for side in (part.left, part.right) if isinstance(side, Column)]
            source = [side for side in sides if side.table is resolved.source]
            target = [side for side in sides if side.table is resolved.table]
            if source and target:
                yield writer.identifier(source[0].name), writer.identifier(target[0].name)


def _open(resolved: Resolved, each: bool) -> ColumnElement[bool]:
    """Rows that need something: nothing is set, or with `each` something is not."""
    empty = [target.is_(None) for target, _ in resolved.pairs]
    needs = or_(*empty) if each else and_(*empty)
    return needs if resolved.where is None else and_(needs, resolved.where)


def _knows_something(resolved: Resolved) -> ColumnElement[bool]:
    return or_(*(source.is_not(None) for _, source in resolved.pairs))


def _has_one_source(resolved: Resolved, writer: Writer) -> ColumnElement[bool]:
    count = (
        select(_count(writer))
        .select_from(resolved.source)
        .where(resolved.on, _knows_something(resolved))
        .correlate(resolved.table)
        .scalar_subquery()
    )
    return count == literal_column("1")


def _something_to_take(resolved: Resolved, each: bool) -> list[ColumnElement[bool]]:
    """With `each`: some column that is NULL here is set there. Without it all are NULL here: one source will do."""
    if not each:
        return []
    takes = or_(*(and_(target.is_(None), source.is_not(None)) for target, source in resolved.pairs))
    inner: Select[Any] = select(literal_column("1")).select_from(resolved.source).where(resolved.on, takes)
    return [inner.correlate(resolved.table).exists()]


def _value(resolved: Resolved, target: Column[Any], source: ColumnElement[Any], each: bool) -> ColumnElement[Any]:
    """The one source row's value, as a correlated subquery: SQLite before 3.33 has no UPDATE .. FROM."""
    value = (
        select(source)
        .select_from(resolved.source)
        .where(resolved.on, _knows_something(resolved))
        .correlate(resolved.table)
        .scalar_subquery()
    )
    return func.coalesce(target, value) if each else value


def _count(writer: Writer) -> ColumnElement[int]:
    """The system's own: the search_path may find another function of that name."""
    return literal_column(f"{writer.words.functions}count(*)", Integer).label("count_1")


def _key(table: Table, writer: Writer) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = list(table.primary_key.columns)
    return columns or [literal_column(_ROW_ADDRESS[writer.words.name])]


def _needs(resolved: Resolved, writer: Writer) -> tuple[tuple[Name, str], ...]:
    used: list[Any] = [*resolved.table.primary_key.columns]
    for target, source in resolved.pairs:
        used += [target, source]
    used += columns_in(resolved.on)
    if resolved.where is not None:
        used += columns_in(resolved.where)
    found: dict[tuple[Name, str], None] = {}
    for column in used:
        owner: Any = column.table.element if isinstance(column.table, Alias) else column.table
        found[(writer.table_name(owner), writer.identifier(column.name))] = None
    return tuple(found)
