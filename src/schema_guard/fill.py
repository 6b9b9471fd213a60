"""A declared backfill as SQL, and which of its forms is right for a live database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from schema_guard.names import Name

if TYPE_CHECKING:
    from schema_guard.schema import Schema

__all__ = ["Fill", "Spanned"]


class Spanned(NamedTuple):
    """A statement about one span of a table, cut where its two bounds stand."""

    head: str
    middle: str
    tail: str

    def between(self, low: int, high: int) -> str:
        """The statement for the rows from `low` to below `high`."""
        return f"{self.head}{low}{self.middle}{high}{self.tail}"


@dataclass(frozen=True, slots=True)
class Fill:
    """A declared backfill in SQL: which columns of `table` are filled from which other table's rows."""

    table: Name
    source: Name
    columns: tuple[str, ...]
    needs: tuple[tuple[Name, str], ...]
    """Every (table, column) that the statements read or write."""
    count_sql: str
    """SELECT of one number: the rows that can be filled."""
    open_sql: str
    """SELECT of one number: the rows that have no owner, whether they can be filled or not."""
    pending_sql: str
    """SELECT of one boolean: whether any row can be filled."""
    update_sql: str
    """The UPDATE of one batch; run again until it changes no row. It fills only what is NULL."""
    walk: Spanned | None = None
    """The UPDATE of the rows of one span, low to below high: of block numbers on PostgreSQL, of rowids on SQLite."""
    listed: Spanned | None = None
    """The same by the address of each row that can be there: PostgreSQL 12 and 13 scan no range of blocks."""
    equated: tuple[tuple[str, str], ...] = ()
    """(source column, target column) that a row and its source row have in common."""
    joined: Fill | None = None
    """The same by a join, which is right only where a row has at most one source row."""

    def suited(self, actual: Schema) -> Fill:
        """The form for a database: by a join where a key of the live source table proves one source row at most."""
        source, target = actual.table(self.source), actual.table(self.table)
        if self.joined is None or source is None or target is None or source.facts.inherited:
            return self
        same = {
            column
            for column, other in self.equated
            if (left := source.column(column)) and (right := target.column(other)) and left.type.name == right.type.name
        }
        keys = [source.primary_key.columns] if source.primary_key else []
        keys += [unique.columns for unique in source.uniques if unique.valid]
        keys += [
            index.columns
            for index in source.indexes
            if index.unique and index.valid and index.where is None and index.columns is not None
        ]
        return self.joined if any(same.issuperset(key) for key in keys) else self
