"""What limits the tables that differ: how long they live, how many columns they can get, what those that inherit
from them have already, which foreign keys join them to others, which collations exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.dialects.postgresql.catalog_rows import items_of
from schema_guard.dialects.postgresql.link import Row
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.difference import ColumnMissing, Difference, TableMissing
from schema_guard.plan import Joined, Survey
from schema_guard.schema import Column, Name

__all__ = ["limits_query", "with_limits"]


def limits_query(differences: Sequence[Difference]) -> str:
    """One query for all of them."""
    names = {difference.table_name for difference in differences if difference.table_name is not None}
    for difference in differences:
        table = getattr(difference, "table", None)
        names.update(key.target for key in getattr(table, "foreign_keys", ()))
    collations = {column.collation for column in _new_columns(differences) if column.collation is not None}
    return query(
        "limits", tables=sorted([name.schema or "", name.name] for name in names), collations=sorted(collations)
    )


def with_limits(survey: Survey, rows: Sequence[Row]) -> Survey:
    tables = {Name(str(row[1]), str(row[2])): row for row in rows if row[0] == "table"}
    return replace(
        survey,
        persistence={name: str(row[3]) for name, row in tables.items()},
        columns_used={name: int(str(row[4] or 0)) for name, row in tables.items()},
        names_below={name: frozenset(items_of(row[5])) for name, row in tables.items()},
        loose_below={name: frozenset(items_of(row[6])) for name, row in tables.items()},
        referred_below={name: frozenset(Name(*each) for each in items_of(row[7])) for name, row in tables.items()},
        joined={name: tuple(_joined(*each) for each in items_of(row[8])) for name, row in tables.items()},
        unknown_collations=frozenset(str(row[2]) for row in rows if row[0] == "collation"),
    )


def _joined(column: str, schema: str, table: str, refers: bool, rows: float, hides: bool) -> Joined:
    return Joined(column, Name(schema, table), refers, rows, hides)


def _new_columns(differences: Sequence[Difference]) -> list[Column]:
    found: list[Column] = []
    for difference in differences:
        if isinstance(difference, ColumnMissing):
            found.append(difference.column)
        elif isinstance(difference, TableMissing):
            found.extend(difference.table.columns)
    return found
