"""The proved stamp: alembic_version is written only with what a replay showed the database to have."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from alembic.migration import MigrationContext
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Session
from schema_guard.dialects.bridge import bridge_for
from schema_guard.errors import ConfigurationError, StepError, one_line
from schema_guard.integrations.alembic.chain import Chain
from schema_guard.integrations.alembic.chain_faults import chain_faults
from schema_guard.integrations.alembic.doctor import Doctor, Look
from schema_guard.integrations.alembic.faults import Fault, Mend
from schema_guard.integrations.alembic.live import open_live, quoted
from schema_guard.integrations.alembic.matching import Match, Proof
from schema_guard.integrations.alembic.replay import Project, Replay
from schema_guard.integrations.alembic.replay_faults import replay_faults
from schema_guard.integrations.alembic.typed import Commands

__all__ = ["Stamped", "prove_and_stamp", "stamp"]

HIDING = frozenset(
    {"chain-unreadable", "revision-unreadable", "revision-duplicate", "revision-missing", "cycle", "label-duplicate"}
)
"""With these the files don't say which chain they are: nothing can be proved."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of it. `written` is True when alembic_version was changed; `why` says why not.

    `heads` is what it names now; `before` what it named.
    """

    written: bool
    before: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    why: str = ""
    match: Match | None = None
    rows: tuple[str, ...] = ()
    """Revisions now taken as run, of which nobody can tell whether they changed the rows that they are to change."""
    details: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    mend: Mend | None = None
    """What to do where the database has the schema of no revision."""

    @property
    def proved(self) -> bool:
        """alembic_version names what the database has."""
        return self.match is not None and not self.why


def stamp(doctor: Doctor, wait: float, revision: str | None = None) -> Stamped:
    """Prove under the guard's lock which revision the database satisfies, and stamp it.

    Args:
        doctor: the application.
        wait: seconds to wait for the guard's lock.
        revision: stamp this one, when it is among those that leave the same tables; None takes the latest.

    Raises:
        ConfigurationError: there is no chain, or no scratch database could be had.
        UnreachableError, LockTimeoutError: the database does not answer, another guard is at work.
        StepError: alembic_version could not be written.
    """
    project = doctor.describe()
    if project is None:
        raise ConfigurationError("no Alembic configuration: name it with --config")
    with closing(open_session(doctor.url)) as session, session.guard_lock(doctor.guard.name, wait):
        return prove_and_stamp(doctor, project, session, revision=revision)


def prove_and_stamp(
    doctor: Doctor, project: Project, session: Session, *, revision: str | None = None, certain: bool = False
) -> Stamped:
    """The same, for who holds the lock already.

    Args:
        doctor: the application.
        project: its chain.
        session: the database.
        revision: as `stamp` takes it.
        certain: refuse where several revisions leave the same tables and it cannot be seen which of them ran.
    """
    with open_live(doctor.url) as live:
        look = doctor.look(session, live, project)
    broken = _broken(doctor, project)
    if broken:
        return Stamped(False, look.version.rows, look.version.rows, broken[0].message, faults=tuple(broken))
    if project.several:
        doctor.say(f"env.py works on several databases: only {doctor.url.database} is proved and stamped")
    played, proof = doctor.prove(project, look, session)
    if proof is None or played.failed is not None:
        return _not_replayed(project, played, look)  # what later revisions make is unknown: a match could be a mistake
    chosen = _chosen(proof, look, project.chain, revision, certain, doctor.commands)
    if isinstance(chosen, Stamped):
        return chosen if proof.match is not None else replace(chosen, mend=doctor.unmatched(project, proof))
    if set(chosen.heads) == set(look.version.rows):
        return Stamped(False, look.version.rows, chosen.heads, match=chosen)
    write_stamp(doctor.url, *project.version_table, chosen.heads, look.version.rows)
    rows = _skipped_rows(chosen, look.version.rows, project.chain)
    return Stamped(True, look.version.rows, chosen.heads, match=chosen, rows=rows)


def _broken(doctor: Doctor, project: Project) -> list[Fault]:
    if project.found is None:
        return [fault for fault in doctor.chain_faults(project, None) if fault.code == "chain-unreadable"]
    return [
        fault
        for fault in chain_faults(project.chain, project.unreadable, project.location.command, None)
        if fault.code in HIDING
    ]


def _not_replayed(project: Project, played: Replay, look: Look) -> Stamped:
    """The chain does not run on an empty database."""
    faults = tuple(replay_faults(project, played, None, own=True, commands=Commands()))
    why = faults[0].message if faults else "the chain could not be replayed"
    return Stamped(False, look.version.rows, look.version.rows, f"nothing is proved: {why}", faults=faults)


def _chosen(
    proof: Proof, look: Look, chain: Chain, revision: str | None, certain: bool, commands: Commands
) -> Match | Stamped:
    """The match, or why there is none that may be stamped."""
    rows = look.version.rows
    match = proof.match
    if match is None:
        near = ", ".join(proof.nearest.heads) or "the empty database"
        details = (
            *proof.nearest.lacks,
            *(f"{fact}: there already, a later revision makes it" for fact in proof.nearest.early),
        )
        return Stamped(
            False, rows, rows, f"the database has the schema of no revision; nearest is {near}", details=details
        )
    if revision is not None:
        ids = [id_ for id_ in chain.by_id if id_.startswith(revision)]
        asked = chain.upto(ids) if len(ids) == 1 else frozenset[str]()
        doubtful = frozenset(match.unseen) | {id_ for id_ in chain.by_id if chain.by_id[id_].empty}
        if not asked or (asked ^ match.ran) - doubtful:
            what = (
                "no single revision"
                if len(ids) != 1
                else f"not what the database has, which is {', '.join(match.heads)}"
            )
            return Stamped(False, rows, rows, f"{revision} is {what}")
        return Match(chain.heads_of(asked), asked, match.exact, match.leftovers)
    if certain and match.unseen and chain.upto(rows) != match.ran:
        settled = match.ran - frozenset(match.unseen)
        if settled <= chain.upto(rows) <= match.ran and all(row in chain for row in rows):
            return Match(rows, chain.upto(rows), match.exact, match.leftovers)
        return Stamped(
            False,
            rows,
            rows,
            f"the database has what {', '.join(match.heads)} leaves, but {', '.join(match.unseen)} leaves no trace "
            f"in tables, so nobody can tell whether it ran: choose with {commands('stamp')} --revision ID",
            match=match,
        )
    skipped = _skipped_rows(match, rows, chain)
    if certain and skipped:
        return Stamped(
            False,
            rows,
            rows,
            f"the database has the schema that {', '.join(match.heads)} leaves, but whether {', '.join(skipped)} "
            f"also changed the rows that it is to change, nobody can tell: where they did, {commands('stamp')}",
            match=match,
        )
    if not match.heads and not rows:
        why = f"the database has nothing of the chain: there is nothing to stamp; {commands.repair} runs it"
        return Stamped(False, rows, rows, why, match=match)
    return match


def _skipped_rows(match: Match, rows: Sequence[str], chain: Chain) -> tuple[str, ...]:
    """Revisions that a true alembic_version says did not run, whose schema is there all the same (a guard made it), and
    which change rows as well."""
    if not rows or any(row not in chain for row in rows):
        return ()
    forward = match.ran - chain.upto(rows)
    return tuple(id_ for id_ in chain.order if id_ in forward and chain.by_id[id_].changes_rows)


def write_stamp(url: URL, table: str, schema: str | None, heads: Sequence[str], before: Sequence[str]) -> None:
    """Make alembic_version name exactly these revisions, in one transaction; the table is made as Alembic makes it.

    Raises:
        StepError: the database refuses, or the rows are not what they were when the proof was made.
    """
    engine = create_engine(url, poolclass=NullPool)
    bridge = bridge_for(engine)

    def write() -> None:
        with engine.begin() as connection:
            _write(connection, table, schema, heads, before)

    try:
        bridge.call(write)
    except DBAPIError as error:
        raise StepError(f"{table} could not be written: {one_line(str(error.orig))}") from None
    finally:
        bridge.close()


def _write(connection: Connection, table: str, schema: str | None, heads: Sequence[str], before: Sequence[str]) -> None:
    context = MigrationContext.configure(connection, opts={"version_table": table, "version_table_schema": schema})
    context._ensure_version_table()
    name = f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)
    found = sorted(str(row[0]) for row in connection.execute(text(f"SELECT version_num FROM {name}")))
    if found != sorted(before):
        raise StepError(f"{table} was changed by somebody else while the chain was replayed; run again")
    connection.execute(text(f"DELETE FROM {name}"))
    for head in heads:
        connection.execute(text(f"INSERT INTO {name} (version_num) VALUES (:head)"), {"head": head})
