"""What else bears a name in the schemas of the models: the rows 'others' of queries/catalog.sql."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from schema_guard.dialects.postgresql.catalog_rows import OtherRow
from schema_guard.schema import Column, Name, Relation, Type

__all__ = ["RELATIONS", "names_taken", "unknown_tables"]

RELATIONS = {
    "r": Relation.TABLE,
    "p": Relation.PARTITIONED,
    "v": Relation.VIEW,
    "m": Relation.MATERIALIZED_VIEW,
    "f": Relation.FOREIGN_TABLE,
}
_HOLDERS = {"i": "index", "I": "index", "S": "sequence", "c": "composite type", "t": "TOAST table"}


def unknown_tables(
    others: Iterable[OtherRow], type_of: Callable[[str], Type]
) -> Iterator[tuple[Name, tuple[Column, ...]]]:
    """Tables that nothing expects, with their columns; partitions and what an extension made are none."""
    for row in others:
        if row.kind in "rp" and not (row.partition or row.of_extension):
            yield Name(row.schema, row.name), tuple(Column(name, type_of(text)) for name, text in row.columns or ())


def names_taken(others: Iterable[OtherRow]) -> tuple[tuple[str | None, str, str], ...]:
    """Schema, name and kind of everything that is no table."""
    return tuple((row.schema, row.name, _held_as(row)) for row in others if row.kind not in "rp")


def _held_as(row: OtherRow) -> str:
    kind = str(RELATIONS[row.kind]) if row.kind in RELATIONS else _HOLDERS.get(row.kind, "relation")
    return f"{kind} on {row.index_of}" if row.index_of else kind
