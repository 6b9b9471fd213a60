"""CHECK constraints, matched by what they say, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import constraint_holder
from schema_guard.compare.impact_words import writers
from schema_guard.compare.written import Tried, domain_checks, live_domains, tried
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import CheckMissing, CheckNotValidated, Difference, Impact, NotComparable, ObjectUnknown
from schema_guard.difference.constraints import BOUNDS
from schema_guard.schema import Check, Column, Domain, Schema, Table, TypeKind

__all__ = ["compare_checks"]

_BELOW = " in tables that inherit from it"


def compare_checks(table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge) -> Iterator[Difference]:
    matched: set[Check] = set()
    asked: set[str] = set()
    for check in table.checks:
        if check.expression in asked:
            continue
        asked.add(check.expression)
        verdicts = _verdicts(check, table, live, judge)
        equal = [other for other, verdict in verdicts if verdict is Verdict.EQUAL and not other.alone]
        alone = [other for other, verdict in verdicts if verdict is Verdict.EQUAL and other.alone]
        unclear = [
            other for other, verdict in verdicts if verdict is Verdict.NOT_COMPARABLE and other.name == check.name
        ]
        matched.update([*equal, *alone])
        if equal:
            best = max(equal, key=lambda other: (other.enforced, other.validated))
            if not (best.enforced and (best.validated or not check.validated)):
                effect = "older rows may violate it" if best.enforced else "rows that the models exclude can be stored"
                yield CheckNotValidated(table=table, check=check, actual=best, impact=Impact.WEAKENS, effect=effect)
        elif unclear and check.name is not None:
            matched.update(unclear)
            yield NotComparable(
                subject=f"{table.name}.{check.name}",
                table=table,
                what="CHECK",
                expected=check.expression,
                actual=unclear[0].expression,
                reason="the server does not compare them",
                impact=Impact.NOTES,
            )
        else:
            yield CheckMissing(
                table=table,
                check=check,
                holder=constraint_holder(live, check.name),
                impact=Impact.WEAKENS,
                effect=f"rows that the models exclude can be stored{_BELOW if alone else ''}",
            )
    held = {check.name for check in table.checks if check.name is not None}
    for other in live.checks:
        if other not in matched and other.enforced:
            yield from _unknown(other, table, live, expected, actual, judge, other.name in held)
    for column, domain, check in live_domains(table, live, actual):
        yield from _of_domain(column, domain, check, table, live, expected, actual, judge)
    if live.facts.bounds:
        yield from _of_bounds(Check(None, live.facts.bounds), table, live, expected, actual, judge)


def _unknown(
    other: Check, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge, is_held: bool
) -> Iterator[ObjectUnknown]:
    found = tried(other, table, live, expected, actual, judge)
    if is_held and found.harmless:
        return  # said with the CHECK of the models that misses the name
    impact, effect = _judged(found, table, live, judge)
    yield ObjectUnknown(
        table=table,
        kind="CHECK",
        name=other.name or f"check({other.expression})",
        definition=other.expression if other.expression.startswith("(") else f"({other.expression})",
        impact=impact,
        effect=effect,
    )


def _of_bounds(
    bounds: Check, table: Table, live: Table, expected: Schema, actual: Schema, judge: Judge
) -> Iterator[ObjectUnknown]:
    """A class that is mapped on a partition writes to it directly; through the partitioned table the row would go into
    another partition. That it takes some rows alone is what a partition is for: only what is refused is told."""
    found = tried(bounds, table, live, expected, actual, judge)
    if not found.refused and not found.raising and not found.left_out:
        return
    impact, effect = _judged(found, table, live, judge)
    yield ObjectUnknown(
        table=table,
        kind=BOUNDS,
        name=live.name.name,
        definition=bounds.expression,
        impact=impact,
        effect=effect,
    )


def _of_domain(
    column: Column,
    domain: Domain,
    check: Check,
    table: Table,
    live: Table,
    expected: Schema,
    actual: Schema,
    judge: Judge,
) -> Iterator[ObjectUnknown]:
    """No trigger can change a value before it."""
    found = tried(check, table, live, expected, actual, judge)
    if found.harmless or (not found.refused and _is_meant(column, check, table, expected, judge)):
        return
    impact, effect = _words(found, table, judge)
    yield ObjectUnknown(
        table=table,
        kind=f"CHECK of domain {domain.name}",
        name=f"{column.name} ({check.name})",
        definition=f"({check.expression})",
        domain=domain.name,
        constraint=check.name,
        impact=impact,
        effect=effect,
    )


def _is_meant(column: Column, check: Check, table: Table, expected: Schema, judge: Judge) -> bool:
    """Whether the models don't write the column, say the same of it, or name its domain and leave the rules to it."""
    wanted = table.column(column.name)
    if wanted is None:
        return True
    of_domain = domain_checks(wanted, expected)
    if wanted.type.kind is TypeKind.DOMAIN and not of_domain:
        return True
    own = (*table.checks, *of_domain)
    verdicts = [judge.expression(table.name, each.expression, check.expression) for each in own]
    return any(verdict is not Verdict.DIFFERENT for verdict in verdicts)


def _judged(found: Tried, table: Table, live: Table, judge: Judge) -> tuple[Impact, str]:
    """A domain's CHECK sees a value before any trigger does, a table's after it."""
    if found.harmless and not found.refused:
        return Impact.NOTES, "it takes whatever the models allow"
    impact, effect = _words(found, table, judge)
    if impact is Impact.BREAKS and live.facts.fillers:
        return Impact.WEAKENS, f"not provable: {effect}, unless {live.facts.filled_by} changes the value"
    return impact, effect


def _words(found: Tried, table: Table, judge: Judge) -> tuple[Impact, str]:
    error = judge.errors.check_violation
    if found.raising:
        values = f"for the default of {found.left_out}" if found.left_out else f"for {', '.join(found.raising)}"
        return Impact.BREAKS, f"INSERT and UPDATE of {writers(table)} fail: it raises an error {values}"
    if found.left_out:
        left_out = f"the models leave {found.left_out} out"
        return Impact.BREAKS, f"INSERT of {writers(table)} fails ({error}): {left_out}"
    if found.refused:
        return Impact.BREAKS, f"writing {', '.join(found.refused)} fails ({error})"
    rows = f"INSERT and UPDATE of {writers(table)} fail for rows that violate it ({error})"
    return Impact.WEAKENS, f"not provable: {rows}"


def _verdicts(check: Check, table: Table, live: Table, judge: Judge) -> list[tuple[Check, Verdict]]:
    """Each live CHECK with its verdict; the database is asked only when no cheap comparison says equal."""
    cheap = [(other, judge.rules.same_expression(check.expression, other.expression)) for other in live.checks]
    if any(verdict is Verdict.EQUAL for _, verdict in cheap):
        return cheap
    return [(other, judge.expression(table.name, check.expression, other.expression)) for other in live.checks]
