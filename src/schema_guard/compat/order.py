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
            return Order(
                f"keep {difference.object}; where it is renamed, add the new column beside it and write both",
                _drop_column(table.name, column.name),
            )
        case TableMissing(table=table) | ViewMissing(table=table):
            what = "view" if isinstance(difference, ViewMissing) else "table"
            drop = f'op.execute("DROP VIEW {table.name}")' if what == "view" else f"op.drop_table({table.name.name!r})"
            return Order(f"keep the {what} {table.name}; where it is renamed, leave a view of its old name", drop)
        case ColumnUnknown(table=table, column=column) | NullabilityDiffers(table=table, column=column):
            new = isinstance(difference, ColumnUnknown)
            leave = f"add {difference.object} with a server_default, or" if new else f"leave {difference.object}"
            return Order(
                f"{leave} nullable: apply --beside does that, a revision has to say it",
                f"op.alter_column({table.name.name!r}, {column.name!r}, nullable=False)",
            )
        case TypeDiffers(table=table, column=column):
            return Order(
                f"keep {difference.object} as {column.type}; add a column of the new type beside it and write both",
                _drop_column(table.name, column.name),
            )
        case ObjectUnknown(table=table, name=name):
            return Order(
                f"leave {name} on {table.name} out: apply --beside does that, a revision has to leave it out",
                f"make {name} on {table.name}",
            )
        case UniqueMissing(table=table) | UpsertUnserved(table=table):
            return Order(f"keep the UNIQUE on {table.name}: its ON CONFLICT needs it", "drop it")
        case _:
            return None


def _drop_column(table: Name, column: str) -> str:
    return f"op.drop_column({table.name!r}, {column!r})"
