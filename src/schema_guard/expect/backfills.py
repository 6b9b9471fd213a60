"""Declared backfills: which rows take which values from a related table, and the SQL that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Alias, Column, Select, Table, and_, exists, func, literal_column, or_, select, tuple_, update
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from schema_guard.errors import ConfigurationError
from schema_guard.expect.attributes import bare_column
from schema_guard.schema import Fill, Name

if TYPE_CHECKING:
    from schema_guard.expect.writer import Writer

__all__ = ["BATCH_ROWS", "Backfill", "fill_of"]

BATCH_ROWS = 5000
"""Rows of one UPDATE: at 100,000 rows a second a batch holds its row locks for some 50 ms."""

_ROW_ADDRESS = {"postgresql": "ctid", "sqlite": "rowid"}
"""What tells the rows of a table without primary key apart, by the dialect's name."""


@dataclass(frozen=True, slots=True, eq=False)
class Backfill:
    """Fill columns that are NULL from the one related row that knows the values; never overwrite one that is set.

    A row is filled when it has no owner at all: every one of the target columns is NULL. With `each`, every column that
    is NULL is filled on its own. Source rows in which all of the source columns are NULL know nothing and are passed
    over. A row with several source rows that know something is left alone: which of them is right cannot be told.

    Args:
        target: the mapped class or Table whose rows are filled.
        columns: target column to source column. All source columns belong to one table (or, for a table that is its own
            source, to `aliased(Model)` or `table.alias()`).
        on: which source row belongs to a target row, as an SQL expression over both.
        each: fill each NULL column by itself, also where others are set.
        where: only target rows for which this holds.
        name: what messages call it; default is the target's name and columns.

    Raises:
        ConfigurationError: columns of other tables, no `on`, more than one source table, or nothing to fill.

    Example:
        Backfill(
            Conversion,
            {Conversion.user_id: Proposal.user_id, Conversion.visitor_session_id: Proposal.visitor_session_id},
            on=Conversion.proposal_id == Proposal.id,
        )
    """

    target: Any
    columns: Mapping[Any, Any]
    on: Any = None
    each: bool = False
    where: Any = None
    name: str | None = None

    def __post_init__(self) -> None:
        _resolve(self)

    def __str__(self) -> str:
        return self.name or _title(self)


@dataclass(frozen=True, slots=True)
class _Resolved:
    """A backfill in terms of tables and columns."""

    table: Table
    source: Table | Alias
    pairs: tuple[tuple[Column[Any], ColumnElement[Any]], ...]
    on: ColumnElement[bool]
    where: ColumnElement[bool] | None

    @property
    def source_table(self) -> Table:
        element = self.source.element if isinstance(self.source, Alias) else self.source
        assert isinstance(element, Table)
        return element


def _title(backfill: Backfill) -> str:
    table = _table(backfill.target)
    columns = [getattr(bare_column(item), "name", str(item)) for item in backfill.columns]
    return f"backfill of {table.fullname if table is not None else backfill.target}({', '.join(columns)})"


def _resolve(backfill: Backfill) -> _Resolved:
    table = _table(backfill.target)
    if table is None:
        raise ConfigurationError(f"Backfill: {backfill.target!r} is neither a mapped class nor a Table")
    if not isinstance(backfill.columns, Mapping) or not backfill.columns:
        raise ConfigurationError(
            f"Backfill of {table.fullname}: name the columns to fill, as {{Model.column: Source.column}}"
        )
    if backfill.on is None:
        raise ConfigurationError(
            f"Backfill of {table.fullname}: `on` is missing; it says which source row belongs to a row, "
            "for example on=Conversion.proposal_id == Proposal.id"
        )
    on = _condition(backfill.on, "on", table)
    where = None if backfill.where is None else _condition(backfill.where, "where", table)
    pairs = tuple((_target_column(key, table), _source_column(value, table)) for key, value in backfill.columns.items())
    sources = {id(source.table): source.table for _, source in pairs}
    if len(sources) > 1:
        names = ", ".join(sorted(str(source) for source in sources.values()))
        raise ConfigurationError(
            f"Backfill of {table.fullname}: the values come from several tables ({names}); declare one for each"
        )
    source = pairs[0][1].table
    _check_tables("on", on, table, source)
    if where is not None:
        _check_tables("where", where, table, None)
    return _Resolved(table, source, pairs, on, where)


def _table(target: Any) -> Table | None:
    if isinstance(target, Table):
        return target
    table = getattr(target, "__table__", None)
    if table is None:  # mapped imperatively
        table = getattr(getattr(target, "__mapper__", None), "local_table", None)
    return table if isinstance(table, Table) else None


def _target_column(item: Any, table: Table) -> Column[Any]:
    column = bare_column(item)
    if not isinstance(column, Column):
        raise ConfigurationError(f"Backfill of {table.fullname}: {item!r} is no column to fill")
    if column.table is not table:
        raise ConfigurationError(
            f"Backfill of {table.fullname}: {column} belongs to {getattr(column.table, 'fullname', column.table)}; "
            "only columns of the target are filled"
        )
    if column.primary_key:
        raise ConfigurationError(f"Backfill of {table.fullname}: {column} is part of the primary key and is never NULL")
    return column


def _source_column(item: Any, table: Table) -> Any:
    column = bare_column(item)
    source = getattr(column, "table", None)
    named = isinstance(source, Table) or (isinstance(source, Alias) and isinstance(source.element, Table))
    if not isinstance(column, ColumnElement) or not named:
        raise ConfigurationError(f"Backfill of {table.fullname}: {item!r} is no column of a source table")
    if source is table:
        raise ConfigurationError(
            f"Backfill of {table.fullname}: {column} is the target's own column; for a table that is its own source "
            "write aliased(Model), or table.alias()"
        )
    return column


def _condition(item: Any, word: str, table: Table) -> ColumnElement[bool]:
    clause = getattr(item, "__clause_element__", None)
    element = clause() if callable(clause) else item
    if not isinstance(element, ColumnElement):
        raise ConfigurationError(
            f"Backfill of {table.fullname}: `{word}` has to be an SQL expression such as A.x == B.y, not {item!r}"
        )
    return element


def _check_tables(word: str, condition: ColumnElement[bool], table: Table, source: Any) -> None:
    used = {id(column.table): column.table for column in _columns_in(condition)}
    allowed = {id(table), id(source)}
    strange = [str(other) for key, other in used.items() if key not in allowed]
    if strange:
        raise ConfigurationError(
            f"Backfill of {table.fullname}: `{word}` names {', '.join(sorted(strange))}, "
            "which is neither the target nor the source"
        )
    if source is not None and not allowed <= used.keys():
        raise ConfigurationError(
            f"Backfill of {table.fullname}: `{word}` has to relate {table.fullname} to {source}, it names only "
            f"{', '.join(sorted(str(other) for other in used.values())) or 'constants'}"
        )


def _columns_in(condition: ColumnElement[Any]) -> list[Any]:
    found = []
    for element in visitors.iterate(condition):
        if element.__visit_name__ == "column" and getattr(element, "table", None) is not None:
            found.append(element._deannotate())  # type: ignore[attr-defined]
    return found


def fill_of(backfill: Backfill, writer: Writer) -> Fill:
    """The backfill in a dialect's SQL.

    Raises:
        UnwritableError: an expression cannot be compiled for the dialect.
    """
    resolved = _resolve(backfill)
    table = resolved.table
    open_rows = _open(resolved, backfill.each)
    fillable = and_(open_rows, _has_one_source(resolved), *_something_to_take(resolved, backfill.each))
    key = _key(table, writer)
    rows = select(*key).select_from(table).where(fillable).limit(BATCH_ROWS).correlate(None)
    chosen = key[0].in_(rows) if len(key) == 1 else tuple_(*key).in_(rows)
    change = (
        update(table)
        # Said again outside of the batch's SELECT: a row that got its owner meanwhile is checked anew under its lock.
        .where(chosen, open_rows)
        .values({target: _value(resolved, target, source, backfill.each) for target, source in resolved.pairs})
    )
    return Fill(
        table=writer.table_name(table),
        source=writer.table_name(resolved.source_table),
        columns=tuple(writer.identifier(target.name) for target, _ in resolved.pairs),
        needs=_needs(resolved, writer),
        count_sql=writer.query(select(func.count()).select_from(table).where(fillable)),
        open_sql=writer.query(select(func.count()).select_from(table).where(open_rows)),
        pending_sql=writer.query(select(exists(select(literal_column("1")).select_from(table).where(fillable)))),
        update_sql=writer.query(change),
    )


def _open(resolved: _Resolved, each: bool) -> ColumnElement[bool]:
    """Rows that need something: nothing is set, or with `each` something is not."""
    empty = [target.is_(None) for target, _ in resolved.pairs]
    needs = or_(*empty) if each else and_(*empty)
    return needs if resolved.where is None else and_(needs, resolved.where)


def _knows_something(resolved: _Resolved) -> ColumnElement[bool]:
    return or_(*(source.is_not(None) for _, source in resolved.pairs))


def _has_one_source(resolved: _Resolved) -> ColumnElement[bool]:
    count = (
        select(func.count())
        .select_from(resolved.source)
        .where(resolved.on, _knows_something(resolved))
        .correlate(resolved.table)
        .scalar_subquery()
    )
    return count == literal_column("1")


def _something_to_take(resolved: _Resolved, each: bool) -> list[ColumnElement[bool]]:
    """With `each`: some column that is NULL here is set there. Without it all are NULL here: one source will do."""
    if not each:
        return []
    takes = or_(*(and_(target.is_(None), source.is_not(None)) for target, source in resolved.pairs))
    inner: Select[Any] = select(literal_column("1")).select_from(resolved.source).where(resolved.on, takes)
    return [inner.correlate(resolved.table).exists()]


def _value(resolved: _Resolved, target: Column[Any], source: ColumnElement[Any], each: bool) -> ColumnElement[Any]:
    """The one source row's value, as a correlated subquery: SQLite before 3.33 has no UPDATE .. FROM."""
    value = (
        select(source)
        .select_from(resolved.source)
        .where(resolved.on, _knows_something(resolved))
        .correlate(resolved.table)
        .scalar_subquery()
    )
    return func.coalesce(target, value) if each else value


def _key(table: Table, writer: Writer) -> list[ColumnElement[Any]]:
    columns: list[ColumnElement[Any]] = list(table.primary_key.columns)
    return columns or [literal_column(_ROW_ADDRESS[writer.words.name])]


def _needs(resolved: _Resolved, writer: Writer) -> tuple[tuple[Name, str], ...]:
    used: list[Any] = [*resolved.table.primary_key.columns]
    for target, source in resolved.pairs:
        used += [target, source]
    used += _columns_in(resolved.on)
    if resolved.where is not None:
        used += _columns_in(resolved.where)
    found: dict[tuple[Name, str], None] = {}
    for column in used:
        owner: Any = column.table.element if isinstance(column.table, Alias) else column.table
        found[(writer.table_name(owner), writer.identifier(column.name))] = None
    return tuple(found)
