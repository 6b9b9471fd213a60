"""Declared backfills: which rows take which values from a related table; `filling` writes the SQL that does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Alias, Column, Table
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ColumnElement

from schema_guard.errors import ConfigurationError
from schema_guard.sources.sqlalchemy.attributes import bare_column

__all__ = ["Backfill", "Resolved", "columns_in", "resolve"]


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
        resolve(self)

    def __str__(self) -> str:
        return self.name or _title(self)


@dataclass(frozen=True, slots=True)
class Resolved:
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


def resolve(backfill: Backfill) -> Resolved:
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
    return Resolved(table, source, pairs, on, where)


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
        raise ConfigurationError(f"Backfill of {table.fullname}: {item!r} is not a column to fill")
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
        raise ConfigurationError(f"Backfill of {table.fullname}: {item!r} is not a column of a source table")
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
    used = {id(column.table): column.table for column in columns_in(condition)}
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


def columns_in(condition: ColumnElement[Any]) -> list[Any]:
    found = []
    for element in visitors.iterate(condition):
        if element.__visit_name__ == "column" and getattr(element, "table", None) is not None:
            found.append(element._deannotate())  # type: ignore[attr-defined]
    return found
