"""CHECK constraints, matched by what they say, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import constraint_holder
from schema_guard.dialects.base import Judge, Verdict
from schema_guard.difference import CheckMissing, CheckNotValidated, Difference, Impact, NotComparable, ObjectUnknown
from schema_guard.schema import Check, Table

__all__ = ["compare_checks"]


def compare_checks(table: Table, live: Table, judge: Judge) -> Iterator[Difference]:
    matched: set[Check] = set()
    asked: set[str] = set()
    for check in table.checks:
        if check.expression in asked:
            continue
        asked.add(check.expression)
        verdicts = _verdicts(check, table, live, judge)
        equal = [other for other, verdict in verdicts if verdict is Verdict.EQUAL]
        unclear = [
            other for other, verdict in verdicts if verdict is Verdict.NOT_COMPARABLE and other.name == check.name
        ]
        matched.update(equal)
        if equal:
            best = max(equal, key=lambda other: (other.enforced, other.validated))
            if not (best.enforced and best.validated):
                yield CheckNotValidated(
                    table=table, check=check, actual=best, impact=Impact.WEAKENS, effect="older rows may violate it"
                )
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
                effect="rows that the models exclude can be stored",
            )
    for other in live.checks:
        if other not in matched:
            refused = _refused_values(table, other, judge)
            yield ObjectUnknown(
                table=table,
                kind="CHECK",
                name=other.name or "check",
                definition=f"({other.expression})",
                impact=Impact.BREAKS if refused else Impact.NOTES,
                effect=f"writing {', '.join(refused)} fails ({judge.rules.errors.check_violation})"
                if refused
                else "rows that violate it are refused",
            )


def _refused_values(table: Table, other: Check, judge: Judge) -> list[str]:
    """What a CHECK of the models lists for the same operand, and this one does not: a list that has grown since."""
    live = judge.rules.allowed_values(other.expression)
    if live is None:
        return []
    lists = [judge.rules.allowed_values(check.expression) for check in table.checks]
    wanted = [listed.values for listed in lists if listed is not None and listed.operand == live.operand]
    return sorted(frozenset().union(*wanted) - live.values)


def _verdicts(check: Check, table: Table, live: Table, judge: Judge) -> list[tuple[Check, Verdict]]:
    """Each live CHECK with its verdict; the database is asked only when no cheap comparison says equal."""
    cheap = [(other, judge.rules.same_expression(check.expression, other.expression)) for other in live.checks]
    if any(verdict is Verdict.EQUAL for _, verdict in cheap):
        return cheap
    return [(other, judge.expression(table.name, check.expression, other.expression)) for other in live.checks]
