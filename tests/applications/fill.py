"""Rows for the tables of an application at an older revision, made up from nothing but the live tables."""

from __future__ import annotations

import datetime
import decimal
import json
import re
import uuid
from collections.abc import Callable
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.exc import DBAPIError

__all__ = ["contents", "fill"]

Contents = dict[str, list[tuple[Any, ...]]]
Path = tuple[str | None, str]

ROWS = 3

MADE: tuple[tuple[Any, Callable[[Any, int], Any]], ...] = (
    (sa.Boolean, lambda _, number: number % 2 == 0),
    (sa.Integer, lambda _, number: number + 1),
    (sa.Float, lambda _, number: number / 4),
    (sa.Numeric, lambda kind, number: decimal.Decimal(number) / 4 if kind.asdecimal else number / 4),
    (sa.DateTime, lambda kind, number: datetime.datetime(2024, 5, 6 + number, tzinfo=UTC if kind.timezone else None)),
    (sa.Date, lambda _, number: datetime.date(2024, 5, 6 + number)),
    (sa.Time, lambda _, number: datetime.time(7, 8, number)),
    (sa.Interval, lambda _, number: datetime.timedelta(minutes=number)),
    (INTERVAL, lambda _, number: datetime.timedelta(minutes=number)),
    (sa.Uuid, lambda kind, number: uuid.UUID(int=number + 1) if kind.as_uuid else str(uuid.UUID(int=number + 1))),
    (sa.ARRAY, lambda _, __: []),
    (sa.JSON, lambda _, number: {"number": number}),
    (sa.LargeBinary, lambda _, number: bytes([number, 255])),
)
"""Values by the type that the catalog says."""


def fill(engine: sa.Engine, models: list[sa.Table]) -> tuple[int, list[str]]:
    """Put a few rows into every table that lets them in, referred tables first.

    Args:
        models: where a column is an enum there, one of its words is written.

    Returns:
        How many rows were put in, and the tables that took none.
    """
    live = sa.MetaData()
    schemas = {table.schema for table in models} | {None}
    for schema in schemas:
        live.reflect(engine, schema=schema)
    words = {(table.schema, table.name): table for table in models}
    inspector = sa.inspect(engine)
    stored: dict[Path, list[dict[str, Any]]] = {}
    refused = []
    for table in live.sorted_tables:
        if set(table.columns.keys()) == {"version_num"}:  # Alembic's, whatever it is called
            continue
        rows = []
        checks = [check["sqltext"] for check in inspector.get_check_constraints(table.name, schema=table.schema)]
        for number in range(ROWS):
            row = _row(table, words.get((table.schema, table.name)), stored, number)
            row.update(_listed(checks, row, number))
            try:
                with engine.begin() as connection:
                    connection.execute(sa.insert(table).values(row))
                    rows.append(row)
            except (DBAPIError, sa.exc.StatementError):
                continue
        if not rows:
            refused.append(table.name)
        stored[(table.schema, table.name)] = rows
    return sum(map(len, stored.values())), refused


def _row(
    table: sa.Table, model: sa.Table | None, stored: dict[Path, list[dict[str, Any]]], number: int
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for column in table.columns:
        if column.computed is not None or (column.identity is not None and column.identity.always):
            continue
        target = next(iter(column.foreign_keys), None)
        if target is not None and target.column.table is not table:
            parents = stored.get((target.column.table.schema, target.column.table.name)) or []
            row[column.name] = parents[number % len(parents)].get(target.column.name) if parents else None
        elif target is not None and column.nullable:
            row[column.name] = None
        else:
            modelled = model.columns.get(column.name) if model is not None else None
            row[column.name] = _value(column, modelled, number)
    return row


def _listed(checks: list[str], row: dict[str, Any], number: int) -> dict[str, str]:
    """Values for the columns whose CHECK lists words: `state IN ('on', 'off')`, as SQLite or PostgreSQL writes it."""
    found = {}
    for check in checks:
        for column in row:
            listed = re.search(rf"\b{re.escape(column)}\b\W*(?:::[\w ]+\W*)?(?:IN\b|= ANY\b)(.*)", check, re.I | re.S)
            words = re.findall(r"'([^']*)'", listed.group(1)) if listed else []
            if words:
                found[column] = words[number % len(words)]
    return found


def _value(column: sa.Column[Any], modelled: sa.Column[Any] | None, number: int) -> Any:
    kind = column.type
    for candidate in (kind, modelled.type if modelled is not None else kind):
        if isinstance(candidate, sa.Enum) and candidate.enums:
            return candidate.enums[number % len(candidate.enums)]
    for type_, make in MADE:
        if isinstance(kind, type_):
            return make(kind, number)
    return _text(column, modelled, number)


def _text(column: sa.Column[Any], modelled: sa.Column[Any] | None, number: int) -> str:
    length = getattr(column.type, "length", None)
    if modelled is not None:
        inner = modelled.type
        if isinstance(inner, sa.types.TypeDecorator):
            inner = inner.impl_instance
        if isinstance(inner, sa.Uuid):
            return uuid.UUID(int=number + 1).hex
        if isinstance(inner, sa.JSON):
            return json.dumps({"number": number})
        if isinstance(inner, sa.DateTime):
            return f"2024-05-0{6 + number} 07:08:09.000000"
    if "json" in column.name:
        return json.dumps({"number": number})
    text = f"{column.name} {number} 'ü%"
    return text if length is None else text[-length:]


def contents(engine: sa.Engine, only: dict[Path, list[str]] | None = None) -> tuple[Contents, dict[Path, list[str]]]:
    """Every row as the driver returns it, by table, and the columns that were read.

    Args:
        only: the columns to read; everything there is when None.
    """
    if only is None:
        inspector = sa.inspect(engine)
        names = [name for name in inspector.get_schema_names() if not name.startswith(("pg_", "information_schema"))]
        only = {
            (schema, table): [column["name"] for column in inspector.get_columns(table, schema=schema)]
            for schema in names
            for table in inspector.get_table_names(schema=schema)
        }
    found: Contents = {}
    with engine.connect() as connection:
        for (schema, table), columns in only.items():
            target = sa.table(table, *map(sa.column, columns), schema=schema)
            rows = connection.execute(sa.select(*target.columns)).all()
            found[f"{schema}.{table}"] = sorted((tuple(row) for row in rows), key=repr)
    return found, only
