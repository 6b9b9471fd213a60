"""The guard: expect, inspect, compare, plan, execute, report. This is the whole pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from schema_guard.acceptance import Acceptance, acceptances_of, matched
from schema_guard.compare import compare
from schema_guard.compare.rename import folded
from schema_guard.compare.warnings import warnings_of
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Dialect, Judge, Session
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.stop import Stop, nothing_to_cancel
from schema_guard.difference import Difference, Impact, RowsUnreadable, ValueUnreadable
from schema_guard.errors import ConfigurationError, LockTimeoutError
from schema_guard.execute.runner import Limits, run
from schema_guard.expect.backfills import Backfill
from schema_guard.expect.models import expect, models_of, unqualified_names
from schema_guard.expect.upserts import upsert_of
from schema_guard.plan import Plan, Policy, Refusal, Step, Survey
from schema_guard.planner import make_plan
from schema_guard.report import Finding, Report, StepResult, united
from schema_guard.schema import Name, Schema

__all__ = ["Guard", "Withhold"]

ROUNDS = 3
"""How often apply plans again while a round changes something: one step makes the next possible."""

QUICK = 0.5
"""Seconds beyond the budget that a look may take."""

PAUSE = 1.0
"""Seconds until a table that somebody kept from being read is tried again."""


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

    def reserve(self, budget: float) -> float:
        """Seconds of the budget to keep for looking again at its end; none where that takes no time."""
        return min(max(0.0, self.seconds - QUICK), budget / 4)

    @property
    def locked(self) -> frozenset[Name]:
        """The tables that a lock keeps from being read, and that count."""
        left = {difference.table_name for difference in self.differences if difference.key in self.accepted}
        return _locked(self.actual) - left


class Withhold(Protocol):
    """Says which differences are left to something else: to migrations that are still to run, above all."""

    def __call__(self, session: Session, actual: Schema, differences: Sequence[Difference]) -> Sequence[Refusal]: ...


class Guard:
    """Makes a live database satisfy what the models expect.

    Args:
        models: a MetaData, a declarative base, a Flask-SQLAlchemy `db`, a SQLModel class, or several of them.
        backfills: rows whose owner can be filled in from a related table.
        upserts: columns that the application names in ON CONFLICT (an Upsert, a column or a tuple of them): a missing
            UNIQUE there breaks it, where it otherwise weakens.
        policy: what may be done beyond the defaults.
        name: the application's name; guards of different applications on one database don't wait for each other.
        accept: keys of differences (or Acceptances, with a reason) that are left alone and are no part of the verdict.

    Raises:
        TargetError: when `models` is none of these.
        ConfigurationError: when an upsert names something else than columns of one table, or `accept` is no list.
    """

    def __init__(
        self,
        models: Any,
        *,
        backfills: Sequence[Backfill] = (),
        upserts: Sequence[Any] = (),
        policy: Policy | None = None,
        name: str = "",
        accept: Sequence[str | Acceptance | Mapping[str, str]] = (),
    ) -> None:
        self.models = models_of(models)
        self.backfills = tuple(backfills)
        self.upserts = tuple(upsert_of(upsert) for upsert in upserts)
        self.policy = policy or Policy()
        self.name = name
        self._withhold: Withhold | None = None
        try:
            self.accept = acceptances_of(accept)
        except ValueError as error:
            raise ConfigurationError(f"Guard(accept=..): {error}") from None

    def changed(self, *, policy: Policy | None = None, accept: Sequence[Acceptance] = ()) -> Guard:
        """Another guard of the same application, with another policy, that accepts more."""
        other = copy(self)
        other.policy = policy or self.policy
        other.accept = (*accept, *self.accept)
        return other

    def withholding(self, withhold: Withhold) -> Guard:
        """The same guard, which leaves those differences alone that `withhold` names; this one stays as it is."""
        guard = copy(self)
        guard._withhold = withhold
        return guard

    def check(self, database: Any, *, survey_timeout: float = 5.0) -> Report:
        """Read only: how the database differs from what the models expect.

        Args:
            database: an Engine, an AsyncEngine or a URL.
            survey_timeout: seconds for each query that counts rows.

        Raises:
            UnreachableError: the database does not answer.
            LockTimeoutError: somebody keeps a table from being read, and so its definition.
            ReadError: the catalog cannot be read.
        """
        started = time.monotonic()
        with self._session(database) as session:
            look = self._look(session, survey_timeout)
            return self._report(session, look, started)

    def plan(self, database: Any, *, survey_timeout: float = 5.0) -> Plan:
        """Read only: the steps that apply would take, and what is refused. Raises as `check` does."""
        with self._session(database) as session:
            return self._plan(session, self._look(session, survey_timeout))

    def apply(
        self,
        database: Any,
        limits: Limits | None = None,
        *,
        heard: Callable[[StepResult], None] | None = None,
        stop: Stop | None = None,
        deadline: Deadline | None = None,
    ) -> Report:
        """Repair what can be repaired without destroying anything, then look again.

        Args:
            database: an Engine, an AsyncEngine or a URL.
            limits: time budget and timeouts.
            heard: is told what became of each step as it ends.
            stop: asks it to stop, from another thread: what a statement has begun is rolled back, the rest is left.
            deadline: when all has to be over; None is when the budget ends, counted from now.

        Raises:
            UnreachableError, ReadError: as `check` does.
            LockTimeoutError: as `check` does; or another guard holds the guard lock for longer than the budget.
            StoppedError: it was asked to stop before it began.
        """
        limits = limits or Limits()
        deadline = deadline or Deadline(limits.budget, counted=True)
        with self._session(database, deadline) as session, _stoppable(session, stop or Stop()):
            started = deadline.begin(limits.budget)
            look = self._patient_look(session, limits, started)
            results: list[StepResult] = []
            while not (report := self._report(session, look, started)).satisfied:
                session.clear_away()
                if report.plan is not None and not report.plan.empty:
                    with self._alone(session, limits.remaining(started)):
                        look = self._rounds(session, limits, started, heard, results)
                if not self._readable_again(session, look, limits, started):
                    report = self._report(session, look, started)
                    break
                look = self._patient_look(session, limits, started)
            return replace(report, results=united(results), applied=True)

    def _rounds(
        self,
        session: Session,
        limits: Limits,
        started: float,
        heard: Callable[[StepResult], None] | None,
        results: list[StepResult],
    ) -> Look:
        """Plan and run until nothing changes any more, under the guard's lock; the results are added to `results`.

        Returns what is, not what was meant.
        """
        for _ in range(ROUNDS):
            look = self._patient_look(session, limits, started)  # whoever held the lock may have done all
            reserve = look.reserve(limits.budget)
            done = run(self._plan(session, look), session, limits, started - reserve, heard=heard)
            results.extend(done)
            if not any(result.attempts for result in done):
                return look  # no step was begun
            over = session.stop.asked or limits.remaining(started) <= reserve
            # A backup resolves nothing, and so makes nothing possible that was not before.
            if over or not any(result.changed and result.step.resolves for result in done):
                break
        return self._patient_look(session, limits, started)

    @contextmanager
    def _session(self, database: Any, deadline: Deadline | None = None) -> Iterator[Session]:
        session = open_session(database, deadline)
        try:
            yield session
        finally:
            session.close()

    def _alone(self, session: Session, wait: float) -> AbstractContextManager[None]:
        """Keep other guards of this application away while it works."""
        return session.guard_lock(self.name, wait)

    def _expected(self, dialect: Dialect) -> Schema:
        return expect(self.models, self.backfills, dialect, self.upserts)

    def _concerned(self, differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
        """Those of the differences that are this guard's business: all of them."""
        return differences

    def _patient_look(self, session: Session, limits: Limits, started: float) -> Look:
        """Somebody else's long change may keep the catalog from being read: that ends, or the budget does."""
        while True:
            try:
                return self._look(session, limits.survey_timeout)
            except LockTimeoutError:
                session.stop.check()
                if limits.remaining(started) <= PAUSE:
                    raise
                session.stop.sleep(PAUSE)

    def _readable_again(self, session: Session, look: Look, limits: Limits, started: float) -> bool:
        """Wait until a table that was locked can be read; False when none was, or none is before the budget ends."""
        if not look.locked:
            return False
        while limits.remaining(started) > PAUSE and not session.stop.asked:
            session.stop.sleep(PAUSE)
            with suppress(LockTimeoutError):
                if not look.locked <= _locked(session.inspect(look.expected)):
                    return True
        return False

    def _look(self, session: Session, survey_timeout: float) -> Look:
        begun = time.monotonic()
        session.locate(*unqualified_names(self.models, session.dialect))
        expected = self._expected(session.dialect)
        actual = session.inspect(expected)
        judge = Judge(session.dialect.rules)
        differences = compare(expected, actual, judge, self.policy)
        if judge.open:
            judge = Judge(session.dialect.rules, session.answer(judge.open))
            differences = compare(expected, actual, judge, self.policy)
        differences = self._concerned(differences)
        keys = [difference.key for difference in differences]
        accepted, warnings = matched(self.accept, keys, session.facts.default_schema)
        surveyed = [each for each in differences if each.by_rows or each.key not in accepted]
        survey = session.survey(surveyed, actual, survey_timeout)
        empty = {key for key, evidence in survey.evidence.items() if evidence.count == 0}
        differences = tuple(each for each in differences if not (each.by_rows and each.key in empty))
        differences = tuple(_doubted(_as_proved(each, survey), survey) for each in differences)
        differences, covered = folded(each if each.key not in accepted else _left(each) for each in differences)
        open_ = [each for each in differences if each.key not in accepted]
        withheld = tuple(self._withhold(session, actual, open_)) if self._withhold is not None else ()
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
            warnings,
            time.monotonic() - begun,
            withheld,
        )

    def _plan(self, session: Session, look: Look) -> Plan:
        repairs = session.dialect.repair(
            look.differences, look.expected, look.actual, session.facts, look.survey, self.policy
        )
        # What waits for something that is left alone is refused; that it is left alone is said elsewhere.
        repairs = [each for each in repairs if isinstance(each, Step) or not each.difference.left_alone]
        withheld = {refusal.difference.key for refusal in look.withheld}
        own = [each for each in look.differences if not each.left_alone or each.key in withheld]
        return make_plan([*repairs, *look.withheld], own, look.survey)

    def _report(self, session: Session, look: Look, started: float) -> Report:
        plan = self._plan(session, look)
        refusals = {refusal.difference.key: refusal for refusal in plan.refusals}
        findings = [
            Finding(
                difference,
                look.survey.evidence.get(difference.key),
                refusals.get(difference.key),
                look.accepted.get(difference.key),
            )
            for difference in sorted(look.differences, key=lambda difference: -difference.impact)
            if difference.key not in look.covered
        ]
        return Report(
            server=replace(session.facts.server, application=self.name, schema=session.facts.default_schema),
            tables_expected=len(look.expected.tables),
            findings=tuple(finding for finding in findings if finding.acceptance is None),
            seconds=time.monotonic() - started,
            catalog_queries=session.catalog_queries,
            warnings=(*warnings_of(look.expected, look.actual), *session.facts.warnings, *look.warnings),
            plan=plan,
            accepted=tuple(finding for finding in findings if finding.acceptance is not None),
        )


def _locked(actual: Schema) -> frozenset[Name]:
    return frozenset(table.name for table in actual.tables if table.unread is not None and table.unread.locked)


def _doubted(difference: Difference, survey: Survey) -> Difference:
    """Rows that could not be counted prove nothing."""
    evidence = survey.evidence.get(difference.key)
    if not isinstance(difference, RowsUnreadable) or (evidence is not None and evidence.count is not None):
        return difference
    return replace(difference, impact=Impact.WEAKENS, effect=f"not provable: {difference.effect}")


def _left(difference: Difference) -> Difference:
    return replace(difference, left_alone="it is accepted, and so left alone")


def _as_proved(difference: Difference, survey: Survey) -> Difference:
    evidence = survey.evidence.get(difference.key)
    if isinstance(difference, ValueUnreadable) and (evidence is None or evidence.count is None):
        return difference.unproved(evidence.reason if evidence else "its table is not read")
    return difference


@contextmanager
def _stoppable(session: Session, stop: Stop) -> Iterator[None]:
    """While it lasts, who asks `stop` to cancel cancels what this session runs."""
    stop.check()
    session.stop, stop.cancel = stop, session.interrupt
    try:
        yield
    finally:
        stop.cancel = nothing_to_cancel
