"""What tells models that say something else by now: their tables and columns, and the classes that map them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

from schema_guard.sources.sqlalchemy.mapped import mappers_by_table

if TYPE_CHECKING:
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
    mappers = mappers_by_table()
    held: list[object] = []
    said: list[object] = []
    for table in models.tables:
        own: list[Any] = [table, *table.constraints, *table.indexes, *mappers.get(table, ())]
        said += (table.name, table.schema, table.comment, len(table.info), frozenset(map(id, own)))
        said += (len(mapper.attrs) for mapper in mappers.get(table, ()))
        held += own
        for column in table.columns:
            parts = (column, column.type, column.default, column.server_default, column.onupdate)
            said += (column.key, column.name, column.nullable, column.comment, len(column.info), *map(id, parts))
            held += parts
    held += models.own_sequences
    said.append(frozenset(map(id, models.own_sequences)))
    return State(tuple(said), tuple(held))
