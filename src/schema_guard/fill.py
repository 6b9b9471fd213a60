"""A declared backfill as SQL, in the forms of which one is right for a live database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from schema_guard.names import Name

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
