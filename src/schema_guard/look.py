"""One look at the database: what the models expect held against what is there, with the rows that matter counted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, get_args

from schema_guard.acceptance import Acceptance, matched
from schema_guard.compare import compare
from schema_guard.compare.rename import folded
from schema_guard.compare.settings import compare_settings
from schema_guard.compare.warnings import warnings_of
from schema_guard.dialects.base import Session
from schema_guard.dialects.judge import Judge
from schema_guard.difference import Difference, SchemaMissing
from schema_guard.plan import Evidence, Plan, Policy, Refusal, Step, Survey
from schema_guard.planner import make_plan
from schema_guard.report import Finding, Report
from schema_guard.schema import Name, Schema
from schema_guard.scope import Guarded, LeftOut
from schema_guard.sources.source import Source

__all__ = ["Look", "Withhold", "compared", "locked_tables", "looked", "plan_of", "report_of"]

CODES = frozenset(kind.code for kind in get_args(Difference))

QUICK = 0.5
"""Seconds beyond the budget that a look may take."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the database found."""

    expected: Schema
    actual: Schema
    differences: tuple[Difference, ...]
    survey: Survey
    covered: frozenset[str] = frozenset()
    """Keys of the differences for which another one speaks in the report."""
    accepted: Mapping[str, Acceptance] = field(default_factory=dict)
    """By the keys of differences that are left alone."""
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    """How long it took."""
    withheld: tuple[Refusal, ...] = ()
    """Differences that are left to something else."""
    idle: tuple[Acceptance, ...] = ()
    """Acceptances that accept nothing now."""
    left_out: tuple[LeftOut, ...] = ()
    """Objects of the models that are not guarded."""
    by_rows: str = ""
    """The first object of which not the catalog but rows say whether it differs."""
    hasty: bool = False
    """A schema is missing, and so nothing was counted or tried: good for making it, and for nothing else."""

    def reserve(self, budget: float) -> float:
        """Seconds of the budget to keep for looking again at its end; none where that takes no time."""
        return min(max(0.0, self.seconds - QUICK), budget / 4)

    @property
    def locked(self) -> frozenset[Name]:
        """The tables that a lock keeps from being read, and that count."""
        left = {difference.table_name for difference in self.differences if difference.key in self.accepted}
        return locked_tables(self.actual) & {table.name for table in self.expected.tables} - left


class Withhold(Protocol):
    """Says which differences are left to something else: to migrations that are still to run, above all."""

    def __call__(self, session: Session, actual: Schema, differences: Sequence[Difference]) -> Sequence[Refusal]: ...


def compared(expected: Schema, actual: Schema, session: Session, policy: Policy) -> tuple[Difference, ...]:
    """Compare; what only the server can answer is asked in one query, and then compared again."""
    judge = Judge(session.dialect.rules)
    differences = compare(expected, actual, judge, policy)
    if judge.open:
        judge = Judge(session.dialect.rules, session.answer(judge.open))
        differences = compare(expected, actual, judge, policy)
    return (*compare_settings(expected, session.facts.unfit), *differences)


def looked(
    session: Session,
    guarded: Guarded,
    actual: Schema,
    differences: tuple[Difference, ...],
    *,
    accept: Sequence[Acceptance],
    withhold: Withhold | None,
    held: Sequence[Refusal] = (),
    survey_timeout: float,
    begun: float,
    anew: bool = False,
) -> Look:
    """Count the rows that decide, and take out what is accepted or left to something else.

    Args:
        session: where the rows are.
        guarded: what the models expect.
        actual: what is there.
        differences: between the two.
        accept: differences that are left alone.
        withhold: says which are left to something else.
        held: those that wait for another release to end.
        survey_timeout: seconds for each query that counts rows.
        begun: when the look began, by time.monotonic().
        anew: only what makes a schema is asked for: where one is missing, no row is counted, and nothing tried.
    """
    expected = guarded.expected
    by_rows = next((each.object for each in differences if each.by_rows or each.weighed_by_rows), "")
    keys = [difference.key for difference in differences]
    schemas = {*actual.schemas, *(table.name.schema or "" for table in expected.tables)}
    accepted = matched(accept, keys, session.facts.default_schema, schemas=schemas).accepted
    surveyed = [each for each in differences if each.by_rows or each.key not in accepted]
    hasty = anew and any(isinstance(each, SchemaMissing) and each.key not in accepted for each in differences)
    survey = Survey() if hasty else session.survey(surveyed, actual, survey_timeout)
    differences = _proved(differences, survey)
    keys = [difference.key for difference in differences]
    left_out = {each.name for each in guarded.left_out}
    found = matched(accept, keys, session.facts.default_schema, schemas=schemas, codes=CODES, left_out=left_out)
    differences, covered = folded(each if each.key not in accepted else _left(each) for each in differences)
    open_ = [each for each in differences if each.key not in accepted]
    withheld = tuple(withhold(session, actual, open_)) if withhold is not None else ()
    there = {each.key: each for each in open_}
    withheld += tuple(
        replace(each, difference=there[each.difference.key]) for each in held if each.difference.key in there
    )
    reasons = {refusal.difference.key: refusal.reason for refusal in withheld}
    differences = tuple(
        replace(each, left_alone=reasons[each.key]) if each.key in reasons else each for each in differences
    )
    return Look(
        expected,
        actual,
        differences,
        survey,
        covered,
        {difference.key: accepted[difference.key] for difference in differences if difference.key in accepted},
        (*warnings_of(expected, guarded.seen(actual)), *guarded.idle(actual), *found.warnings),
        time.monotonic() - begun,
        withheld,
        found.idle,
        guarded.left_out,
        by_rows,
        hasty,
    )


def plan_of(look: Look, session: Session, policy: Policy) -> Plan:
    """The steps that answer what was found, and what is refused."""
    if not look.differences:  # the repairs need not be loaded
        return make_plan(look.withheld, (), look.survey)
    repairs = session.dialect.repair(look.differences, look.expected, look.actual, session.facts, look.survey, policy)
    # What waits for something that is left alone is refused; that it is left alone is said elsewhere.
    repairs = [each for each in repairs if isinstance(each, Step) or not each.difference.left_alone]
    withheld = {refusal.difference.key for refusal in look.withheld}
    own = [each for each in look.differences if not each.left_alone or each.key in withheld]
    return make_plan([*repairs, *look.withheld], own, look.survey)


def report_of(look: Look, plan: Plan, session: Session, application: str, started: float, source: Source) -> Report:
    """What was found, each with what is planned or refused.

    Args:
        look: what was found.
        plan: what answers it.
        session: the server's facts.
        application: the guard's name.
        started: when the command began, by time.monotonic().
        source: knows where its tables are declared.
    """
    refusals = {refusal.difference.key: refusal for refusal in plan.refusals}
    places = source.places()
    findings = [
        Finding(
            difference,
            look.survey.evidence.get(difference.key),
            refusals.get(difference.key),
            look.accepted.get(difference.key),
            places,
        )
        for difference in sorted(look.differences, key=lambda difference: -difference.impact)
        if difference.key not in look.covered
    ]
    return Report(
        server=replace(session.facts.server, application=application, schema=session.facts.default_schema),
        tables_expected=len(look.expected.tables),
        findings=tuple(finding for finding in findings if finding.acceptance is None),
        seconds=time.monotonic() - started,
        catalog_queries=session.catalog_queries,
        warnings=(*session.facts.warnings, *look.warnings),
        plan=plan,
        accepted=tuple(finding for finding in findings if finding.acceptance is not None),
        idle=look.idle,
        left_out=look.left_out,
    )


def locked_tables(actual: Schema) -> frozenset[Name]:
    """The tables whose definition somebody's lock keeps from being read."""
    unread = ((table.name, table.facts.unread) for table in actual.tables)
    return frozenset(name for name, why in unread if why is not None and why.locked)


def _proved(differences: Sequence[Difference], survey: Survey) -> tuple[Difference, ...]:
    """What rows decide goes where no row stands for it, and is what they make of it, or a doubt, elsewhere."""
    empty = {key for key, evidence in survey.evidence.items() if evidence.count == 0}
    kept = (each for each in differences if not (each.by_rows and each.key in empty))
    return tuple(_counted(each, survey.evidence.get(each.key)) for each in kept)


def _counted(difference: Difference, evidence: Evidence | None) -> Difference:
    if evidence is None:
        return difference.counted(None, "its table is not read")
    return difference.counted(evidence.count, evidence.reason)


def _left(difference: Difference) -> Difference:
    return replace(difference, left_alone="it is accepted, and so left alone")
