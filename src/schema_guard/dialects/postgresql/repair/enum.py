"""Enum types and their values: values are added, never removed, renamed or moved."""

from __future__ import annotations

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.schema import held, homeless, needs_schema
from schema_guard.difference import EnumMissing, EnumValueMissing
from schema_guard.need import Kind, Need
from schema_guard.plan import Phase

__all__ = ["enum_missing", "enum_value_missing"]


def enum_missing(difference: EnumMissing, context: Context) -> Repairs:
    enum = difference.enum
    if difference.holder is not None:
        return held(difference, difference.holder, "enum type")
    return homeless(difference, enum.name, context) or [
        context.step(
            difference,
            "create-type",
            [enum.ddl],
            probes.type_absent(context.quote(enum.name)),
            Phase.TYPE,
            provides=frozenset({Need.type(enum.name)}),
            requires=needs_schema(enum.name),
        )
    ]


def enum_value_missing(difference: EnumValueMissing, context: Context) -> Repairs:
    """A transaction of its own: the value cannot be used in the one that adds it (manual, ALTER TYPE, Notes)."""
    enum = difference.enum
    name = context.quote(enum.name)
    place = f" BEFORE {literal(difference.before)}" if difference.before is not None else ""
    return [
        context.step(
            difference,
            "add-value",
            [f"ALTER TYPE {name} ADD VALUE IF NOT EXISTS {literal(difference.value)}{place}"],
            probes.enum_value_absent(name, difference.value),
            Phase.ENUM_VALUE,
            provides=frozenset({Need(Kind.VALUE, enum.name, member=difference.value)}),
            requires=frozenset({Need.type(enum.name)}),
        )
    ]
