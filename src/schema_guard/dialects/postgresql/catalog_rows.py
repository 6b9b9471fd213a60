"""The rows of queries/catalog.sql: their fields in the query's order."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

__all__ = [
    "ColumnRow",
    "ConstraintRow",
    "CounterRow",
    "Items",
    "OtherRow",
    "PartitionRuleRow",
    "PublishedRow",
    "TableRow",
    "TypeRow",
    "UseRow",
    "items_of",
]


class TableRow(NamedTuple):
    oid: int
    schema: str
    name: str
    kind: str
    partition: bool
    rows: float
    row_security: bool
    owned: bool
    triggers: bool
    comment: str | None
    inherited: bool
    bytes: int
    empty: bool
    children: list[list[str]] | None
    partitions: list[list[str]] | None
    owner: str | None
    of_type: str | None
    replica_identity: list[str] | None
    referable: bool
    fillers: list[list[Any]] | None
    unread: bool
    """Expressions of its own were left out."""
    readable: bool
    strategy: str | None
    denied: list[tuple[str, str, list[str] | None, str, list[str] | None]] | None
    """What the connected role may not do: privilege, of what, columns; of a function its name, and what calls it."""
    interveners: list[list[Any]] | None
    """As interveners.py reads them."""
    populated: bool
    detaching: list[list[str]] | None
    bounds: str | None
    """Of a partition: which rows it takes."""


class ColumnRow(NamedTuple):
    table: int
    number: int
    name: str
    type: str
    not_null: bool
    default: str | None
    identity: str
    generated: str
    collation: str | None
    type_kind: str
    """Of an array the kind of its elements."""
    domain_not_null: bool
    comment: str | None
    type_default: bool


class ConstraintRow(NamedTuple):
    table: int
    kind: str
    name: str
    columns: list[int] | None
    deferrable: bool
    deferred: bool
    validated: bool
    enforced: bool
    definition: str | None
    target_schema: str | None
    target: str | None
    target_columns: list[str] | None
    on_delete: str
    on_update: str
    match: str
    temporal: bool
    """WITHOUT OVERLAPS or PERIOD (PostgreSQL 18): no plain unique or foreign key."""
    backed_by: int | None
    delete_columns: list[str] | None
    """SET NULL and SET DEFAULT of some of the columns only (PostgreSQL 15)."""
    operators: list[str] | None
    """Of EXCLUDE: one for each key."""
    disabled: bool
    """Of FOREIGN KEY: a trigger that checks it, on either table, does not fire."""
    alone: bool
    """Of CHECK: NO INHERIT, and some table that inherits is without it."""


class TypeRow(NamedTuple):
    schema: str
    name: str
    kind: str
    base: str | None
    not_null: bool
    default: str | None
    constrained: bool
    labels: list[str] | None
    owned: bool
    checks: list[tuple[str, str]] | None
    """Of a domain: name and condition."""


class CounterRow(NamedTuple):
    table: int
    """0: a sequence that the models name."""
    column: str
    schema: str
    name: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cycles: bool
    last: int | None
    readable: bool
    owned: bool
    usable: bool


class OtherRow(NamedTuple):
    schema: str
    name: str
    kind: str
    partition: bool
    index_of: str | None
    of_extension: bool
    columns: list[list[str]] | None
    """Of a table: names and types."""


class PublishedRow(NamedTuple):
    table: int
    schema: str
    name: str
    publication: str
    updates: bool
    deletes: bool
    reason: str
    kind: str
    identity: list[str]
    has_key: bool
    other_key: str | None
    full_serves: bool
    holder_schema: str | None
    holder: str | None
    listed: list[str] | None
    filter: str | None


class PartitionRuleRow(NamedTuple):
    table: int
    kind: str
    columns: list[str]
    target_schema: str | None
    target: str | None
    schema: str
    partition: str
    name: str
    partitions: int
    all: bool


class UseRow(NamedTuple):
    table: int
    kind: str
    """As pg_identify_object says it."""
    identity: str
    columns: list[str] | None
    """None when it uses the table's row type."""


def items_of(text: object) -> list[Any]:
    """What one row of catalog.sql holds."""
    if isinstance(text, list):
        return text
    return list(json.loads(str(text))) if text else []


class Items:
    """What the rows of one query hold, by kind: each is read when it is asked for, once, and let go.

    Args:
        rows: (kind, JSON text or None); or (kind, list) where it was read before. The list is emptied: all of them
            together take much memory.
    """

    def __init__(self, rows: list[tuple[object, ...]]) -> None:
        self._texts = {str(kind): text for kind, text in rows}
        rows.clear()

    def __getitem__(self, kind: str) -> list[Any]:
        return items_of(self._texts.pop(kind))
