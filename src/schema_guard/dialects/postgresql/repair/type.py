"""Types: widened where PostgreSQL only writes the catalog; what rewrites, casts or narrows is a person's decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.column import PARENT, VIEW, Use
from schema_guard.dialects.postgresql.fits import fits_when_longer, has_cast
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.inherited import with_partitioned
from schema_guard.dialects.postgresql.repair.joined import parted_by
from schema_guard.dialects.postgresql.repair.sequence import widened_with
from schema_guard.dialects.violators import mentions
from schema_guard.difference import CollationDiffers, DefaultDiffers, Fit, TypeDiffers
from schema_guard.need import Need
from schema_guard.plan import INSTANT, Hazard, Lock, Locked, Phase, Refusal, Step
from schema_guard.schema import Name, TypeKind

__all__ = ["collation_differs", "retyped", "type_and_default", "type_differs"]

DEPENDED_ON = "something that was created after the check uses the column"
VERIFIED_AT_ONCE = 10_000
"""Rows of a table that refers to a column whose type changes: the server looks at each of them, while nobody reads."""


SHOWN = 5
"""How many of the things that use a column a refusal names."""


def type_differs(difference: TypeDiffers, context: Context) -> Repairs:
    if (repairs := with_partitioned(difference, type_differs, context)) is not None:
        return repairs
    live = context.live(difference.table)
    rows_held_in = live.facts.rows_held_in if live else ()
    uses = (*difference.actual.used_by, *(Use("column", name) for name in rows_held_in))
    if uses:
        return [_used(difference, uses, context)]
    expected = difference.column.type
    if _between_enums(difference) and not context.has_type(Name(expected.schema, expected.name)):
        return [_elsewhere(difference, context)]
    match difference.fit:
        case Fit.NARROWER:
            return _widen(difference, context, rewrites=False)
        case Fit.NARROWER_REWRITE if context.small(difference.table):
            return _widen(difference, context, rewrites=True)
        case Fit.NARROWER_REWRITE:
            return [_too_big(difference, context)]
        case Fit.OTHER | Fit.INCOMPATIBLE if _casts_nothing(difference, context):
            return [_retyped(difference, context)]
        case Fit.INCOMPATIBLE if _is_too_short(difference):
            return _widen(difference, context, rewrites=False, wanted="VARCHAR")
        case Fit.SAME | Fit.WIDER | Fit.OTHER | Fit.INCOMPATIBLE | Fit.UNKNOWN:
            return [_would_cast(difference, context)]


def type_and_default(difference: DefaultDiffers, context: Context) -> Repairs:
    """The step that gives the column another type, where that sets its default as well; none otherwise."""
    found = (
        repair
        for other in context.differences
        if isinstance(other, TypeDiffers) and other.object == difference.object
        for repair in type_differs(other, context)
    )
    sets = Need.default(difference.table.name, difference.column.name)
    return [
        replace(step, resolves=(difference.key,), answers=(difference,))
        for step in found
        if isinstance(step, Step) and sets in step.provides
    ]


def _is_too_short(difference: TypeDiffers) -> bool:
    """Whether a VARCHAR without a length would take all values, so that nothing has to be cast."""
    actual = difference.actual.type
    return actual.name == "character varying" and fits_when_longer(difference.column.type, actual)


def _widen(difference: TypeDiffers, context: Context, *, rewrites: bool, wanted: str = "") -> Repairs:
    """To the type of the models; or to another one that takes all its values, which a later run is content with."""
    table, column = difference.table, difference.column
    quoted, statement = context.quote(table.name), _alter(difference, context, wanted)
    used = probes.depended_on(quoted, column.name)
    joined = [each for each in context.survey.joined.get(table.name, ()) if each.column == column.name]
    verified = [each for each in joined if each.refers] if rewrites else []
    if long := [each.other for each in verified if each.hides_rows or each.rows > VERIFIED_AT_ONCE]:
        return [_verified_too_long(difference, long, context)]
    doubts = [used, context.too_many(table)] if rewrites else [used]
    doubts += [probes.more_rows_than(VERIFIED_AT_ONCE, context.quote(each.other)) for each in verified]
    # it makes the foreign keys anew, for which the server locks the tables at their other end as it locks this one
    names = dict.fromkeys((table.name, *(each.other for each in joined)))
    return [
        context.step(
            difference,
            "alter-type",
            [statement, *widened_with(column.type.name, difference.actual.sequence, context)],
            _as_it_was(difference, quoted, context),
            Phase.WIDEN,
            locks=context.with_children(tuple(Locked(Lock.ACCESS_EXCLUSIVE, name) for name in names)),
            cost="rewrites a small or empty table" if rewrites else INSTANT,
            hazards=(Hazard.REWRITES, Hazard.BLOCKS_READS) if rewrites and not context.empty(table) else (),
            rewrites=rewrites,
            scans=rewrites,
            resolves=not wanted,
            provides=frozenset() if wanted else frozenset({Need.column_type(table.name, column.name)}),
            requires=frozenset({Need.column(table.name, column.name)})
            | (frozenset() if wanted else context.types_needed(column.type)),
            unless=probes.any_of(*doubts),
            unless_reason=DEPENDED_ON
            + ("; or the table grew after the check" if rewrites else "")
            + (f", or one that refers to it holds more than {VERIFIED_AT_ONCE:,} rows" if verified else ""),
        )
    ]


def _verified_too_long(difference: TypeDiffers, others: Sequence[Name], context: Context) -> Refusal:
    which = ", ".join(map(context.told, dict.fromkeys(map(str, others))))
    return Refusal(
        difference,
        f"PostgreSQL would look at each row of what refers to it ({which}), and block readers and writers meanwhile",
        (f"{_alter(difference, context)};",),
    )


def _used(difference: TypeDiffers, uses: Sequence[Use], context: Context) -> Refusal:
    """ALTER TYPE is an error below anything that was compiled against the old type (manual, ALTER TABLE)."""
    table = difference.table.name
    more = f" and {len(uses) - SHOWN} more" if len(uses) > SHOWN else ""
    views = [use.identity for use in uses if use.kind == VIEW]
    change = f"ALTER COLUMN {context.quote(difference.column.name)} TYPE {_with_collation(difference, context)}"
    alter = f"ALTER TABLE {context.quote(table)} {change}"
    parents = [use.identity for use in uses if use.kind == PARENT]
    if parents:
        reason = f"the column is inherited from {context.told(', '.join(parents))}, which has to be altered instead"
        return Refusal(difference, reason, tuple(f"ALTER TABLE {parent} {change};" for parent in parents))
    return Refusal(
        difference,
        f"PostgreSQL changes no type that is used by {context.told(', '.join(map(str, uses[:SHOWN])))}{more}",
        (
            *(f"SELECT pg_catalog.pg_get_viewdef({literal(view)}::pg_catalog.regclass);" for view in views),
            f"-- in one transaction: drop what uses it, run this, and make it again: {alter};",
        ),
    )


def _casts_nothing(difference: TypeDiffers, context: Context) -> bool:
    """Whether the table is known to be empty, and nothing else of it was made for the old type."""
    live = context.live(difference.table)
    if live is None or not context.empty(live) or live.facts.children:
        return False
    actual, name = difference.actual, difference.actual.name
    if actual.identity is not None or actual.generated is not None:
        return False
    if actual.default is not None and difference.column.default is None:
        return False
    keys = [live.primary_key] if live.primary_key else []
    held = [item.columns for group in (keys, live.uniques, live.foreign_keys) for item in group]
    if any(name in columns for columns in held):
        return False
    texts = [check.expression for check in live.checks] + [exclusion.definition for exclusion in live.exclusions]
    for index in live.indexes:
        texts += [element.text for element in index.elements] + [*index.include, index.where or ""]
    return not any(mentions(text, name) for text in texts)


def _retyped(difference: TypeDiffers, context: Context) -> Step:
    """Of an empty table. The lock is taken first and the table looked at under it: no value is ever cast."""
    table, column = difference.table, difference.column
    quoted, name = context.quote(table.name), context.quote(column.name)
    wanted = column.type.text
    collate = f" COLLATE {context.collation(column.collation)}" if column.collation else ""
    change = f"ALTER COLUMN {name} TYPE {wanted}{collate} USING {name}::pg_catalog.text::{wanted}"
    changes = _with_default(name, change, column.default, drops=column.default is not None)
    return context.step(
        difference,
        "alter-type",
        [
            f"LOCK TABLE {quoted} IN ACCESS EXCLUSIVE MODE",
            f"SELECT 1 / (NOT EXISTS (SELECT 1 FROM {quoted}))::pg_catalog.int4 AS only_while_it_is_empty",
            f"ALTER TABLE {quoted} {changes}",
        ],
        _as_it_was(difference, quoted, context),
        Phase.WIDEN,
        cost="brief lock; the table is empty",
        rewrites=True,
        provides=frozenset({Need.column_type(table.name, column.name)})
        | ({Need.default(table.name, column.name)} if column.default is not None else set()),
        requires=frozenset({Need.column(table.name, column.name)})
        | context.types_needed(column.type)
        | context.sequences_needed(column.default)
        | _joined_types(difference, context),
        unless=probes.any_of(probes.depended_on(quoted, column.name), f"SELECT EXISTS (SELECT 1 FROM {quoted})"),
        unless_reason=f"{DEPENDED_ON}, or the table holds rows now",
    )


def _joined_types(difference: TypeDiffers, context: Context) -> frozenset[Need]:
    """The other types that it waits for: those of the columns that a foreign key joins to it.

    Where both change, that of the referred column comes first.
    """
    return frozenset(
        Need.column_type(table, name)
        for table, name, refers in parted_by(difference, context)
        if refers or not any(_casts_nothing(other, context) for other in _of(table, name, context))
    )


def retyped(table: Name, name: str, context: Context) -> bool:
    """Whether a step of this plan gives the column the type of the models."""
    wanted = Need.column_type(table, name)
    return any(
        isinstance(repair, Step) and wanted in repair.provides
        for other in _of(table, name, context)
        for repair in type_differs(other, context)
    )


def _of(table: Name, name: str, context: Context) -> list[TypeDiffers]:
    found = (other for other in context.differences if isinstance(other, TypeDiffers))
    return [other for other in found if (other.table.name, other.column.name) == (table, name)]


def _with_default(name: str, change: str, default: str | None, *, drops: bool) -> str:
    """The change of a column's type; a default of the old type is not cast along (manual, ALTER TABLE)."""
    changes = [f"ALTER COLUMN {name} DROP DEFAULT"] if drops else []
    changes.append(change)
    if drops and default is not None:
        changes.append(f"ALTER COLUMN {name} SET DEFAULT {default}")
    return ", ".join(changes)


def _as_it_was(difference: TypeDiffers, table: str, context: Context) -> str:
    if context.offline:
        return probes.narrower_than(table, difference.column.name, difference.column.type)
    return probes.type_is(table, difference.column.name, difference.actual.type.text)


def _with_collation(difference: TypeDiffers, context: Context, wanted: str = "") -> str:
    """ALTER TYPE without COLLATE would reset the column's collation, and so rebuild its indexes."""
    text, collation = wanted or difference.column.type.text, difference.actual.collation
    return text if collation is None else f"{text} COLLATE {context.collation(collation)}"


def _alter(difference: TypeDiffers, context: Context, wanted: str = "") -> str:
    table, column = context.quote(difference.table.name), context.quote(difference.column.name)
    return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {_with_collation(difference, context, wanted)}"


def _too_big(difference: TypeDiffers, context: Context) -> Refusal:
    name = context.quote(difference.table.name)
    aside = context.quote(f"{difference.column.name[:58]}_new")
    wanted = _with_collation(difference, context)
    return Refusal(
        difference,
        "it would rewrite the table and block readers and writers meanwhile" + context.allowance(difference.table),
        (
            f"{_alter(difference, context)};",
            f"-- or: ALTER TABLE {name} ADD COLUMN {aside} {wanted}; then write both, copy in batches, swap the names",
        ),
    )


def _would_cast(difference: TypeDiffers, context: Context) -> Refusal:
    name, column = context.quote(difference.table.name), context.quote(difference.column.name)
    wanted = difference.column.type.text
    if not has_cast(difference.actual.type, difference.column.type):
        aside = context.quote(f"{difference.column.name[:58]}_new")
        return Refusal(
            difference,
            f"PostgreSQL has no cast from {difference.actual.type} to {difference.column.type}",
            (f"ALTER TABLE {name} ADD COLUMN {aside} {wanted}; -- then fill it, and swap the names",),
        )
    through = "::text" + "[]" * difference.actual.type.dimensions if _between_enums(difference) else ""
    change = f"ALTER COLUMN {column} TYPE {wanted} USING {column}{through}::{wanted}"
    drops = difference.actual.default is not None
    changes = _with_default(column, change, difference.column.default, drops=drops)
    reason = f"its values would have to be cast from {difference.actual.type} to {difference.column.type}"
    statement = f"ALTER TABLE {name} {changes};"
    unfit = context.hindrance(difference, "cannot be cast", "cannot be cast", remedy="")
    if unfit is None:
        return Refusal(difference, reason, (statement,))
    return Refusal(difference, f"{reason}, and {unfit.reason}", (*unfit.advice, f"-- then: {statement}"))


def _between_enums(difference: TypeDiffers) -> bool:
    """Between them there is no cast but that by way of text."""
    return {difference.column.type.kind, difference.actual.type.kind} == {TypeKind.ENUM}


def _elsewhere(difference: TypeDiffers, context: Context) -> Refusal:
    """The columns have an enum of another name or schema, and the one that statements name is not there."""
    expected, actual = difference.column.type, difference.actual.type
    place = Name(actual.schema, actual.name)
    moves = []
    if expected.schema not in (None, actual.schema):
        moves.append(f"ALTER TYPE {context.quote(place)} SET SCHEMA {context.quote(expected.schema or '')};")
        place = Name(expected.schema, actual.name)
    if expected.name != actual.name:
        moves.append(f"ALTER TYPE {context.quote(place)} RENAME TO {context.quote(expected.name)};")
    reason = f"the column has the enum type {Name(actual.schema, actual.name)}, which others may use by its name"
    return Refusal(difference, reason, tuple(moves))


def collation_differs(difference: CollationDiffers, context: Context) -> Repairs:
    name, column = context.quote(difference.table.name), context.quote(difference.column.name)
    collation = context.collation(difference.column.collation or "default")
    alter = f"ALTER TABLE {name} ALTER COLUMN {column} TYPE {difference.actual.type.text} COLLATE {collation};"
    return [
        Refusal(
            difference,
            "another collation orders and compares the values anew, and rebuilds the column's indexes",
            (alter,),
        )
    ]
