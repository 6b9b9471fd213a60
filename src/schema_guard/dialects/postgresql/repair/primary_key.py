"""Primary keys: added where there is none and the rows allow it; one that is there is never replaced."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.index import build_concurrently, left_over
from schema_guard.dialects.postgresql.repair.key import add_key
from schema_guard.dialects.postgresql.repair.naming import chosen
from schema_guard.dialects.postgresql.repair.nullability import tighten
from schema_guard.dialects.postgresql.repair.replica_identity import with_full_identity
from schema_guard.difference import PrimaryKeyDiffers
from schema_guard.need import Need
from schema_guard.plan import CHANGE_OR_REMOVE, Phase, Refusal, Step
from schema_guard.schema import Index, IndexElement, Name, Table

__all__ = ["primary_key_differs"]


def primary_key_differs(difference: PrimaryKeyDiffers, context: Context) -> Repairs:
    table, key = difference.table, difference.primary_key
    if difference.actual is not None:
        return [_other_key(difference, context)]
    hindrance = context.hindrance(difference, "hold NULL in it, or share it", "holds NULL in it", CHANGE_OR_REMOVE)
    if hindrance is not None:
        return [replace(hindrance, advice=(*hindrance.advice, *_meanwhile(difference, context)))]
    name = key.name or context.name_for(difference, table.name, "", "pkey", own=_own(table, context))
    unfinished = left_over(Name(table.name.schema, name), context.live(table))
    if (context.empty(table) and not unfinished) or context.partitioned(table):
        return [add_key(difference, key, name, probes.primary_key_absent(context.quote(table.name)), context)]
    return _by_index(difference, name, context)


def _by_index(difference: PrimaryKeyDiffers, name: str, context: Context) -> Repairs:
    table, key = difference.table, difference.primary_key
    relation = Name(table.name.schema, name)
    quoted = context.quote(table.name)
    shape = context.shape(table)
    steps: list[Step | Refusal] = []
    tight: set[Need] = set()
    for column_name in key.columns:
        column = shape.column(column_name)
        if column is None or not (column.nullable or not column.validated):
            continue
        exists = f"SELECT EXISTS (SELECT 1 FROM {quoted} WHERE {context.quote(column_name)} IS NULL)"
        reason = f"rows hold NULL in {column_name}"
        steps.extend(tighten(difference, table, column, context, unless=exists, reason=reason))
        tight.add(Need.not_null(table.name, column_name))
    violators = context.violators(difference, shape)
    columns = ", ".join(map(context.quote, key.columns))
    index = Index(
        name=name,
        elements=tuple(IndexElement(column) for column in key.columns),
        unique=True,
        definition=f"({columns})",
    )
    constraint = context.quote(name)
    built = Need.index(relation)
    ready = probes.index_valid(quoted, context.quote(relation))
    steps.append(
        build_concurrently(
            difference,
            index,
            relation,
            context,
            Phase.PRIMARY_KEY,
            probe=f"SELECT ({probes.primary_key_absent(quoted)}) AND NOT ({ready})",
            unless=violators.exists if violators else "",
            reason=f"rows cannot take part: {violators.query}" if violators else "",
            resolves=False,
            provides=frozenset({built}),
        )
    )
    steps.append(
        context.step(
            difference,
            "add-primary-key",
            [f"ALTER TABLE {quoted} ADD CONSTRAINT {constraint} PRIMARY KEY USING INDEX {constraint}"],
            probes.primary_key_absent(quoted),
            Phase.PRIMARY_KEY,
            requires=frozenset({built, *tight}),
        )
    )
    return steps


def _other_key(difference: PrimaryKeyDiffers, context: Context) -> Refusal:
    quoted = context.quote(difference.table.name)
    actual = difference.actual
    drop = context.quote(actual.name) if actual and actual.name else ".."
    reason = "foreign keys and replication may depend on the primary key that is there"
    change = f"ALTER TABLE {quoted} DROP CONSTRAINT {drop}, ADD {difference.primary_key.ddl};"
    plural, singular = "hold NULL in the other, or share it", "holds NULL in the other"
    if hindrance := context.hindrance(difference, plural, singular, remedy=""):
        return replace(
            hindrance, reason=f"{reason}, and {hindrance.reason}", advice=(*hindrance.advice, f"-- then: {change}")
        )
    return Refusal(difference, reason, (change,))


def _meanwhile(difference: PrimaryKeyDiffers, context: Context) -> tuple[str, ...]:
    """What lets the rows of a published table be changed before it has a key."""
    live = context.live(difference.table)
    unfit = [each for each in live.facts.unchangeable if each.reason == "none" and each.full_serves] if live else []
    return tuple(dict.fromkeys(with_full_identity(each, context) for each in unfit))


def _own(table: Table, context: Context) -> set[str]:
    """The name that an interrupted run of the guard gave the key's index."""
    live = context.live(table)
    plain = chosen(table.name.name, "", "pkey", ())
    indexes = live.indexes if live else ()
    return {index.name for index in indexes if index.name == plain and index.unique}
