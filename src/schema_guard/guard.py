"""The guard: expect, inspect, compare, plan, execute, report. This is the whole pipeline."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schema_guard import remembering
from schema_guard.acceptance import Acceptance, acceptances_of
from schema_guard.beside import Beside, Held
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Dialect, Session
from schema_guard.dialects.deadline import LAST, Deadline
from schema_guard.dialects.stop import Stop, cancelling
from schema_guard.difference import Difference
from schema_guard.errors import ConfigurationError, argument
from schema_guard.execute.limits import Limits
from schema_guard.look import Look, Withhold, compared, looked, plan_of, report_of
from schema_guard.many.group import Group, group_of
from schema_guard.many.tenants import Tenants, in_schema, tenants_of
from schema_guard.plan import Plan, Policy
from schema_guard.readiness import Memory, Readiness, readiness_of
from schema_guard.remembered import digest_of
from schema_guard.report import Report, StepResult, united
from schema_guard.requirements import program
from schema_guard.schema import Schema
from schema_guard.scope import Guarded, Scope
from schema_guard.selector import INCLUDED, selectors_of
from schema_guard.sources.frozen import FrozenSource, read
from schema_guard.sources.source import Source

if TYPE_CHECKING:
    from schema_guard.expect.backfills import Backfill
    from schema_guard.expect.models import Models
    from schema_guard.expect.upserts import Upsert
    from schema_guard.history.table import History

__all__ = ["Guard"]

USUAL_SCHEMA = {"postgresql": "public", "sqlite": "main"}

_memory = Memory()


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
        include: patterns of the tables that are guarded; without any, all are.
        exclude: patterns of what is not guarded: "audit.*", "index:legacy_*".

    Raises:
        TargetError: when `models` is none of these.
        ConfigurationError: when an upsert names something else than columns of one table, or `accept`, `include` or
            `exclude` is no such list.
    """

    _remembered = ""
    """Tells what is expected, where checks are remembered."""

    _logged = True
    """Whether apply tells the log what it does."""

    def __init__(
        self,
        models: Any,
        *,
        backfills: Sequence[Backfill] = (),
        upserts: Sequence[Any] = (),
        policy: Policy | None = None,
        name: str = "",
        accept: Sequence[str | Acceptance | Mapping[str, object]] = (),
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
    ) -> None:
        from schema_guard.sources.models import source_of  # and with it SQLAlchemy, which a frozen file needs not

        self.source: Source = source_of(models, backfills, upserts)
        self.policy = policy or Policy()
        self.name = name
        self._withhold: Withhold | None = None
        self._beside: Beside | None = None
        self._history: History | None = None
        with argument("accept"):
            self.accept = acceptances_of(accept)
        with argument("include") as origin:
            included = selectors_of(include, origin, INCLUDED)
        with argument("exclude") as origin:
            self.scope = Scope(included, selectors_of(exclude, origin))

    @classmethod
    def frozen(cls, path: str | Path, *, edited: bool = False) -> Guard:
        """The guard of what a release expected when `schema-guard freeze` wrote the file: no model is imported.

        Args:
            path: of the file. It holds SQL that is run: trust it like code.
            edited: take it although it was edited by hand, so that its hash does not fit.

        Raises:
            ConfigurationError: it is no frozen file, of another format, damaged, or edited.
        """
        document = read(Path(path), edited=edited)
        guard = cls.__new__(cls)
        guard.source = FrozenSource(document, str(path))
        guard.policy, guard.name, guard.accept = document.policy, document.name, document.accept
        guard.scope = document.scope
        guard._withhold = guard._beside = guard._history = None
        return guard

    @classmethod
    def group(cls, members: Mapping[str, Any]) -> Group:
        """Several databases of one application, by name: models or a Guard, each in a pair with its Engine or URL."""
        return group_of(members, cls)

    @property
    def models(self) -> Models:
        """Where the models are registered. Raises ConfigurationError: the guard is of a frozen file."""
        return self.source.models

    @property
    def backfills(self) -> tuple[Backfill, ...]:
        """The declared backfills; none of a frozen file, which holds their SQL."""
        return getattr(self.source, "backfills", ())

    @property
    def upserts(self) -> tuple[Upsert, ...]:
        """The declared upserts; none of a frozen file, which holds their columns."""
        return getattr(self.source, "upserts", ())

    def changed(
        self, *, policy: Policy | None = None, accept: Sequence[Acceptance] = (), scope: Scope | None = None
    ) -> Guard:
        """Another guard of the same application, with another policy, that accepts and excludes more."""
        other = copy(self)
        other.policy = policy or self.policy
        other._remembered = ""
        other.accept = (*accept, *self.accept)
        other.scope = self.scope if scope is None else scope.over(self.scope)
        return other

    def of(self, source: Source) -> Guard:
        """Another guard, of other expectations, with the same policy; it accepts and excludes nothing."""
        other = copy(self)
        other.scope, other._remembered = Scope(), ""
        other.source, other.accept, other._withhold, other._beside = source, (), None, None
        return other

    def withholding(self, withhold: Withhold) -> Guard:
        """The same guard, which leaves those differences alone that `withhold` names; this one stays as it is."""
        guard = copy(self)
        guard._withhold, guard._remembered = withhold, ""
        return guard

    def silent(self) -> Guard:
        """The same guard, whose apply neither logs nor records, for a scratch database; this one stays as it is."""
        guard = copy(self)
        guard._logged, guard._history = False, None
        return guard

    def recording(self, release: str | None = None) -> Guard:
        """The same guard, whose apply writes what it did into the table schema_guard_history; this one stays as it is.

        Where nothing was to be done nothing is written. That it cannot be written is a warning of the report.

        Args:
            release: of the application; None takes what its host says (RENDER_GIT_COMMIT, HEROKU_SLUG_COMMIT, ..).
        """
        from schema_guard.history.table import History

        guard = copy(self)
        guard._history = History(release)
        return guard

    def beside(self, release: Guard | Source, name: str = "") -> Guard:
        """The same guard, while another release runs on the same database; this one stays as it is.

        Repairs that could make that release's statements fail are held, and named: NOT NULL, CHECK, UNIQUE, FOREIGN
        KEY and exclusion constraints that it does not itself expect. All others run.

        Args:
            release: what that release expects, mostly `Guard.frozen(..)` of its file.
            name: how messages call it.
        """
        guard = copy(self)
        source = release.source if isinstance(release, Guard) else release
        guard._remembered = ""
        guard._beside = Beside(source, name or "another version")
        return guard

    def remembering(self, expectations: str = "") -> Guard:
        """The same guard, whose checks of a PostgreSQL database remember there that it satisfied the expectations.

        The next check asks first whether the catalog is as it was. See docs/remembering.md: it makes one table.

        Args:
            expectations: tells what is expected from all else; by default all that the frozen file and this guard say.

        Raises:
            ConfigurationError: the guard is of models, not of a frozen file.
        """
        if not isinstance(self.source, FrozenSource) or self._beside is not None:
            raise ConfigurationError("only what a frozen file alone expects is remembered: docs/remembering.md")
        guard = copy(self)
        own = (self.source.document.digest, self.policy, self.accept, self.scope)
        guard._remembered = expectations or digest_of("guard", program(), *own)
        return guard

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
        """
        guard, database = in_schema(self, database, schema)
        return guard._checked(database, survey_timeout)

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
            return self._checked(database, min(1.0, timeout), Deadline(max(0.0, timeout - LAST)))

        return _memory.probe(self, database).ask(max_age, lambda: readiness_of(check, self.name))

    def plan(self, database: Any, *, survey_timeout: float = 5.0, schema: str | None = None) -> Plan:
        """Read only: the steps that apply would take, and what is refused. Takes and raises what `check` does."""
        guard, database = in_schema(self, database, schema)
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
            UnreachableError, ReadError: as `check` does.
            LockTimeoutError: as `check` does; or another guard holds the guard lock for longer than the budget.
            StoppedError: it was asked to stop before it began.
        """
        from schema_guard.events import Events  # a check need not load what runs steps
        from schema_guard.rounds import Rounds

        if schema is not None:
            guard, database = in_schema(self, database, schema)
            return guard.apply(database, limits, on_step=on_step, stop=stop, deadline=deadline)
        limits = limits or Limits()
        deadline = deadline or Deadline(limits.budget, counted=True)
        with self._session(database, deadline) as session, cancelling(session, stop or Stop()):
            started = deadline.begin(limits.budget)
            events = Events(self.name, session.facts.server, on_step, silent=not self._logged)
            rounds = Rounds(
                session,
                limits,
                started,
                look=lambda: self._look(session, limits.survey_timeout),
                plan=lambda look: plan_of(look, session, self.policy),
                on_begin=events.began,
                on_step=events.ended,
            )
            look = rounds.patient_look()
            while not (report := self._report(session, look, started)).satisfied:
                session.clear_away()
                if report.plan is not None and not report.plan.empty:
                    look = rounds.repair(alone=lambda wait: self._alone(session, wait))
                if not rounds.readable_again(look):
                    report = self._report(session, look, started)
                    break
                look = rounds.patient_look()
            report = replace(report, results=united(rounds.results), applied=True)
            if self._history is not None:
                report = self._history.kept(report, session)
            events.judged(report)
            return report

    def _checked(self, database: Any, survey_timeout: float, deadline: Deadline | None = None) -> Report:
        started = time.monotonic()
        with self._session(database, deadline) as session:
            memory = session.memory(self._remembered) if self._remembered else None

            def looked_at() -> tuple[Look, Report]:
                look = self._look(session, survey_timeout)
                return look, self._report(session, look, started)

            if memory is None:
                return looked_at()[1]
            return remembering.checked(session, memory, looked_at, self.accept, started)

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
        return self.scope.guarded(self._expected(dialect), default or USUAL_SCHEMA.get(dialect.name))

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

    def _look(self, session: Session, survey_timeout: float) -> Look:
        begun = time.monotonic()
        session.locate(*self._names(session.dialect))
        guarded = self._guarded(session.dialect, session.facts.default_schema)
        expected = guarded.expected
        actual = guarded.with_absent(session.inspect(guarded.to_inspect))
        found = filter(guarded.concerns, compared(expected, actual, session, self.policy))
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
        )

    def _report(self, session: Session, look: Look, started: float) -> Report:
        return report_of(look, plan_of(look, session, self.policy), session, self.name, started)
