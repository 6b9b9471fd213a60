"""Enum types and their values: values are added, never removed, renamed or moved."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.column import BITS
from schema_guard.dialects.labels import respelled, spelled
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.schema import held, homeless, needs_schema
from schema_guard.difference import EnumMissing, EnumValueMissing, RowsUnreadable
from schema_guard.need import Kind, Need
from schema_guard.plan import CORRECT, Phase, Refusal
from schema_guard.schema import Enum, Name, Type

__all__ = ["enum_missing", "enum_value_missing", "rows_unreadable"]


def enum_missing(difference: EnumMissing, context: Context) -> Repairs:
    enum = difference.enum
    if difference.holder is not None:
        return held(difference, difference.holder, enum.name, context)
    too_long = next((label for label in enum.values if _too_long(label, context)), None)
    if too_long is not None:
        return [_never_a_label(difference, too_long)]
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
    if _too_long(difference.value, context):
        return [_never_a_label(difference, difference.value)]
    name = context.quote(enum.name)
    old = renamed(enum, difference.actual).get(difference.value)
    if old is not None and _held(enum, context):
        statement = f"ALTER TYPE {name} RENAME VALUE {literal(old)} TO {literal(difference.value)};"
        reason = f"'{old}' seems to have been renamed, and rows hold it: once both values are there it cannot be"
        return [Refusal(difference, reason, (statement,))]
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


def _too_long(label: str, context: Context) -> bool:
    """A label is a name, but one that the server does not cut (manual, 8.7.4)."""
    return context.dialect.identifier(label) != label


def _never_a_label(difference: EnumMissing | EnumValueMissing, label: str) -> Refusal:
    reason = f"a label of an enum has at most 63 bytes, and {label!r} has more"
    return Refusal(difference, reason, ("shorten it in the models, or use Enum(.., native_enum=False)",))


def rows_unreadable(difference: RowsUnreadable, context: Context) -> Repairs:
    """Values that are set are not overwritten: what could be run depends on what they mean."""
    hindrance = context.hindrance(difference, "hold other values", "holds another value", CORRECT)
    if hindrance is None:
        return [Refusal(difference, "whether rows hold other values could not be counted")]
    return [Refusal(difference, hindrance.reason, (*hindrance.advice, *_renaming(difference, context)))]


def _renaming(difference: RowsUnreadable, context: Context) -> Iterator[str]:
    """The statements that give rows values of the models, where it is evident which these are."""
    live = next((enum for enum in context.actual.enums if enum.name == _name_of(difference.actual.type)), None)
    wanted = next((enum for enum in context.expected.enums if enum.name == _name_of(difference.column.type)), None)
    told = _told_by_label(live, context) if live is not None else ()
    for new, old in renamed(wanted, live).items() if wanted is not None and live is not None else ():
        assert live is not None
        if new not in told:
            yield f"ALTER TYPE {context.quote(live.name)} RENAME VALUE {literal(old)} TO {literal(new)};"
    others = difference.actual.others if live is None else live.values
    table, column = context.quote(difference.table.name), context.quote(difference.column.name)
    if difference.of_no_version and difference.column.type.name in BITS:
        yield f"UPDATE {table} SET {column} = 1 WHERE {column} IS NULL;"
    for old, new in respelled(difference.known, others):
        if live is not None and new not in live.values:
            continue
        if difference.column.type.dimensions:
            items = f"pg_catalog.array_replace({column}, {literal(old)}, {literal(new)})"
            yield f"UPDATE {table} SET {column} = {items} WHERE {literal(old)} = ANY ({column});"
        else:
            yield f"UPDATE {table} SET {column} = {literal(new)} WHERE {column} = {literal(old)};"


def _told_by_label(live: Enum, context: Context) -> frozenset[str]:
    """The labels whose own finding has the statement: it works once."""
    missing = (each for each in context.differences if isinstance(each, EnumValueMissing))
    return frozenset(each.value for each in missing if each.enum.name == live.name)


def renamed(wanted: Enum, live: Enum) -> dict[str, str]:
    """Old label by the new one, where it is evident: the same word in another spelling, or the same place in a list
    that is otherwise the same."""
    missing = [value for value in wanted.values if value not in live.values]
    unknown = [value for value in live.values if value not in wanted.values]
    pairs: dict[str, str] = {}
    if len(wanted.values) == len(live.values):
        changed = [(new, old) for new, old in zip(wanted.values, live.values, strict=True) if new != old]
        if all(new in missing and old in unknown for new, old in changed):
            pairs.update(changed)
    for value in missing:
        alike = [old for old in unknown if spelled(old) == spelled(value)]
        if len(alike) == 1:
            pairs[value] = alike[0]
    return pairs


def _held(enum: Enum, context: Context) -> bool:
    """Whether rows of a column of the enum hold labels that the models lack."""
    return any(
        isinstance(other, RowsUnreadable) and _name_of(other.actual.type) == enum.name for other in context.differences
    )


def _name_of(type_: Type) -> Name:
    return Name(type_.schema, type_.name)
