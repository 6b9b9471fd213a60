"""The guard: expect, inspect, compare, plan, execute, report. This is the whole pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from schema_guard import remembering
from schema_guard.beside import Held
from schema_guard.compare.warnings import not_run
from schema_guard.configured import Configured
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Dialect, Session
from schema_guard.dialects.deadline import LAST, Deadline
from schema_guard.dialects.stop import Stop, cancelling
from schema_guard.dialects.tenant import Tenant
from schema_guard.difference import Difference
from schema_guard.execute.limits import Limits
from schema_guard.look import Look, compared, looked, plan_of, report_of
from schema_guard.many.group import Group, group_of
from schema_guard.many.new_schema import Anew, new_schema
from schema_guard.many.tenants import Tenants, in_schema, tenants_of
from schema_guard.plan import Plan
from schema_guard.readiness import Memory, Readiness, readiness_of
from schema_guard.report import Report, StepResult, united
from schema_guard.schema import Schema
from schema_guard.scope import Guarded, Scope
from schema_guard.sources.by_parts import ByParts
from schema_guard.sources.frozen import FrozenSource
from schema_guard.sources.once import Once
from schema_guard.sources.source import Changing

if TYPE_CHECKING:
    from schema_guard.events import Events

__all__ = ["Guard"]

USUAL_SCHEMA = {"postgresql": "public", "sqlite": "main"}

_memory = Memory()


class Guard(Configured):
    """Makes a live database satisfy what the models expect."""

    # What it is made of, and its arguments: Configured.

    @classmethod
    def group(cls, members: Mapping[str, Any]) -> Group:
        """Several databases of one application, by name: models or a Guard, each in a pair with its Engine or URL."""
        return group_of(members, cls)

    def tenants(self, database: Any, schemas: str | Iterable[str]) -> Tenants:
        """The schemas of one PostgreSQL database that hold the same tables: a pattern such as "t_*", or names."""
        return tenants_of(self, database, schemas)

    def check(self, database: Any, *, survey_timeout: float = 5.0, schema: str | None = None) -> Report:
        """Read only: how the database differs from what the models expect.

        On PostgreSQL what is missing may be tried on a temporary copy, in a transaction that is rolled back.

        Args:
            database: an Engine, an AsyncEngine or a URL.
            survey_timeout: seconds for each query that counts rows.
            schema: PostgreSQL: a tenant's, which names without schema mean; "tenant=t_42" where the models declare
                the schema `tenant` for it.

        Raises:
            UnreachableError: the database does not answer.
            LockTimeoutError: somebody keeps a table from being read, and so its definition.
            ReadError: the catalog cannot be read.
            ConfigurationError: `include` names a table that the models don't have.
        """
        guard, database = in_schema(self, database, schema)
        return guard._again()._checked(database, survey_timeout)

    def ready(self, database: Any, *, max_age: float = 10.0, timeout: float = 5.0) -> Readiness:
        """Whether the application can use the database: true unless a difference breaks it, or there is no answer.

        For probes, which ask often: an answer is good for `max_age` seconds, and threads that ask at the same time get
        the answer of one of them. Never raises: that the database cannot be reached is a reason.

        Args:
            database: an Engine, an AsyncEngine or a URL; the answer is remembered with it.
            max_age: seconds for which an answer is good. 0 always looks.
            timeout: seconds within which there is an answer; a database that is silent for so long is not ready. Less
                than two are not kept exactly.
        """

        def check() -> Report:
            return self._again()._checked(database, min(1.0, timeout), Deadline(max(0.0, timeout - LAST)))

        return _memory.probe(self, database).ask(max_age, lambda: readiness_of(check, self.name))

    def plan(self, database: Any, *, survey_timeout: float = 5.0, schema: str | None = None) -> Plan:
        """Read only: the steps that apply would take, and what is refused. Takes and raises what `check` does."""
        guard, database = in_schema(self, database, schema)
        guard = guard._again()
        with guard._session(database) as session:
            return plan_of(guard._look(session, survey_timeout), session, guard.policy)

    def apply(
        self,
        database: Any,
        limits: Limits | None = None,
        *,
        on_step: Callable[[StepResult], None] | None = None,
        stop: Stop | None = None,
        deadline: Deadline | None = None,
        schema: str | None = None,
    ) -> Report:
        """Repair what can be repaired without destroying anything, then look again; the logger `schema_guard` is told.

        Args:
            database: an Engine, an AsyncEngine or a URL.
            limits: time budget and timeouts.
            on_step: is told what became of each step as it ends.
            stop: asks it to stop, from another thread: what a statement has begun is rolled back, the rest is left.
            deadline: when all has to be over; None is when the budget ends, counted from now.
            schema: as `check` takes it; it is made where it is missing.

        Raises:
            UnreachableError, ReadError, ConfigurationError: as `check` does.
            LockTimeoutError: as `check` does; or another guard holds the guard lock for longer than the budget.
            StoppedError: it was asked to stop before it began.
        """
        from schema_guard.events import Events  # a check need not load what runs steps
        from schema_guard.rounds import Rounds

        if schema is not None:
            guard, database = in_schema(self, database, schema)
            return guard.apply(database, limits, on_step=on_step, stop=stop, deadline=deadline)
        if (again := self._again()) is not self:
            return again.apply(database, limits, on_step=on_step, stop=stop, deadline=deadline)
        limits = limits or Limits()
        deadline = deadline or Deadline(limits.budget, counted=True)
        with self._session(database, deadline) as session, cancelling(session, stop or Stop()):
            started = deadline.begin(limits.budget)
            tenant = database.schema if isinstance(database, Tenant) else ""
            events = Events(self.name, session.facts.server, on_step, silent=not self._logged, schema=tenant)
            known = new_schema(self.source, self._told, session, database)
            rounds = Rounds(
                session,
                limits,
                started,
                look=lambda anew: self._look(session, limits.survey_timeout, known if anew else None),
                plan=lambda look: known.plan(look, lambda: plan_of(look, session, self.policy)),
                on_begin=events.began,
                on_step=events.ended,
                on_progress=events.underway,
            )
            if (exact := self._by_digests(session, limits.survey_timeout, started)) is not None:
                return self._ended(replace(exact, applied=True), session, events)
            look = rounds.first_look()
            while not (report := self._report(session, look, started)).satisfied:
                session.clear_away()
                if report.plan is not None and not report.plan.empty:
                    look = rounds.repair(alone=lambda wait: self._alone(session, wait))
                if not rounds.readable_again(look):
                    report = self._report(session, look, started)
                    break
                look = rounds.patient_look()
            warnings = (*report.warnings, *not_run(look.expected, rounds.tables_made))
            report = replace(report, results=united(rounds.results), applied=True, warnings=warnings)
            return self._ended(report, session, events)

    def _checked(self, database: Any, survey_timeout: float, deadline: Deadline | None = None) -> Report:
        started = time.monotonic()
        with self._session(database, deadline) as session:
            memory = self._memory(session)

            def looked_at() -> tuple[Look, Report]:
                look = self._look(session, survey_timeout)
                return look, self._report(session, look, started)

            if memory is None:
                if (known := self._by_digests(session, survey_timeout, started)) is not None:
                    return known
                look, report = looked_at()
                self._note(session, look, report)
                return report
            return remembering.checked(session, memory, looked_at, self.accept, started)

    def _ended(self, report: Report, session: Session, events: Events) -> Report:
        """The report of an apply, told to those who keep it."""
        if self._history is not None:
            report = self._history.kept(report, session)
        events.judged(report)
        return report

    def _note(self, session: Session, look: Look, report: Report) -> None:
        """Of models that are asked again: by what the next check knows this database, if that is SQLite's."""
        if isinstance(self.source, Once) and not (self.source.text_asked or report.findings) and self._takes_all():
            from schema_guard.by_text import known_again

            self.source.text_asked, self.source.text_known = True, known_again(session, look, self.policy)

    def _takes_all(self) -> bool:
        """Whether nothing but what the source expects says what is found."""
        return not (self.accept or self._withhold or self._beside or self.scope != Scope())

    def _by_digests(self, session: Session, survey_timeout: float, started: float) -> Report | None:
        """Where there are digests of all that is expected, and nothing else says what is found."""
        source = self.source
        if not self._takes_all():
            return None
        if isinstance(source, Changing):
            source = ByParts(source)
        elif not isinstance(source, FrozenSource | Once):
            return None
        if isinstance(source, FrozenSource) and self.policy != source.document.policy:
            return None
        from schema_guard.by_digests import report_by_digests

        return report_by_digests(session, source, self.policy, self.name, survey_timeout, started)

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

    def expected(self, dialect: Dialect) -> Schema:
        """What is guarded, in one database's words."""
        return self._guarded(dialect, dialect.schema_of("", "relation")).expected

    def _guarded(self, dialect: Dialect, default: str | None) -> Guarded:
        """What is guarded; without a server the default schema is the usual one."""
        guarded = self.scope.guarded(self._expected(dialect), default or USUAL_SCHEMA.get(dialect.name))
        guarded.refuse_misnamed()
        return guarded

    def _expected(self, dialect: Dialect) -> Schema:
        return self.source.expect(dialect)

    def _concerned(self, differences: tuple[Difference, ...]) -> tuple[Difference, ...]:
        """Those of the differences that are this guard's business: all of them."""
        return differences

    def _names(self, dialect: Dialect) -> tuple[list[str], list[str]]:
        """What is left to the search_path, by this release or by the one beside it."""
        relations, types = self.source.names(dialect)
        if self._beside is None:
            return relations, types
        others = self._beside.source.names(dialect)
        return sorted({*relations, *others[0]}), sorted({*types, *others[1]})

    def _look(self, session: Session, survey_timeout: float, known: Anew | None = None) -> Look:
        """`known`: of a schema that may have to be made, before anything else is looked at."""
        begun = time.monotonic()
        session.locate(*self._names(session.dialect))
        first = known or Anew()
        guarded = first.guarded(lambda: self._guarded(session.dialect, session.facts.default_schema))
        actual = guarded.with_absent(session.inspect(guarded.to_inspect))

        def made() -> Look:
            found = filter(guarded.concerns, compared(guarded.expected, actual, session, self.policy))
            differences = self._concerned(tuple(found))
            held = Held(differences) if self._beside is None else self._beside.held(session.dialect, differences)
            return looked(
                session,
                guarded,
                actual,
                held.differences,
                accept=self.accept,
                withhold=self._withhold,
                held=held.refusals,
                survey_timeout=survey_timeout,
                begun=begun,
                anew=known is not None,
            )

        return first.look(actual, made)

    def _report(self, session: Session, look: Look, started: float) -> Report:
        return report_of(look, plan_of(look, session, self.policy), session, self.name, started, self.source)
