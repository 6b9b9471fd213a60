"""What tells models that say something else by now: their tables and columns, and the classes that map them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from schema_guard.sources.sqlalchemy.mapped import mappers_by_table

if TYPE_CHECKING:
    from sqlalchemy.schema import Table

    from schema_guard.sources.sqlalchemy.models import Models

__all__ = ["State", "state_of"]


class State(NamedTuple):
    """What models are made of at a time."""

    said: tuple[object, ...]
    """Objects by their ids, and what can be set of them. What is changed inside of one (the length of a type, the
    values of an Enum) is not seen."""
    held: tuple[object, ...]
    """The objects, which keep their ids for as long."""

    def same(self, earlier: Self | None) -> bool:
        """Whether nothing was added, taken away or set since."""
        return earlier is not None and self.said == earlier.said


def state_of(models: Models) -> State:
    """What the models are now."""
    tables = models.tables
    mappers = mappers_by_table()
    held: list[object] = list(tables)
    said: list[object] = []
    for table in tables:
        parts = list(_parts(table))
        mapping = mappers.get(table, [])
        held += [*parts, *mapping]
        said.append((id(table), table.name, table.schema, table.comment, len(table.info)))
        said += map(id, parts)
        said += (
            (column.key, column.name, column.nullable, column.comment, len(column.info)) for column in table.columns
        )
        said += ((id(mapper), len(mapper.attrs)) for mapper in mapping)
    said += map(id, models.sequences)
    return State(tuple(said), tuple(held))


def _parts(table: Table) -> Iterator[Any]:
    """What a table is made of."""
    for column in table.columns:
        yield from (column, column.type, column.default, column.server_default, column.onupdate)
    yield from sorted(table.constraints, key=id)
    yield from sorted(table.indexes, key=id)
