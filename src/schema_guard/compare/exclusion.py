"""EXCLUDE constraints, matched by what they say, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from schema_guard.compare.elements import element_fits, element_verdict, worst
from schema_guard.compare.holder import constraint_holder
from schema_guard.compare.impact_words import writers
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Difference, ExclusionMissing, Impact, NotComparable, ObjectUnknown
from schema_guard.schema import Exclusion, IndexElement, Table

__all__ = ["compare_exclusions"]

_MOST_KEYS = 4
"""Of more keys only the order that the models have is tried."""


def compare_exclusions(table: Table, live: Table, judge: Judge) -> Iterator[Difference]:
    matched: set[Exclusion] = set()
    held: set[str | None] = set()
    for exclusion in table.exclusions:
        verdicts = [(other, _verdict(exclusion, other, live, judge)) for other in live.exclusions]
        same = [other for other, verdict in verdicts if verdict is Verdict.EQUAL]
        unclear = [
            other for other, verdict in verdicts if verdict is Verdict.NOT_COMPARABLE and other.name == exclusion.name
        ]
        matched.update(same or unclear)
        if same:
            continue
        if unclear:
            yield NotComparable(
                subject=f"{table.name}.{exclusion.name}",
                table=table,
                what="EXCLUDE constraint",
                expected=exclusion.definition,
                actual=unclear[0].definition,
                reason="the server does not compare them",
                impact=Impact.NOTES,
            )
            continue
        held.add(exclusion.name)
        yield ExclusionMissing(
            table=table,
            exclusion=exclusion,
            holder=constraint_holder(live, exclusion.name),
            impact=Impact.WEAKENS,
            effect="rows that the models exclude can be stored",
        )
    for other in live.exclusions:
        if other not in matched and other.name not in held:
            yield ObjectUnknown(
                table=table,
                kind="EXCLUDE constraint",
                name=other.name or "exclude",
                definition=other.definition,
                impact=Impact.WEAKENS,
                effect=f"not provable: INSERT and UPDATE of {writers(table)} fail for rows that it excludes",
            )


def _verdict(exclusion: Exclusion, other: Exclusion, live: Table, judge: Judge) -> Verdict:
    """The order of the keys means nothing."""
    if not _frame_fits(exclusion, other):
        return Verdict.DIFFERENT
    there = list(zip(other.elements, other.operators, strict=True))
    orders = permutations(there) if len(there) <= _MOST_KEYS else iter([tuple(there)])
    wanted = list(zip(exclusion.elements, exclusion.operators, strict=True))
    found = [worst([_key(*pair, live, judge) for pair in zip(wanted, order, strict=True)]) for order in orders]
    best = next(
        (each for each in (Verdict.EQUAL, Verdict.UNDECIDED, Verdict.NOT_COMPARABLE) if each in found),
        Verdict.DIFFERENT,
    )
    if best is Verdict.DIFFERENT or exclusion.where is None or other.where is None:
        return best
    return worst([best, judge.expression(live.name, exclusion.where, other.where)])


def _key(wanted: tuple[IndexElement, str], there: tuple[IndexElement, str], live: Table, judge: Judge) -> Verdict:
    """One key with its operator beside another."""
    if wanted[1] != there[1] or not element_fits(wanted[0], there[0], live, judge):
        return Verdict.DIFFERENT
    return element_verdict(wanted[0], there[0], live.name, judge)


def _frame_fits(exclusion: Exclusion, other: Exclusion) -> bool:
    """All that needs no expression."""
    return (
        len(exclusion.elements) == len(other.elements)
        and exclusion.method == other.method
        and sorted(exclusion.operators) == sorted(other.operators)
        and (exclusion.where is None) == (other.where is None)
        and (exclusion.deferrable, exclusion.initially_deferred) == (other.deferrable, other.initially_deferred)
    )
