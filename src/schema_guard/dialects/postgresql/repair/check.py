"""CHECK constraints: NOT VALID first, which binds new rows in an instant; VALIDATE then reads while writers go on."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import CheckMissing, CheckNotValidated, Impact, ObjectUnknown
from schema_guard.need import Need
from schema_guard.plan import CHANGE_OR_REMOVE, Hazard, Lock, Phase, Refusal, Step
from schema_guard.schema import NOT_VALID, Name

__all__ = ["check_missing", "check_not_validated"]


def check_missing(difference: CheckMissing, context: Context) -> Repairs:
    """Only when no row violates it: an unvalidated CHECK already fails every UPDATE of a row that does."""
    table, check = difference.table, difference.check
    quoted = context.quote(table.name)
    if difference.holder is not None:
        return [_held(difference, context)]
    if check.name is None and context.offline:
        return [Refusal(difference, "without a name it can only be looked for with a database at hand")]
    hindrance = context.hindrance(difference, "violate it", "violates it", CHANGE_OR_REMOVE)
    if hindrance is not None:
        return [hindrance]
    name = check.name or context.name_for(difference, table.name, "", "check")
    body = check.ddl if check.name else f"CONSTRAINT {context.quote(name)} {check.ddl}"
    violators = context.violators(difference, context.shape(table))
    added = Need.constraint(table.name, name)
    add = context.step(
        difference,
        "add-check",
        [f"ALTER TABLE {quoted} ADD {body}{NOT_VALID}"],
        probes.constraint_absent(quoted, name),
        Phase.CHECK,
        resolves=not check.validated,
        provides=frozenset({added}),
        requires=context.mentioned(table, check.expression),
        after=context.after_rows(difference),
        unless=violators.exists if violators else "",
        unless_reason=f"rows violate it: {violators.query}" if violators else "",
    )
    if not check.validated:
        return [add]
    undo = context.take_back(table.name, name)
    return [add, _validate(difference, name, context, frozenset({added}), undo)]


def check_not_validated(difference: CheckNotValidated, context: Context) -> Repairs:
    name = difference.actual.name or difference.check.name
    quoted = context.quote(difference.table.name)
    if name is None:
        return [Refusal(difference, "the constraint's name is not known")]
    if not difference.actual.enforced:
        constraint = context.quote(name)
        return [
            Refusal(
                difference,
                "it was declared NOT ENFORCED on purpose",
                (f"ALTER TABLE {quoted} DROP CONSTRAINT {constraint}, ADD {difference.check.ddl}{NOT_VALID};",),
            )
        ]
    hindrance = context.hindrance(difference, "violate it", "violates it", CHANGE_OR_REMOVE)
    return [hindrance] if hindrance else [_validate(difference, name, context, frozenset())]


def _validate(
    difference: CheckMissing | CheckNotValidated,
    name: str,
    context: Context,
    requires: frozenset[Need],
    undo: tuple[str, ...] = (),
) -> Step:
    quoted = context.quote(difference.table.name)
    return context.step(
        difference,
        "validate-check",
        [f"ALTER TABLE {quoted} VALIDATE CONSTRAINT {context.quote(name)}"],
        probes.constraint_has(quoted, name, "NOT c.convalidated"),
        Phase.VALIDATE,
        lock=Lock.SHARE_UPDATE_EXCLUSIVE,
        cost=context.reads(difference.table),
        hazards=(Hazard.SCANS,),
        scans=True,
        requires=requires,
        after=context.after_rows(difference),
        undo_on_failure=undo,
    )


def _held(difference: CheckMissing, context: Context) -> Refusal:
    quoted = context.quote(difference.table.name)
    name = difference.check.name or ""
    if any(
        isinstance(other, ObjectUnknown)
        and other.impact is Impact.BREAKS
        and (other.table, other.name) == (difference.table, name)
        for other in context.differences
    ):
        replaced = f"DROP CONSTRAINT {context.quote(name)}, ADD {difference.check.ddl}{NOT_VALID}"
        advice = (
            f"ALTER TABLE {quoted} {replaced};",
            f"ALTER TABLE {quoted} VALIDATE CONSTRAINT {context.quote(name)};",
        )
        return Refusal(difference, f"the name {name} is held by {difference.holder}", advice)
    aside = context.aside(Name(difference.table.name.schema, name))
    return Refusal(
        difference,
        f"the name {name} is held by {difference.holder}",
        (
            f"ALTER TABLE {quoted} RENAME CONSTRAINT {context.quote(name)} TO {aside};",
            f"ALTER TABLE {quoted} ADD {difference.check.ddl}{NOT_VALID};",
        ),
    )
