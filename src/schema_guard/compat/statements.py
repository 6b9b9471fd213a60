"""A release's statements, run for real on no row: each names every table and column that the release names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from schema_guard.schema import Name, Relation, Schema, Table

__all__ = ["Statement", "statements_of"]

Quote = Callable[[Name | str], str]


@dataclass(frozen=True, slots=True)
class Statement:
    """`kind` is SELECT, INSERT, UPDATE, DELETE or ON CONFLICT."""

    kind: str
    table: Table
    sql: str


def statements_of(release: Schema, quote: Quote) -> Iterator[Statement]:
    """SELECT of all columns; INSERT, UPDATE and DELETE of a table; INSERT .. ON CONFLICT of each declared upsert."""
    for table in release.tables:
        name = quote(table.name)
        every = ", ".join(quote(column.name) for column in table.columns)
        yield Statement("SELECT", table, f"SELECT {every} FROM {name} WHERE 1 = 0")
        if table.relation is Relation.VIEW:
            continue
        written = [quote(column.name) for column in table.columns if not column.generated_always]
        if written:
            columns = ", ".join(written)
            insert = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} WHERE 1 = 0"
            yield Statement("INSERT", table, insert)
            assignments = ", ".join(f"{column} = {column}" for column in written)
            yield Statement("UPDATE", table, f"UPDATE {name} SET {assignments} WHERE 1 = 0")
            for target in table.upserts:
                keys = ", ".join(quote(column) for column in target)
                yield Statement("ON CONFLICT", table, f"{insert} ON CONFLICT ({keys}) DO NOTHING")
            for constraint, _ in table.named_upserts:
                named = f"{insert} ON CONFLICT ON CONSTRAINT {quote(constraint)} DO NOTHING"
                yield Statement("ON CONFLICT", table, named)
        yield Statement("DELETE", table, f"DELETE FROM {name} WHERE 1 = 0")
