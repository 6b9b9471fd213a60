"""A scratch database as another release left it, this release's chain and repairs on it, then that one's statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from schema_guard.chain.deploy import Deployment, deploy
from schema_guard.chain.doctor import Doctor
from schema_guard.chain.systems import FILE, SERVER
from schema_guard.compat.compatibility import Break, Compatibility, Doubt
from schema_guard.compat.order import order_of
from schema_guard.compat.statements import statements_of
from schema_guard.counted import counted
from schema_guard.dialects import open_session
from schema_guard.difference import Impact
from schema_guard.errors import ConfigurationError, one_line
from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.report import Report
from schema_guard.schema import Schema
from schema_guard.scope import Scope
from schema_guard.sources.frozen import FrozenSource

__all__ = ["Trial"]

LIMITS = Limits(budget=600.0)
"""A scratch database holds no rows: what takes longer than ten minutes waits for something."""


@dataclass
class Trial:
    """Both releases on one scratch database.

    Args:
        guard: this release.
        release: what the other one expects.
        doctor: for a guard and a database; it has no location where this release has no chain.
        scratch: a database of the PostgreSQL server that gets the scratch database, which has its extensions and its
            search_path; None takes SQLite.
    """

    guard: Guard
    release: FrozenSource
    doctor: Callable[[Guard, URL], Doctor]
    scratch: URL | None = None
    _done: list[str] = field(default_factory=list)

    def run(self) -> Compatibility:
        """Do it, and tell what fails.

        Raises:
            ConfigurationError: the other release cannot be laid down on this kind of database, or none can be made.
            UnreachableError, StepError: as `Guard.apply` does, on the scratch database.
        """
        with self._database() as url:
            other = self.guard.of(self.release)
            collisions = self._collisions(url) or self._played(other, url)
            if collisions:
                return Compatibility(self.release.path, _system(url), tuple(self._done), collisions=collisions)
            found = other.changed(scope=self._scope).check(url)
            return Compatibility(
                self.release.path,
                _system(url),
                tuple(self._done),
                tuple(self._breaks(found, url)),
                tuple(_doubts(found)),
            )

    @property
    def _scope(self) -> Scope:
        """What this release guards; it may include what the other one does not have yet."""
        return replace(self.guard.scope, others=self.guard.source.tables)

    @contextmanager
    def _database(self) -> Iterator[URL]:
        system = FILE if self.scratch is None else SERVER
        if self.scratch is not None and self.scratch.get_backend_name() != system.name:
            raise ConfigurationError("--scratch takes the URL of a PostgreSQL server; SQLite needs none")
        with system.scratch(self.scratch or URL.create(system.name), self.scratch, (), "") as database:
            yield database.url

    def _collisions(self, url: URL) -> tuple[str, ...]:
        """Where the other release's revisions are not part of this release's chain."""
        heads = self.release.document.heads
        project = self.doctor(self.guard, url).describe() if heads else None
        if project is None:
            return ()
        lacking = [head for head in heads if head not in project.chain]
        found = [
            f"the chain has no revision {head}, where {self.release.path} is: it was taken out, or this branch does "
            "not have it; merge the branch that has it"
            for head in lacking
        ]
        if len(project.chain.heads) > max(1, len(heads)):
            names, command = ", ".join(project.chain.heads), project.location.command
            found.append(f"the chain has several heads, {names}: {command} merge {' '.join(project.chain.heads)}")
        return tuple(found)

    def _lay_down(self, other: Guard, url: URL) -> None:
        """The database as the other release left it: its revisions, then what they leave out."""
        heads = self.release.document.heads
        if heads and self.doctor(other, url).location is not None:
            done = deploy(self.doctor(other, url), LIMITS, until=heads)
            self._done.append(f"created: {counted(len(done.ran), 'revision')} up to {', '.join(heads)}")
            if done.stopped:
                raise ConfigurationError(f"{self.release.path} cannot be created: {_why(done)}")
            report = done.report
        else:
            report = other.apply(url, LIMITS)
        if report is None or report.remains(Impact.BREAKS):
            lacking = [] if report is None else [str(each.difference.headline) for each in report.findings]
            why = one_line("; ".join(lacking[:3]))
            raise ConfigurationError(
                f"{self.release.path} cannot be created on this database system ({why}): "
                "name a PostgreSQL server with --scratch"
            )
        self._done.append(f"created: {counted(len(report.results), 'step')} of {self.release.path}")

    def _played(self, other: Guard, url: URL) -> tuple[str, ...]:
        """The other release, then this one's chain and repairs; why these don't end well, empty where they do."""
        self._lay_down(other, url)
        doctor = self.doctor(self.guard, url)
        if doctor.location is not None and self.release.document.heads:
            done = deploy(doctor, LIMITS)
            self._done.append(f"this release: {counted(len(done.ran), 'revision')}")
            if done.stopped:
                return (f"this release's deploy fails: {_why(done)}",)
            report = done.report
        else:
            if doctor.location is not None:
                why = f"{self.release.path} does not say where its chain ended"
                self._done.append(f"this release: no revision was run, since {why}")
            elif self.release.document.heads:
                why = "no Alembic configuration is at hand: name it with --config"
                self._done.append(f"this release: no revision was run, since {why}")
            report = self.guard.apply(url, LIMITS)
        assert report is not None
        self._done.append(f"this release: {counted(len(report.results), 'step')}")
        return ()

    def _breaks(self, found: Report, url: URL) -> Iterator[Break]:
        broken = [each.difference for each in found.findings if each.difference.impact is Impact.BREAKS]
        for difference in broken:
            yield Break(
                difference.object, difference.code, difference.headline, difference.effect, order_of(difference)
            )
        explained = {difference.table_name for difference in broken}
        session = open_session(url)
        try:
            session.locate(*self.release.names(session.dialect))
            expected: Schema = self.guard.of(self.release).changed(scope=self._scope).expected(session.dialect)
            quote = session.dialect.quote
        finally:
            session.close()
        engine = create_engine(url, poolclass=NullPool)
        doubled = engine.dialect.paramstyle in ("format", "pyformat")
        for statement in statements_of(expected, quote):
            if statement.table.name in explained:
                continue
            try:
                with engine.connect() as connection:
                    connection.exec_driver_sql(statement.sql.replace("%", "%%") if doubled else statement.sql)
                    connection.rollback()
            except SQLAlchemyError as error:
                writers = ", ".join(statement.table.mapped_by) or str(statement.table.name)
                reason = one_line(str(getattr(error, "orig", error)))
                effect = f"{statement.kind} of {writers} fails"
                yield Break(str(statement.table.name), "statement-fails", reason, effect)


def _doubts(found: Report) -> Iterator[Doubt]:
    for each in found.findings:
        difference = each.difference
        if difference.impact is Impact.WEAKENS:
            yield Doubt(difference.object, difference.code, difference.headline, difference.effect)


def _why(done: Deployment) -> str:
    if done.failed is not None:
        return f"{done.failed.revision}: {done.failed.message}" if done.failed.revision else done.failed.message
    return "; ".join(fault.message for fault in done.faults)


def _system(url: URL) -> str:
    session = open_session(url)
    session.close()
    return f"{session.facts.server.dialect} {session.facts.server.version}"
