"""The order that avoids a break: expand, deploy, contract, with what a revision of Alembic says in each."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.difference import (
    ColumnMissing,
    ColumnUnknown,
    Difference,
    NullabilityDiffers,
    ObjectUnknown,
    TableMissing,
    TypeDiffers,
    UniqueMissing,
    UpsertUnserved,
    ViewMissing,
)
from schema_guard.names import Name

__all__ = ["Order", "order_of"]


@dataclass(frozen=True, slots=True)
class Order:
    """What this release does, and what a later one may do when no process of the other release runs any more."""

    expand: str
    contract: str


def order_of(difference: Difference) -> Order | None:
    """For a difference between what the other release expects and the database that this release leaves behind."""
    match difference:
        case ColumnMissing(table=table, column=column):
            words = _words(table.name)
            return Order(
                f"keep {difference.object}; where it is renamed, add the new column beside it and write both",
                f"op.drop_column({words}, {column.name!r})",
            )
        case TableMissing(table=table) | ViewMissing(table=table):
            what = "view" if isinstance(difference, ViewMissing) else "table"
            drop = f'op.execute("DROP VIEW {table.name}")' if what == "view" else f"op.drop_table({_words(table.name)})"
            return Order(f"keep the {what} {table.name}; where it is renamed, leave a view of its old name", drop)
        case ColumnUnknown(table=table, column=column):
            return Order(
                f"add {difference.object} with a server_default, or nullable: apply --beside does",
                f"op.alter_column({_words(table.name)}, {column.name!r}, nullable=False)",
            )
        case NullabilityDiffers(table=table, column=column):
            return Order(
                f"leave {difference.object} nullable: apply --beside does",
                f"op.alter_column({_words(table.name)}, {column.name!r}, nullable=False)",
            )
        case TypeDiffers(table=table, column=column):
            return Order(
                f"keep {difference.object} as {column.type}; add a column of the new type beside it and write both",
                f"op.drop_column({_words(table.name)}, {column.name!r})",
            )
        case ObjectUnknown(table=table, name=name):
            return Order(
                f"leave {name} on {table.name} out: apply --beside does",
                f"make {name} on {table.name}",
            )
        case UniqueMissing(table=table) | UpsertUnserved(table=table):
            return Order(f"keep the UNIQUE on {table.name}: its ON CONFLICT needs it", "drop it")
        case _:
            return None


def _words(name: Name) -> str:
    return f"{name.name!r}"
