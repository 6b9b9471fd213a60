"""Which rows another collation of a column would make alike, or would part from the rows that they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schema_guard.dialects.sqlite.names import quote
from schema_guard.difference import CollationDiffers
from schema_guard.schema import ForeignKey, Name, Table

__all__ = ["Collision", "collisions_of", "wanted_collation"]


@dataclass(frozen=True, slots=True)
class Collision:
    """`rows` is the FROM clause, and what follows, of the rows in question; `shown` what tells them apart."""

    shown: str
    rows: str

    @property
    def query(self) -> str:
        return f"SELECT {self.shown} {self.rows}"

    @property
    def count(self) -> str:
        return f"SELECT count(*) FROM (SELECT 1 {self.rows})"

    @property
    def exists(self) -> str:
        return f"EXISTS (SELECT 1 {self.rows})"


def wanted_collation(differs: CollationDiffers) -> str | None:
    """Its bare name; None is SQLite's own, BINARY."""
    return (differs.column.collation or "").strip('"') or None


def collisions_of(differs: CollationDiffers, live: Table) -> tuple[Collision, ...]:
    """One for each key of the table that holds the column, and for each foreign key that refers to it."""
    name, collation = differs.column.name, wanted_collation(differs) or "BINARY"
    # BINARY tells more values apart than any other, so that it makes none alike.
    keys = [] if collation.upper() == "BINARY" else list(_keys(live, name))
    return (
        *(_alike(live, columns, where, name, collation) for columns, where in keys),
        *(
            _parted(live, child, foreign, name, collation)
            for child, foreign in live.facts.referenced_by
            if name in foreign.target_columns
        ),
    )


def _keys(live: Table, column: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The columns, and the condition, of each key that compares the column by the collation that it declares."""
    if live.primary_key is not None and column in live.primary_key.columns:
        yield live.primary_key.columns, None
    for unique in live.uniques:
        if column in unique.columns:
            yield unique.columns, None
    for index in live.indexes:
        declared = any(element.text == column and element.collation is None for element in index.elements)
        if index.unique and index.columns is not None and declared:
            yield index.columns, index.where


def _alike(live: Table, columns: tuple[str, ...], where: str | None, name: str, collation: str) -> Collision:
    """Rows that share all values, NULL apart."""
    terms = [f"{quote(column)} COLLATE {quote(collation)}" if column == name else quote(column) for column in columns]
    conditions = [*(f"{quote(column)} IS NOT NULL" for column in columns), *([f"({where})"] if where else [])]
    return Collision(
        ", ".join([*(quote(column) for column in columns), "count(*)"]),
        f"FROM {quote(live.name)} WHERE {' AND '.join(conditions)} GROUP BY {', '.join(terms)} HAVING count(*) > 1",
    )


def _parted(live: Table, child: Name, foreign: ForeignKey, name: str, collation: str) -> Collision:
    """Rows that refer to one that differs from what they say, as only the old collation does not mind."""
    pairs = list(zip(foreign.target_columns, foreign.columns, strict=True))
    now = " AND ".join(f"parent.{quote(there)} = child.{quote(here)}" for there, here in pairs)
    then = " AND ".join(
        f"other.{quote(there)}{f' COLLATE {quote(collation)}' if there == name else ''} = child.{quote(here)}"
        for there, here in pairs
    )
    return Collision(
        ", ".join(f"child.{quote(column)}" for column in foreign.columns),
        f"FROM {quote(child)} AS child JOIN {quote(live.name)} AS parent ON {now}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {quote(live.name)} AS other WHERE {then})",
    )
