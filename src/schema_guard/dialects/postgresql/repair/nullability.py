"""NOT NULL: dropped where the models write NULL, set where no row holds NULL any more.

SET NOT NULL reads every row under ACCESS EXCLUSIVE, unless a validated CHECK proves what it looks for (manual, ALTER
TABLE, SET NOT NULL). So a helper CHECK is added NOT VALID, validated while writers go on, and dropped with the SET.
From 18 on NOT NULL itself can be NOT VALID and needs no helper. A crash in between leaves what the next run takes up.
"""

from __future__ import annotations

from schema_guard.column import PARENT_NOT_NULL
from schema_guard.compare.written import domains_of
from schema_guard.dialects.postgresql.constraints_below import not_null_of
from schema_guard.dialects.postgresql.expressions import parse
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.inherited import alter_table, with_partitioned
from schema_guard.dialects.postgresql.repair.naming import HELPER, chosen, helper_check, helper_name
from schema_guard.difference import ColumnUnknown, Difference, NullabilityDiffers, ObjectUnknown
from schema_guard.need import Need
from schema_guard.plan import GIVE_A_VALUE, Hazard, Lock, Phase, Refusal, Step
from schema_guard.schema import Check, Column, Name, Table, Write

__all__ = ["column_unknown", "helper_left_over", "nullability_differs", "tighten"]

NULLABLE = "NOT a.attnotnull"


def nullability_differs(difference: NullabilityDiffers, context: Context) -> Repairs:
    if (repairs := with_partitioned(difference, nullability_differs, context)) is not None:
        return repairs
    if difference.column.nullable:
        return _loosen(difference, context)
    if (refusal := _reaches_a_child(difference, context)) is not None:
        return [refusal]
    if (rejection := context.rejection(difference.table, not_null_of(difference.column))) is not None:
        return [Refusal(difference, rejection.said, rejection.advice)]
    if (refusal := _helper_held(difference, context)) is not None:
        return [refusal]
    if difference.column.filled_unseen and not difference.actual.given_value:
        return [_left_nullable(difference, context)]
    hindrance = context.hindrance(difference, "hold NULL", "holds NULL", GIVE_A_VALUE)
    if hindrance is not None:
        return [hindrance]
    violators = context.violators(difference, context.shape(difference.table))
    return [
        *tighten(
            difference,
            difference.table,
            difference.actual,
            context,
            unless=violators.exists if violators else "",
            reason=f"rows hold NULL: {violators.query}" if violators else "",
        )
    ]


def _reaches_a_child(difference: NullabilityDiffers, context: Context) -> Refusal | None:
    """SET NOT NULL holds for what inherits the column, too (manual, 5.11): models of such a table may write NULL."""
    for name in context.shape(difference.table).facts.children:
        child = context.expected.table(name)
        column = child.column(difference.column.name) if child is not None else None
        if column is not None and column.nullable:
            reason = f"{context.told(context.quote(name))} would inherit it, and its models write NULL"
            return Refusal(difference, f"{reason}: correct either of the models")
    return None


def _helper_held(difference: NullabilityDiffers, context: Context) -> Refusal | None:
    """The helper's name stands for something else, here or on a table that inherits from this one."""
    helper = helper_check(difference.column.name)
    table, column = difference.table, difference.actual
    if not _takes_helper(table, column, context):
        return None
    begun = f"its helper constraint {helper.name} cannot be added"
    held = next((check for check in context.shape(table).checks if check.name == helper.name), None)
    if held is not None and held == _helper(table, column, context):
        return None
    if held is None:
        rejection = context.rejection(table, helper)
        return Refusal(difference, f"{begun}: {rejection.said}", rejection.advice) if rejection else None
    name, aside = context.quote(table.name), context.aside(Name(table.name.schema, helper_name(column.name)))
    advice = f"ALTER TABLE {name} RENAME CONSTRAINT {helper.name} TO {aside};"
    return Refusal(difference, f"{begun}: the name is held by CHECK ({held.expression})", (advice,))


def _helper(table: Table, column: Column, context: Context) -> Check | None:
    """The helper that stands there, by its name and by what it says."""
    wanted = helper_check(column.name)
    for check in context.shape(table).checks:
        if check.name == wanted.name and parse(check.expression, deparsed=True) == parse(wanted.expression):
            return check
    return None


def _takes_helper(table: Table, column: Column, context: Context) -> bool:
    started = _helper(table, column, context) is not None
    at_once = column.nullable and context.small(table)
    return started or not (at_once or context.at_least(18))


def _left_nullable(difference: NullabilityDiffers, context: Context) -> Refusal:
    """An INSERT of the models leaves the column out: with NOT NULL it fails wherever nothing fills it."""
    name, quoted = context.quote(difference.table.name), context.quote(difference.column.name)
    live = context.shape(difference.table)
    reason = (
        f"not provable that {live.facts.filled_by} always fills it" if live.facts.fillers else "nothing would fill it"
    )
    statement = f"ALTER TABLE {name} ALTER COLUMN {quoted} SET NOT NULL;"
    return Refusal(difference, f"the models leave its value to the server, and {reason}", (statement,))


def _loosen(difference: NullabilityDiffers, context: Context) -> Repairs:
    table, column = difference.table, difference.actual
    name, quoted = context.quote(table.name), context.quote(column.name)
    statement = f"{alter_table(difference, context)} ALTER COLUMN {quoted} DROP NOT NULL"
    live = context.live(table)
    if live and live.primary_key and column.name in live.primary_key.columns:
        return [Refusal(difference, "the column is part of the primary key, which cannot hold NULL")]
    if live and column.name in live.facts.replica_identity:
        how = f"ALTER TABLE {name} REPLICA IDENTITY FULL; -- or USING INDEX of another one"
        return [Refusal(difference, "it is part of the table's replica identity, which cannot hold NULL", (how,))]
    parents = [use.identity for use in column.used_by if use.kind == PARENT_NOT_NULL]
    if parents:
        reason = f"the NOT NULL is inherited from {context.told(', '.join(parents))}, which has to be altered instead"
        drops = (f"ALTER TABLE {parent} ALTER COLUMN {quoted} DROP NOT NULL;" for parent in parents)
        return [Refusal(difference, reason, tuple(drops))]
    if live and live.facts.fillers and not column.value_domain_not_null:
        reason = f"{live.facts.filled_by} may fill it: NOT NULL is kept until an INSERT is known to fail"
        return [Refusal(difference, reason, (f"{statement};",))]
    if column.identity:
        return [Refusal(difference, "an identity column cannot hold NULL", (f"{_drop_identity(name, quoted)};",))]
    if column.value_domain_not_null:
        domains = [domain for domain in domains_of(column, context.actual) if not domain.nullable]
        names = [context.quote(domain.name) for domain in domains] or [column.type.text]
        which = f"its domain {column.type}" if names == [column.type.text] else f"the domain {', '.join(names)}"
        own = () if column.nullable else (f"{statement};",)
        drops = (f"ALTER DOMAIN {domain} DROP NOT NULL;" for domain in names)
        return [Refusal(difference, f"the NOT NULL is that of {which}, which other columns may use", (*drops, *own))]
    in_key = (
        " AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary"
        " AND a.attnum = ANY (i.indkey))"
    )
    return [
        context.step(
            difference,
            "drop-not-null",
            [statement],
            probes.column_has(name, column.name, f"a.attnotnull AND a.attidentity = ''{in_key}"),
            Phase.LOOSEN,
            requires=frozenset({Need.column(table.name, column.name)}),
        )
    ]


def _drop_identity(table: str, column: str) -> str:
    return f"ALTER TABLE {table} ALTER COLUMN {column} DROP IDENTITY, ALTER COLUMN {column} DROP NOT NULL"


def tighten(
    difference: Difference, table: Table, column: Column, context: Context, *, unless: str, reason: str
) -> list[Step]:
    """Steps that end with NOT NULL on the column, whatever a run before this one got done."""
    requires = frozenset({Need.column(table.name, column.name)})
    expected = table.column(column.name)
    if expected is not None and expected.write is Write.OMITTED:  # an INSERT leaves it out
        requires |= {Need.default(table.name, column.name)}
    if _takes_helper(table, column, context):
        return _by_helper(difference, table, column, context, unless, reason, requires)
    if column.nullable and context.small(table):
        return [_at_once(difference, table, column, context, unless, reason, requires)]
    return _by_not_valid(difference, table, column, context, unless, reason, requires)


def _at_once(
    difference: Difference,
    table: Table,
    column: Column,
    context: Context,
    unless: str,
    reason: str,
    requires: frozenset[Need],
) -> Step:
    name = context.quote(table.name)
    return context.step(
        difference,
        "set-not-null",
        [f"ALTER TABLE {name} ALTER COLUMN {context.quote(column.name)} SET NOT NULL"],
        probes.column_has(name, column.name, NULLABLE),
        Phase.NOT_NULL,
        about=f"{table.name}.{column.name}",
        cost="reads every row of a small or empty table",
        provides=frozenset({Need.not_null(table.name, column.name)}),
        requires=requires,
        after=context.after_rows(difference),
        unless=probes.any_of(context.too_many(table), unless),
        unless_reason=reason or "the table holds more rows than when it was looked at",
    )


def _by_not_valid(
    difference: Difference,
    table: Table,
    column: Column,
    context: Context,
    unless: str,
    reason: str,
    requires: frozenset[Need],
) -> list[Step]:
    name, quoted = context.quote(table.name), context.quote(column.name)
    if column.nullable:
        constraint = context.name_for(difference, table.name, column.name, "not_null")
    else:
        constraint = column.not_null_name or chosen(table.name.name, column.name, "not_null", ())
    done = Need.constraint(table.name, constraint)
    steps = []
    if column.nullable:
        steps.append(
            context.step(
                difference,
                "add-not-null",
                [f"ALTER TABLE {name} ADD CONSTRAINT {context.quote(constraint)} NOT NULL {quoted} NOT VALID"],
                probes.column_has(name, column.name, NULLABLE),
                Phase.NOT_NULL,
                about=f"{table.name}.{column.name}",
                resolves=False,
                provides=frozenset({done}),
                requires=requires,
                after=context.after_rows(difference),
                unless=unless,
                unless_reason=reason,
            )
        )
    unvalidated = (
        "EXISTS (SELECT 1 FROM pg_catalog.pg_constraint c WHERE c.conrelid = a.attrelid AND c.contype = 'n'"
        " AND a.attnum = ANY (c.conkey) AND NOT c.convalidated)"
    )
    steps.append(
        context.step(
            difference,
            "validate-not-null",
            [f"ALTER TABLE {name} VALIDATE CONSTRAINT {context.quote(constraint)}"],
            probes.column_has(name, column.name, unvalidated),
            Phase.NOT_NULL,
            about=f"{table.name}.{column.name}",
            lock=Lock.SHARE_UPDATE_EXCLUSIVE,
            cost=context.reads(table),
            hazards=(Hazard.SCANS,),
            scans=True,
            provides=frozenset({Need.not_null(table.name, column.name)}),
            undo_on_failure=context.take_back(table.name, constraint) if column.nullable else (),
            requires=requires | {done} if column.nullable else requires,
        )
    )
    return steps


def _by_helper(
    difference: Difference,
    table: Table,
    column: Column,
    context: Context,
    unless: str,
    reason: str,
    requires: frozenset[Need],
) -> list[Step]:
    name, quoted = context.quote(table.name), context.quote(column.name)
    helper = helper_name(column.name)
    standing = _helper(table, column, context)
    added, validated = Need.constraint(table.name, helper), Need.validated(table.name, helper)
    steps = []
    if standing is None:
        steps.append(
            context.step(
                difference,
                "add-not-null-helper",
                [f"ALTER TABLE {name} ADD CONSTRAINT {helper} CHECK ({quoted} IS NOT NULL) NOT VALID"],
                probes.column_has(name, column.name, f"{NULLABLE} AND {_lacks_helper(name, helper)}"),
                Phase.NOT_NULL,
                about=f"{table.name}.{column.name}",
                resolves=False,
                provides=frozenset({added}),
                requires=requires,
                after=context.after_rows(difference),
                unless=unless,
                unless_reason=reason,
            )
        )
    if standing is None or not standing.validated:
        steps.append(
            context.step(
                difference,
                "validate-not-null-helper",
                [f"ALTER TABLE {name} VALIDATE CONSTRAINT {helper}"],
                probes.constraint_has(name, helper, "NOT c.convalidated"),
                Phase.NOT_NULL,
                about=f"{table.name}.{column.name}",
                lock=Lock.SHARE_UPDATE_EXCLUSIVE,
                cost=context.reads(table),
                hazards=(Hazard.SCANS,),
                scans=True,
                resolves=False,
                provides=frozenset({validated}),
                undo_on_failure=context.take_back(table.name, helper),
                requires=requires | {added},
            )
        )
    steps.append(
        context.step(
            difference,
            "set-not-null",
            [
                f"ALTER TABLE {name} ALTER COLUMN {quoted} SET NOT NULL",
                f"ALTER TABLE {name} DROP CONSTRAINT {helper}",
            ],
            probes.constraint_has(name, helper, "c.convalidated"),
            Phase.NOT_NULL,
            about=f"{table.name}.{column.name}",
            provides=frozenset({Need.not_null(table.name, column.name)}),
            requires=requires | {validated},
        )
    )
    return steps


def _lacks_helper(table: str, helper: str) -> str:
    return f"NOT EXISTS ({probes.constraint_query(table, helper)})"


def helper_left_over(difference: ObjectUnknown, context: Context) -> Repairs:
    """The guard's own helper of a column that is NOT NULL by now: somebody finished the work by hand."""
    if not difference.name.startswith(HELPER):
        return []
    waiting = any(
        isinstance(other, NullabilityDiffers)
        and other.table.name == difference.table.name
        and helper_name(other.column.name) == difference.name
        for other in context.differences
    )
    live = context.shape(difference.table)
    own = (_helper(live, column, context) for column in live.columns if helper_name(column.name) == difference.name)
    if waiting or not any(own):
        return []
    name = context.quote(difference.table.name)
    return [
        context.step(
            difference,
            "drop-helper",
            [f"ALTER TABLE {name} DROP CONSTRAINT {context.quote(difference.name)}"],
            probes.constraint_has(name, difference.name, "true"),
            Phase.NOT_NULL,
            why="a helper constraint of the guard is left over",
        )
    ]


def column_unknown(difference: ColumnUnknown, context: Context) -> Repairs:
    """Never touched: the models don't know it. What a person could run is shown."""
    name, column = context.quote(difference.table.name), context.quote(difference.column.name)
    loosen = f"ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL;"
    advice = [loosen] if not difference.column.nullable else []  # or it is its domain that refuses NULL
    if difference.at_end and difference.column.sequence is not None:
        sequence = context.quote(difference.column.sequence)
        counter = context.actual.sequence(difference.column.sequence)
        end = "NO MINVALUE" if counter and counter.counter and counter.counter.increment < 0 else "NO MAXVALUE"
        advice = [
            f"ALTER TABLE {name} ALTER COLUMN {column} TYPE bigint;",
            f"ALTER SEQUENCE {sequence} AS bigint {end};",
        ]
    elif difference.column.default is not None:
        loose = "" if difference.column.nullable else f", ALTER COLUMN {column} DROP NOT NULL"
        advice = [
            f"ALTER TABLE {name} ALTER COLUMN {column} DROP DEFAULT{loose};",
            f"-- or: ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT ..;",
        ]
    elif difference.column.generated is not None and difference.column.nullable:
        advice = [f"ALTER TABLE {name} ALTER COLUMN {column} DROP EXPRESSION;"] if context.at_least(13) else []
    elif difference.column.generated is None:
        advice.append(f"-- {'or: ' if advice else ''}ALTER TABLE {name} ALTER COLUMN {column} SET DEFAULT ..;")
    return [Refusal(difference, "the models don't know the column, so it is left alone", tuple(advice))]
