"""What a repair needs: columns, and for a foreign key the key that it refers to."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.stands_on import columns_under
from schema_guard.difference import Difference
from schema_guard.need import Kind, Need
from schema_guard.schema import ForeignKey, Index, Schema, Table

__all__ = ["columns_needed", "has_key", "key_of_index", "keys_of", "standing", "target_needs"]


def columns_needed(difference: Difference) -> frozenset[Need]:
    """The columns of its own table that a constraint or an index stands on."""
    table = getattr(difference, "table", None)
    if not isinstance(table, Table):
        return frozenset()
    return frozenset(Need.column(table.name, column) for column in columns_under(difference))


def target_needs(wanted: ForeignKey) -> frozenset[Need]:
    """The table and the key that a foreign key refers to. Without the key every write to both tables would fail with
    "foreign key mismatch" (https://sqlite.org/foreignkeys.html#fk_indexes)."""
    return frozenset({Need.table(wanted.target), Need.key(wanted.target, wanted.target_columns)})


def standing(need: Need, actual: Schema) -> bool | None:
    """Whether the database has it; None where the differences tell."""
    if need.kind is not Kind.KEY:
        return None
    table = actual.table(need.name)
    if table is None:
        return None if need.name in actual.unknown_tables else False
    return has_key(table, need.columns)


def has_key(table: Table, columns: tuple[str, ...]) -> bool:
    """Whether the table has such a key, in whatever order of the columns."""
    wanted = {key(column) for column in columns}
    return any({key(column) for column in names} == wanted for names in keys_of(table))


def keys_of(table: Table) -> Iterator[tuple[str, ...]]:
    if table.primary_key is not None and not table.primary_key.unusable:
        yield table.primary_key.columns
    yield from (unique.columns for unique in table.uniques)
    yield from filter(None, map(key_of_index, table.indexes))


def key_of_index(index: Index) -> tuple[str, ...] | None:
    """The columns of a unique index that a foreign key may refer to: of all rows, and compared as the columns are."""
    plain = index.unique and index.where is None and all(element.collation is None for element in index.elements)
    return index.columns if plain else None
