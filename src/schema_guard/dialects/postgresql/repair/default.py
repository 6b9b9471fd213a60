"""Server defaults, identity and generated columns. SET DEFAULT changes no row that is there."""

from __future__ import annotations

import re

from schema_guard.column import BITS
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import HIDDEN, Context, Repairs
from schema_guard.dialects.postgresql.repair.inherited import alter_table, with_partitioned
from schema_guard.dialects.postgresql.repair.naming import chosen
from schema_guard.dialects.postgresql.repair.type import type_and_default
from schema_guard.dialects.postgresql.repair.volatility import rewrites
from schema_guard.dialects.unknown_rules import hinders_default
from schema_guard.difference import DefaultDiffers, GeneratedDiffers, IdentityDiffers
from schema_guard.need import Need
from schema_guard.plan import Hazard, Phase, Refusal, Step
from schema_guard.schema import Column, Name, Relation

__all__ = ["default_differs", "generated_differs", "identity_differs", "identity_words"]

_IDENTITY = re.compile(r"GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY(?: \([^()]*\))?")
"""As SQLAlchemy writes it in a column's definition, with the sequence's options."""


def identity_words(column: Column) -> str:
    """What makes the column of the models an identity column, in its definition."""
    written = _IDENTITY.search(column.ddl)
    assert written is not None, column.ddl
    return written[0]


def default_differs(difference: DefaultDiffers, context: Context) -> Repairs:
    if (repairs := with_partitioned(difference, default_differs, context)) is not None:
        return repairs
    table, column = difference.table, difference.column
    if difference.actual.generated is not None or difference.actual.identity is not None:
        return [Refusal(difference, "the column is generated or an identity column, which takes no default")]
    name, quoted = context.quote(table.name), context.quote(column.name)
    if column.default is None and not column.autoincrement:
        return [_unsaid(difference, context)]
    if column.default is None:
        if context.hidden(difference):
            return [Refusal(difference, HIDDEN)]
        if difference.actual.default is not None:
            advice = f"ALTER TABLE {name} ALTER COLUMN {quoted} DROP DEFAULT; -- apply then gives it a sequence"
            return [Refusal(difference, "it has a default, which raises an error", (advice,))]
        if context.shape(table).facts.fillers:
            reason = f"{context.shape(table).facts.filled_by} may give the key, and two sources could collide"
            return [Refusal(difference, reason)]
        return _by_sequence(difference, context)
    if column.default_misread:
        reason = "the models' own default is a text that their type cannot read: correct it there, then run again"
        return [Refusal(difference, reason)]
    if against := hinders_default(difference, context.differences, repeats=not rewrites(column.default)):
        advice = f"ALTER TABLE {name} ALTER COLUMN {quoted} SET DEFAULT {column.default};"
        return [Refusal(difference, against, (advice,))]
    return type_and_default(difference, context) or [
        context.step(
            difference,
            "set-default",
            [f"{alter_table(difference, context)} ALTER COLUMN {quoted} SET DEFAULT {column.default}"],
            _still_differs(difference, name, context),
            Phase.DEFAULT,
            provides=frozenset({Need.default(table.name, column.name)}),
            requires=frozenset({Need.column(table.name, column.name)}) | context.sequences_needed(column.default),
        )
    ]


def _unsaid(difference: DefaultDiffers, context: Context) -> Refusal:
    name, quoted = context.quote(difference.table.name), context.quote(difference.column.name)
    return Refusal(
        difference,
        "the models do not say how the server makes the value (FetchedValue)",
        (
            f"ALTER TABLE {name} ALTER COLUMN {quoted} DROP NOT NULL; -- rows are then stored without a value",
            f"-- or a default, or a trigger BEFORE INSERT: ALTER TABLE {name} ALTER COLUMN {quoted} SET DEFAULT ..;",
        ),
    )


def _still_differs(difference: DefaultDiffers, table: str, context: Context) -> str:
    """While it has none; or, where it has another, while that is what it was when it was looked at."""
    column, actual = difference.column.name, difference.actual.default
    if actual is None or context.offline:
        return probes.default_is_not(table, column)
    return probes.default_is(table, column, actual)


def _by_sequence(difference: DefaultDiffers, context: Context) -> Repairs:
    """A SERIAL key that lost its default: its sequence is taken up again, and set above the highest key, never back."""
    table, column = difference.table, difference.column
    name, quoted = context.quote(table.name), context.quote(column.name)
    sequence = Name(table.name.schema, chosen(table.name.name, column.name, "seq", ()))
    relation = context.quote(sequence)
    # Nothing happens where it stands already, not even to its owner (manual, CREATE SEQUENCE, IF NOT EXISTS).
    live = context.shape(table).column(column.name) or column
    # As SERIAL makes it, so that it ends where its column does.
    kind = f" AS {live.type.name}" if live.type.name in ("smallint", "integer") else ""
    create = [f"CREATE SEQUENCE IF NOT EXISTS {relation}{kind} OWNED BY {name}.{quoted}"]
    owner = context.shape(table).facts.owner
    if owner is not None:  # a column's sequence has to belong to the table's owner, who has to be able to use it
        create = [
            f"CREATE SEQUENCE IF NOT EXISTS {relation}{kind}",
            f"ALTER SEQUENCE {relation} OWNER TO {context.quote(owner)}",
            f"ALTER SEQUENCE {relation} OWNED BY {name}.{quoted}",
        ]
    whole = "" if live.type.name in BITS else "::pg_catalog.int8"
    # ACCESS EXCLUSIVE is held from the ALTER on, so that no key is inserted between max() and setval().
    raise_to_top = (
        f"SELECT pg_catalog.setval(bounds.seqrelid::pg_catalog.regclass, least(keys.top, bounds.seqmax){whole})"
        f" FROM (SELECT max({quoted}) AS top FROM {name}) AS keys, {relation} AS counter,"
        " pg_catalog.pg_sequence AS bounds"
        f" WHERE bounds.seqrelid = {literal(relation)}::pg_catalog.regclass AND bounds.seqincrement > 0"
        " AND keys.top >= bounds.seqmin AND keys.top >= counter.last_value"
    )
    return [
        context.step(
            difference,
            "set-default",
            [
                *create,
                f"{alter_table(difference, context)} ALTER COLUMN {quoted} SET DEFAULT"
                f" pg_catalog.nextval({literal(relation)}::pg_catalog.regclass)",
                raise_to_top,
            ],
            probes.default_is_not(name, column.name),
            Phase.DEFAULT,
            cost="for as long as it takes to find the highest key",
            hazards=() if _leads_an_index(difference, context) else (Hazard.SCANS,),
            provides=frozenset({Need.default(table.name, column.name)}),
            requires=frozenset({Need.column(table.name, column.name)}),
            unless=probes.not_its_sequence(relation, name, column.name),
            unless_reason=f"something else holds the name {sequence}, or another column's keys come from it",
        )
    ]


def _leads_an_index(difference: DefaultDiffers | IdentityDiffers, context: Context) -> bool:
    key = context.shape(difference.table).primary_key
    return key is not None and key.columns[:1] == (difference.column.name,)


def identity_differs(difference: IdentityDiffers, context: Context) -> Repairs:
    table, column = difference.table, difference.column
    name, quoted = context.quote(table.name), context.quote(column.name)
    if _takes_identity(difference, context) and not context.hidden(difference):
        return [_made_identity(difference, context)]
    if column.identity is None and column.autoincrement:
        advice = [f"ALTER TABLE {name} ALTER COLUMN {quoted} SET GENERATED BY DEFAULT;"]
    elif column.identity is None:
        advice = [f"ALTER TABLE {name} ALTER COLUMN {quoted} DROP IDENTITY;"]
    else:
        kind = "ALWAYS" if column.identity.always else "BY DEFAULT"
        if context.shape(table).relation is Relation.PARTITION and context.at_least(17):
            change = (
                f"-- of its partitioned table: ALTER TABLE .. ALTER COLUMN {quoted} ADD GENERATED {kind} AS IDENTITY;"
            )
            return [Refusal(difference, "a partition has the identity columns of its partitioned table", (change,))]
        if difference.actual.identity is not None:
            advice = [f"ALTER TABLE {name} ALTER COLUMN {quoted} SET GENERATED {kind};"]
        else:
            drop = [f"ALTER TABLE {name} ALTER COLUMN {quoted} DROP DEFAULT;"] if difference.actual.default else []
            sequence = f"pg_catalog.pg_get_serial_sequence({literal(name)}, {literal(column.name)})"
            advice = [
                *drop,
                f"ALTER TABLE {name} ALTER COLUMN {quoted} ADD GENERATED {kind} AS IDENTITY;",
                f"SELECT pg_catalog.setval({sequence}, (SELECT coalesce(max({quoted}), 0) + 1 FROM {name}), false);",
            ]
    key = context.shape(table).primary_key
    what = "the key" if key is not None and column.name in key.columns else "the column"
    return [Refusal(difference, f"who gives {what} its value would change under running writers", tuple(advice))]


def _takes_identity(difference: IdentityDiffers, context: Context) -> bool:
    """Nothing gives the value now, and the server takes an identity there: on integers, which a step before makes NOT
    NULL, on partitioned tables from 17 on (release notes)."""
    actual = difference.actual
    if difference.column.identity is None or actual.identity is not None or actual.default is not None:
        return False
    if context.shape(difference.table).facts.fillers:  # a trigger may give the key: two sources could collide
        return False
    if context.shape(difference.table).relation is Relation.PARTITION and context.at_least(17):
        return False
    if actual.type.name not in ("smallint", "integer", "bigint"):
        return False
    return not context.partitioned(difference.table) or context.at_least(17)


def _made_identity(difference: IdentityDiffers, context: Context) -> Step:
    """Only the catalog is written. Its sequence starts above the highest key; one that starts higher still is let be.

    ACCESS EXCLUSIVE is held from the ALTER on, so that no key is inserted between max() and setval().
    """
    table, column = difference.table, difference.column
    name, quoted = context.quote(table.name), context.quote(column.name)
    sequence = f"pg_catalog.pg_get_serial_sequence({literal(name)}, {literal(column.name)})::pg_catalog.regclass"
    return context.step(
        difference,
        "add-identity",
        [
            f"ALTER TABLE {name} ALTER COLUMN {quoted} ADD {identity_words(column)}",
            f"SELECT pg_catalog.setval(counter.seqrelid::pg_catalog.regclass, least(keys.top, counter.seqmax))"
            f" FROM (SELECT max({quoted}) AS top FROM {name}) AS keys, pg_catalog.pg_sequence AS counter"
            f" WHERE counter.seqrelid = {sequence} AND counter.seqincrement > 0 AND keys.top >= counter.seqstart",
        ],
        probes.column_has(name, column.name, "a.attidentity = '' AND NOT a.atthasdef"),
        Phase.DEFAULT,
        cost="for as long as it takes to find the highest key",
        hazards=() if _leads_an_index(difference, context) else (Hazard.SCANS,),
        requires=frozenset({Need.column(table.name, column.name), Need.not_null(table.name, column.name)}),
    )


def generated_differs(difference: GeneratedDiffers, context: Context) -> Repairs:
    table, column = difference.table, difference.column
    name, quoted = context.quote(table.name), context.quote(column.name)
    if column.generated is None:
        advice = f"ALTER TABLE {name} ALTER COLUMN {quoted} DROP EXPRESSION;"
        return [Refusal(difference, "its values would no longer be computed", (advice,))]
    return [
        Refusal(
            difference,
            "its values would have to be computed anew in place of those that are there",
            (f"ALTER TABLE {name} DROP COLUMN {quoted}, ADD COLUMN {column.ddl}; -- loses the column's own values",),
        )
    ]
