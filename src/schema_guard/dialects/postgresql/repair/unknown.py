"""What is not repaired whatever the rows say: each with its reason and what a person could run."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import (
    EnumValueUnknown,
    ExclusionMissing,
    NotComparable,
    NotEmittable,
    NotReadable,
    ObjectUnknown,
    TableUnknown,
)
from schema_guard.difference.constraints import BOUNDS
from schema_guard.plan import Refusal
from schema_guard.schema import Name

__all__ = [
    "exclusion_missing",
    "index_left_over",
    "left_alone",
    "not_comparable",
    "not_emittable",
    "not_readable",
    "object_unknown",
]


def left_alone(difference: TableUnknown | EnumValueUnknown) -> Repairs:
    return [Refusal(difference, "the models don't know it, so it is left alone")]


def object_unknown(difference: ObjectUnknown, context: Context) -> Repairs:
    """A constraint or unique index of somebody else that hinders the application."""
    name = context.quote(difference.name)
    if difference.kind == BOUNDS:
        reason = "the partition is meant to take these rows alone"
        return [Refusal(difference, reason, ("-- in the models: map the class on the partitioned table",))]
    if difference.domain is not None:
        constraint = context.quote(difference.constraint or "")
        drop = f"ALTER DOMAIN {context.quote(difference.domain)} DROP CONSTRAINT {constraint};"
        return [Refusal(difference, "the models don't know it, so it is left alone", (drop,))]
    table = difference.partition or difference.table.name
    drop = f"ALTER TABLE {context.quote(table)} DROP CONSTRAINT {name};"
    if "index" in difference.kind:
        blocks = difference.partition is None and context.partitioned(difference.table)
        index = context.quote(Name(table.schema, difference.name))
        drop = f"DROP INDEX {'' if blocks else 'CONCURRENTLY '}{index};"
    elif difference.kind.startswith("NOT NULL"):
        drop = f"ALTER TABLE {context.quote(table)} ALTER COLUMN {name} DROP NOT NULL;"
    elif difference.kind in ("trigger", "rule"):
        drop = f"DROP {difference.kind.upper()} {name} ON {context.quote(table)};"
    return [Refusal(difference, "the models don't know it, so it is left alone", (drop,))]


def index_left_over(difference: ObjectUnknown, context: Context) -> Repairs:
    """An INVALID index that the models don't know, or know under another name: whoever began it may be at work."""
    if not any(index.name == difference.name and not index.valid for index in context.shape(difference.table).indexes):
        return []
    index = context.quote(Name(difference.table.name.schema, difference.name))
    drop = f"DROP INDEX {'' if context.partitioned(difference.table) else 'CONCURRENTLY '}{index};"
    reason = "a CREATE INDEX or REINDEX CONCURRENTLY that failed left it: keep it only while one is still at work"
    return [Refusal(difference, reason, (drop,))]


def exclusion_missing(difference: ExclusionMissing, context: Context) -> Repairs:
    """There is no NOT VALID for EXCLUDE, and its index cannot be built concurrently (manual, ALTER TABLE)."""
    wanted = difference.exclusion
    rejection = context.rejection(difference.table, wanted)
    if rejection is not None:
        return [Refusal(difference, rejection.said, rejection.advice)]
    instead = f"DROP CONSTRAINT {context.quote(wanted.name)}, " if difference.holder is not None and wanted.name else ""
    statement = f"ALTER TABLE {context.quote(difference.table.name)} {instead}ADD {wanted.ddl};"
    return [Refusal(difference, "it would block readers and writers while its index is built", (statement,))]


def not_comparable(difference: NotComparable) -> Repairs:
    return [Refusal(difference, f"what cannot be compared is not changed: {difference.reason}")]


def not_emittable(difference: NotEmittable) -> Repairs:
    return [Refusal(difference, "fix the models: there is no DDL for it")]


def not_readable(difference: NotReadable) -> Repairs:
    """A lock is released some day; a definition that the server cannot write out has to be replaced by a person."""
    if difference.unread.locked:
        return [Refusal(difference, "it is looked at again when the lock is released: run again then")]
    return [Refusal(difference, "nothing is changed in a table whose definitions cannot be read")]
