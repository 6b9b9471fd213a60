"""The doctor: what is wrong with the environment and the chain, each fault with its fix. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from schema_guard.chain.ahead import Ahead
from schema_guard.chain.commands import Commands
from schema_guard.chain.diagnosis import Diagnosis, Look
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.by_a_person import begun_by_others, by_a_person, on_an_empty_one, unprovable
from schema_guard.chain.faults.database import version_faults
from schema_guard.chain.faults.drift import drift_faults
from schema_guard.chain.faults.early import Early
from schema_guard.chain.faults.env_py import project_faults
from schema_guard.chain.faults.env_tables import after_env_tables, env_tables_faults
from schema_guard.chain.faults.environment import environment_faults, environment_lines
from schema_guard.chain.faults.files import REFUSED, WIDTH, chain_faults, no_chain
from schema_guard.chain.faults.filled_again import filled_again
from schema_guard.chain.faults.gone_early import Gone, begun_elsewhere, gone_early, gone_faults
from schema_guard.chain.faults.incomparable import incomparable
from schema_guard.chain.faults.made_again import made_again
from schema_guard.chain.faults.made_early import made_early
from schema_guard.chain.faults.names import elsewhere
from schema_guard.chain.faults.other_type import other_type
from schema_guard.chain.faults.replay import left_faults, proof_faults, replay_faults, with_proof
from schema_guard.chain.faults.settled import settled
from schema_guard.chain.faults.stamped import present, stamped_faults
from schema_guard.chain.faults.undefaulted import undefaulted
from schema_guard.chain.faults.unfilled import unfilled
from schema_guard.chain.faults.unsupported import unsupported
from schema_guard.chain.faults.vetoes import Left, Veto, against, left_over
from schema_guard.chain.faults.way_out import WayOut, early_and_way_out, early_faults
from schema_guard.chain.live import open_live
from schema_guard.chain.location import Location
from schema_guard.chain.reading.pending import There
from schema_guard.chain.sandbox.beside import facts_beside
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.sandbox.matching import Match, Proof, Standing, prove
from schema_guard.chain.sandbox.replay import Project, Replay, describe, replayed
from schema_guard.chain.sandbox.snapshot import take_snapshot
from schema_guard.chain.systems import SYSTEMS, Live, System
from schema_guard.chain.unmatched import unmatched
from schema_guard.chain.version_table import VersionTable
from schema_guard.counted import counted
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Session
from schema_guard.dialects.deadline import Deadline
from schema_guard.errors import (
    ConfigurationError,
    GuardError,
    LockTimeoutError,
    OutOfTimeError,
    ReadError,
    UnreachableError,
)
from schema_guard.guard import Guard
from schema_guard.report import Report
from schema_guard.schema import Schema

__all__ = ["Doctor"]


@dataclass(slots=True)
class Doctor:
    """Looks at one application's database and chain.

    Args:
        guard: the models.
        commands: what a person types.
        loaded: TARGET as it was loaded, to find a Flask application.
        url: the database, with an installed driver.
        written: the same as it was written; None where it was made.
        location: the chain's configuration; None when there is none.
        x: what env.py gets as `-x`.
        scratch_server: a PostgreSQL server for scratch databases; None takes the database's own.
        main: it is the application's only database, or the main one of several.
        lost: revisions whose files a person declares lost.
        say: hears what takes time.
    """

    guard: Guard
    commands: Commands
    url: URL
    location: Location | None
    loaded: str
    written: str | None = None
    x: Sequence[str] = ()
    scratch_server: URL | None = None
    main: bool = True
    lost: tuple[str, ...] = ()
    say: Callable[[str], None] = field(default=lambda _: None)

    @property
    def system(self) -> System:
        """The database system of the URL."""
        return SYSTEMS[self.url.get_backend_name()]

    def diagnose(self, *, replay_on: Sequence[str] = (), pooler: bool = True) -> Diagnosis:
        """Find every fault.

        Args:
            replay_on: database systems to replay the chain on.
            pooler: also ask whether a pooler stands between.
        """
        faults: list[Fault] = []
        project = self.describe()
        if project is None:
            faults += no_chain(replayed=bool(replay_on))
        look: Look | None = None
        proved = unreachable = False
        lines: list[str] = []
        try:
            with open_live(self.url) as live, closing(open_session(self.url)) as session:
                look = self.look(session, live, project)
                lines += environment_lines(self.url, self.written_url, session.facts)
                faults += environment_faults(self.url, session.facts, live, look.everything) if pooler else ()
        except UnreachableError as error:
            unreachable = True
            faults.append(Fault("unreachable", Severity.BREAKS, error.message, Fix("check the URL and the server")))
        if project is not None:
            faults += self.chain_faults(project, look)
            if project.found is None or any(fault.code in REFUSED and fault.breaks_next_deploy for fault in faults):
                replay_on = ()  # the fault is told; a replay would only fail by it
            for system in replay_on:
                found, proof, decided = self._replayed(project, look, system)
                faults = [unprovable(fault, decided, self.commands) for fault in faults]
                faults += found
                if proof is not None and look is not None:
                    proved = True
                    step, veto = self.unmatched(project, look, proof), self._veto(project, look, proof)
                    faults = [with_proof(fault, proof, self.commands, step, veto) for fault in faults]
        if look is not None and look.guarded:  # of no interest while it is still empty
            report, chained = self.beside_chain(project).check(self.url), project.chain if project else None
            blind = any(fault.code == "blind-stamp" for fault in faults)
            faults += drift_faults(report, look.version, chained, self.commands, proved=proved, blind=blind)
        return Diagnosis(
            tuple(sorted(settled(faults, proved), key=lambda fault: -fault.severity)),
            tuple(lines),
            look.server if look else None,
            str(project.location) if project else "",
            len(project.chain) if project else 0,
            project.chain.heads if project else (),
            look.version.rows if look else (),
            tuple(replay_on) if project else (),
            unreachable,
        )

    def describe(self, deadline: Deadline | None = None) -> Project | None:
        """The chain and what env.py configures; None where there is no chain.

        Raises OutOfTimeError when the deadline is over before env.py has run.
        """
        if self.location is None:
            return None
        deadline = deadline or Deadline()
        whose = (self.location, self.loaded, self.url, self.written_url, self.x, self.main)
        project = describe(*whose, lambda: deadline.over)
        if deadline.over and project.failed is not None:
            raise OutOfTimeError("no revision was begun within the budget: env.py took too long")
        return project

    @property
    def written_url(self) -> URL:
        """The URL in its own driver; where it cannot be read as it was written, the one that can."""
        try:
            return self.url if self.written is None else make_url(self.written.strip())
        except ArgumentError:
            return self.url

    def look(self, session: Session, live: Live, project: Project | None) -> Look:
        """Read the database: the guarded tables, the version table, and every table beside them."""
        session.locate(*self.guard.source.names(session.dialect))
        expected = replace(self.guard.expected(session.dialect), fills=())
        facts = session.facts
        named = [facts.default_schema or "", *(table.name.schema or "" for table in expected.tables)]
        schemas = tuple(filter(None, dict.fromkeys(named)))
        name, schema = project.version_table if project else ("alembic_version", None)
        everything = take_snapshot(session, schemas, [name])
        version = live.version_table(name, schema).without(self.lost)
        if project:
            version = version.after(lambda: live.version_table("alembic_version", None), project.chain)
            version = version.against(project.chain)
        names, wanted = (There.of(schema, facts.default_schema, self.system) for schema in (everything, expected))
        beside = facts_beside(session, schemas, [name])
        return Look(
            facts.server,
            version,
            schemas,
            facts.default_schema,
            tuple(table.name for table in expected.tables if everything.table(table.name) is not None),
            everything,
            beside,
            names,
            *self._early(project, version, names, wanted, everything, beside, live),
            live.fingerprint() if self.url.database not in (None, "", ":memory:") else (),
        )

    def _early(
        self,
        project: Project | None,
        version: VersionTable,
        there: There,
        expected: There,
        everything: Schema,
        beside: frozenset[Fact],
        live: Live,
    ) -> tuple[tuple[Early, ...], WayOut | None, tuple[Gone, ...], tuple[Fault, ...], tuple[Fault, ...]]:
        """What is there too early, gone too early, or empty; of no meaning where nobody knows what ran."""
        if project is None or version.unknown(project.chain):
            return (), None, (), (), ()
        chain, ran = project.chain, project.chain.upto(version.rows)
        gone = gone_early(chain, ran, everything, beside, there, live.read)
        if not version.rows:
            ours = (each for each in gone if expected.has(each.missing.kind, each.missing.object))
            return (), None, tuple(each for each in ours if each.uses and not version.lost), (), ()
        again = tuple(filled_again(chain, ran, everything, there, live.read, self.commands))
        early = early_and_way_out(chain, ran, everything, beside, there, live.read, self.commands, version.in_sql)
        return *early, gone, again, tuple(unfilled(chain, ran, expected, there, self.commands))

    def chain_faults(self, project: Project, look: Look | None) -> list[Fault]:
        """Faults of the files, of env.py, and of what alembic_version says."""
        chain = project.chain
        table = look.version if look else VersionTable("alembic_version", False)
        unlimited = project.widens or (table.exists and not self.system.checks_length)
        width = None if unlimited else table.width if table.exists else WIDTH
        applied = chain.upto(table.rows)
        found = list(chain_faults(chain, project.unreadable, project.location.command, width, applied, self.system))
        found += project_faults(project, [".".join(filter(None, table)) for table in self.guard.source.tables])
        if look is not None:
            said = version_faults(look.version, chain, look.guarded, look.there, self.commands, project.schemas)
            unread = project.found is None or project.unreadable  # the revision may be in a file that was not read
            found += [fault for fault in said if fault.code != "unknown-revision" or not unread]
            found += early_faults(look.early, look.way_out, self.commands)
            told = [early.change.object for early in look.early]
            read = (look.version, look.everything, look.beside, look.there, told)
            out = look.way_out.fix() if look.way_out else None
            early = [*made_early(project, *read, out, lambda objects: self._other_type(objects, look), self.commands)]
            if not look.version.rows and not look.guarded:
                found += begun_elsewhere(look.gone, project, on_an_empty_one(project, self.commands))
            gone = list(gone_faults(look.gone if look.version.rows else (), project, self.commands))
            found += [*early, *look.again, *look.unfilled]
            over = applied | {gone.revision for gone in look.gone if gone.ran}
            there = present(look.everything, look.default_schema, self.system)
            empty = not (look.guarded or project.several) and bool(self.guard.source.tables)
            certain, seen = not elsewhere(project), (look.version, chain, there, self.system, self.commands)
            seems, needed = bool(early) or over != applied, any(fault.sure for fault in gone)
            stamped = [
                *stamped_faults(*seen, early=seems, empty=empty, certain=certain, needed=needed, schemas=look.schemas)
            ]
            blind = any(fault.breaks_next_deploy for fault in stamped)  # that one says why the others miss something
            uses = {(each.revision, each.action.line) for each in look.gone if each.uses}
            found += [fault for fault in gone if not (blind and (fault.revision, fault.line) in uses)] + stamped
            found += unsupported(project, over, self.system)
            found += incomparable(project, over, look.everything, look.there, self.url)
            found += env_tables_faults(project, over, look.there, self.commands)
        return after_env_tables(found)

    def _other_type(self, objects: Sequence[str], look: Look) -> Fix | None:
        """The fix for columns that are there early with another type."""
        differences = [finding.difference for finding in self.guard.check(self.url).findings]
        with open_live(self.url) as live:
            return other_type(objects, differences, look.everything, look.there, live.read, self.commands)

    def unmatched(self, project: Project, look: Look, proof: Proof) -> Fix:
        """What to do where the database matches no revision."""
        if look.way_out is not None:
            return look.way_out.fix()
        with open_live(self.url) as live:
            return unmatched(project, look, proof, self.guard.plan(self.url), live.read, self.commands)

    def prove(self, project: Project, look: Look, session: Session) -> tuple[Replay, Proof | None]:
        """Replay on the database's own system, and find what the database satisfies; None when nothing was reached.

        Raises:
            ConfigurationError: no scratch database could be created.
            LockTimeoutError, ReadError: the database could not be compared with what was reached.
        """
        look.all_read()
        self.say("replaying the chain on a scratch database")
        rows, system = look.version.rows, self.url.get_backend_name()
        with replayed(project, system, self.scratch_server, look.schemas, rows, real=True) as (_, played):
            pass
        if not played.states:
            return played, None
        return played, self._proof(played, project, look, session)

    def _proof(self, played: Replay, project: Project, look: Look, session: Session) -> Proof:
        look.all_read()
        models = replace(self.guard.expected(session.dialect), fills=())
        with open_live(self.url) as live:
            schemas = [state.schema for state in played.states]
            free = undefaulted(schemas, look.everything, models, look.there, live.read)
        seen = (look.everything, look.beside)
        return prove(played.states, *seen, project.chain, session, look.version.rows, free)

    @contextmanager
    def at_head(self) -> Iterator[URL]:
        """A scratch database of the database's own system on which the whole chain has run; dropped afterwards.

        Raises:
            ConfigurationError: there is no chain, no scratch database, or a revision fails.
        """
        project = self.describe()
        if project is None:
            raise ConfigurationError("a replay needs Alembic migrations: name alembic.ini with --config")
        system, schemas = self.url.get_backend_name(), self._schemas()
        self.say(f"replaying {counted(len(project.chain), 'revision')} on a scratch {system}")
        with replayed(project, system, self.scratch_server, schemas, real=True) as (scratch, played):
            failed = project.failed or played.failed
            if failed is not None:
                where = f"revision {failed.revision}" if failed.revision else "env.py"
                told = f"`{self.commands('doctor')} --replay` says where"
                raise ConfigurationError(f"{where} fails on an empty database: {failed.message} ({told})")
            yield scratch.url

    def beside_chain(self, project: Project | None) -> Guard:
        """The guard as deploy has it: it leaves to the chain what that brings."""
        if project is None:
            return self.guard
        return self.guard.withholding(Ahead(project.location, lambda: project, self.commands, self.lost))

    def satisfied(self) -> bool:
        """Whether the database has what the models expect."""
        return self.guard.check(self.url).satisfied

    def _replayed(
        self, project: Project, look: Look | None, system: str
    ) -> tuple[list[Fault], Proof | None, Fix | None]:
        """The faults that a replay on this system shows, and, on the database's own, what the database has, or how a
        person decides it."""
        self.say(f"replaying {counted(len(project.chain), 'revision')} on a scratch {system}")
        own = system == self.url.get_backend_name()
        try:
            schemas = look.schemas if look and look.schemas else self._schemas()
            rows, real = look.version.rows if look is not None else (), look is not None
            with replayed(project, system, self.scratch_server, schemas, rows, real=real) as (scratch, played):
                drift = None if played.failed else self._head(scratch.url)
        except (ConfigurationError, UnreachableError) as error:
            return [Fault("replay-impossible", Severity.RISK, f"on {system}: {error.message}")], None, None
        ran = project.chain.upto(look.version.rows) if look is not None else frozenset[str]()
        found = list(replay_faults(project, played, drift, own=own, commands=self.commands, ran=ran))
        if own and look is not None and not (look.guarded or look.version.rows):
            found = [begun_by_others(fault, project, played, self.commands) for fault in found]
        if not own or look is None or not look.guarded:
            return found, None, None
        if played.failed is not None:
            return found, None, by_a_person(project, played, look.version.rows, self.satisfied, self.commands)
        try:
            with closing(open_session(self.url)) as session:
                proof = self._proof(played, project, look, session)
        except (LockTimeoutError, ReadError) as error:
            return [*found, Fault("replay-impossible", Severity.RISK, f"on {system}: {error.message}")], None, None
        if look.version.rows:
            step, veto = self.unmatched(project, look, proof), self._veto(project, look, proof)
            needed = bool(look.gone)
            found += proof_faults(look.version.rows, project.chain, proof, self.commands, step, veto, needed=needed)
            found += left_faults(self._left(look, proof), look.version.rows, project, self.commands)
        return found, proof, None

    def _left(self, look: Look, proof: Proof) -> Sequence[Left]:
        """What should be gone by the stamp, where all that it makes is there: with rows, so that it counts."""
        if proof.match is None or not proof.match.stays:
            return ()
        with open_live(self.url) as live:
            return left_over(proof.match, proof.match.ran, look.everything, look.there, live.read)

    def _veto(self, project: Project, look: Look, proof: Proof) -> Veto | None:
        """What `stamp` would say against the revision whose schema the database has."""
        if proof.match is None or proof.match.stays:
            return None
        with open_live(self.url) as live:
            return self.veto(project, look, proof.match, live, proof.stamped)

    def veto(self, project: Project, look: Look, match: Match, live: Live, own: Standing | None) -> Veto | None:
        """What speaks against the stamp of a revision whose schema the database has."""
        rows, alembic, guard = look.version.rows, project.location.on_database, self.guard
        seen = (look.everything, look.there, live.read, lambda: guard.check(self.url).findings)
        again = made_again(own, project.chain, self.commands)
        return against(match, rows, project.chain, *seen, alembic, self.commands, again)

    def _schemas(self) -> tuple[str, ...]:
        """Where the models live when no database can be asked."""
        named = (table.schema for table in self.guard.source.tables if table.schema)
        return tuple(dict.fromkeys(("public", *named)))

    def _head(self, url: URL) -> Report | None:
        """The guard's own check of the scratch database after the last revision."""
        try:
            return self.guard.check(url)
        except GuardError:
            return None
