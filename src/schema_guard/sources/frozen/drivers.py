"""What depends on the driver: a file is written for all of them, and the URL of a check names one."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.column import Call, Column
from schema_guard.schema import Schema, Table

__all__ = ["as_sent"]


def as_sent(schema: Schema, driver: str) -> Schema:
    """The expectation with each call as this driver sends it; as it is where no driver is known."""
    if not driver:
        return schema
    tables = tuple(_table(table, driver) for table in schema.tables)
    return (
        replace(schema, tables=tables)
        if any(a is not b for a, b in zip(tables, schema.tables, strict=True))
        else schema
    )


def _table(table: Table, driver: str) -> Table:
    if not any(call.by_driver for column in table.columns for call in column.calls):
        return table
    return replace(table, columns=tuple(_column(column, driver) for column in table.columns))


def _column(column: Column, driver: str) -> Column:
    if not column.calls:
        return column
    return replace(column, calls=tuple(_call(call, driver) for call in column.calls))


def _call(call: Call, driver: str) -> Call:
    return call._replace(sent=dict(call.by_driver).get(driver, ""), by_driver=())
