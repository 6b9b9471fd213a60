"""The proved stamp: alembic_version is written only with what a replay showed the database to have."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace

from schema_guard.chain.commands import Commands
from schema_guard.chain.diagnosis import Look
from schema_guard.chain.doctor import Doctor
from schema_guard.chain.fault import Fault, Fix
from schema_guard.chain.faults.by_a_person import by_a_person
from schema_guard.chain.faults.files import chain_faults
from schema_guard.chain.faults.replay import replay_faults
from schema_guard.chain.faults.vetoes import Veto, left_with_rows
from schema_guard.chain.history import Chain
from schema_guard.chain.live import open_live
from schema_guard.chain.sandbox.matching import Match, Proof
from schema_guard.chain.sandbox.replay import Project, Replay
from schema_guard.chain.systems import Live
from schema_guard.chain.version_rows import write_rows
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Session
from schema_guard.errors import ConfigurationError

__all__ = ["HIDING", "Stamped", "prove_and_stamp", "stamp"]

HIDING = frozenset(
    {
        "chain-unreadable",
        "revision-unreadable",
        "revision-misnamed",
        "revision-duplicate",
        "revision-missing",
        "cycle",
        "label-duplicate",
    }
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
    """Revisions now taken as run because a person says so: nobody can tell whether they changed rows."""
    details: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    fix: Fix | None = None
    """What to do where the database matches no revision."""

    @property
    def proved(self) -> bool:
        """alembic_version names what the database has."""
        return self.match is not None and not self.why


def stamp(doctor: Doctor, wait: float, revision: str | None = None) -> Stamped:
    """Prove under the guard's lock which revision the database satisfies, and stamp it.

    Args:
        doctor: the application.
        wait: seconds to wait for the guard's lock.
        revision: a person says that this one ran, of those that leave the same tables; None takes what is proved.

    Raises:
        ConfigurationError: there is no chain, or no scratch database can be created.
        UnreachableError, LockTimeoutError: the database does not answer, another guard is at work.
        StepError: alembic_version could not be written.
    """
    project = doctor.describe()
    if project is None:
        raise ConfigurationError("no Alembic configuration: name it with --config")
    with closing(open_session(doctor.url)) as session, session.guard_lock(doctor.guard.name, wait):
        return prove_and_stamp(doctor, project, session, revision=revision)


def prove_and_stamp(doctor: Doctor, project: Project, session: Session, *, revision: str | None = None) -> Stamped:
    """The same, for who holds the lock already."""
    with open_live(doctor.url) as live:
        look = doctor.look(session, live, project)
        broken = _broken(doctor, project)
        rows = look.version.all_rows
        if broken:
            return Stamped(False, rows, rows, broken[0].message, faults=tuple(broken))
        if look.version.readable:
            return Stamped(False, rows, rows, f"{look.version.name} cannot be read: {look.version.readable}")
        if look.version.mistyped:
            why = f"{look.version.name} has a column version_num of type {look.version.mistyped}: rows that Alembic can"
            return Stamped(False, rows, rows, f"{why} read need another one; {doctor.commands('doctor')} says how")
        newer = look.version.unknown(project.chain)
        if newer:
            return _newer(newer, look, doctor.commands)
        if project.several:
            doctor.say(f"env.py works on several databases: only {doctor.url.database} is proved and stamped")
        played, proof = doctor.prove(project, look, session)
        if proof is None or played.failed is not None:
            # a match could be a mistake: what later ones make is unknown
            return _not_replayed(doctor, project, played, look)
        chosen = _Choice(doctor, project, look, live).of(proof, revision)
    if isinstance(chosen, Stamped):
        return chosen if proof.match is not None else replace(chosen, fix=doctor.unmatched(project, look, proof))
    if set(chosen.heads) == set(look.version.all_rows) and not look.version.strange:
        return Stamped(False, look.version.rows, chosen.heads, match=chosen)
    before = look.version.written or look.version.all_rows
    write_rows(doctor.url, session, *project.version_table, chosen.heads, before)
    return Stamped(True, look.version.all_rows, chosen.heads, match=chosen, rows=chosen.unseen)


def _newer(newer: tuple[str, ...], look: Look, commands: Commands) -> Stamped:
    """Where the database may be further than this release's chain goes, no stamp is moved."""
    rows = look.version.all_rows
    lost = [part for row in newer for part in ("--lost", row)]
    return Stamped(
        False,
        rows,
        rows,
        f"{look.version.name} names {', '.join(newer)}, which no file of this release has: a newer release was here",
        fix=Fix(f"nothing, where a newer release was here; where the file is lost: {commands('stamp', *lost)}"),
    )


def _broken(doctor: Doctor, project: Project) -> list[Fault]:
    if project.found is None:
        return [fault for fault in doctor.chain_faults(project, None) if fault.code == "chain-unreadable"]
    return [
        fault
        for fault in chain_faults(project.chain, project.unreadable, project.location.command, None)
        if fault.code in HIDING and fault.breaks_next_deploy
    ]


def _not_replayed(doctor: Doctor, project: Project, played: Replay, look: Look) -> Stamped:
    """The chain does not run on an empty database."""
    faults = tuple(replay_faults(project, played, None, own=True, commands=Commands()))
    why = faults[0].message if faults else "the chain could not be replayed"
    rows = look.version.all_rows
    fix = by_a_person(project, played, look.version.rows, doctor.satisfied, doctor.commands)
    return Stamped(False, rows, rows, f"nothing is proved: {why}", faults=faults, fix=fix)


@dataclass(frozen=True, slots=True)
class _Choice:
    """What may be stamped of what a replay showed."""

    doctor: Doctor
    project: Project
    look: Look
    live: Live

    @property
    def chain(self) -> Chain:
        return self.project.chain

    def of(self, proof: Proof, revision: str | None) -> Match | Stamped:
        """The match, or why there is none that may be stamped; `revision` is what a person says."""
        match = proof.match
        if match is None:
            near = ", ".join(proof.nearest.heads) or "the empty database"
            details = (
                *proof.nearest.lacks,
                *(f"{fact}: there already, a later revision makes it" for fact in proof.nearest.early),
            )
            return self._refused(f"the database matches no revision; nearest is {near}", details)
        if revision is not None:
            return self._said(match, revision)
        if match.stays:
            return match
        veto = self.doctor.veto(self.project, self.look, match, self.live, proof.stamped)
        if veto is not None:
            return replace(self._refused(veto.why, veto.details), match=match, fix=veto.fix)
        if not match.heads and not self.look.version.all_rows:
            repair = self.doctor.commands.repair
            why = f"the database has nothing of the chain: there is nothing to stamp; {repair} runs it"
            return replace(self._refused(why), match=match)
        return match

    def _said(self, match: Match, revision: str) -> Match | Stamped:
        """What a person says counts for revisions whose work cannot be seen, and for no others."""
        chain, rows = self.chain, self.look.version.rows
        ids = [id_ for id_ in chain.by_id if id_.startswith(revision)]
        ids = [revision] if revision in chain else ids
        asked = chain.upto(ids) if len(ids) == 1 else frozenset[str]()
        free = match.untraced | frozenset(match.unseen) | {id_ for id_ in chain.by_id if chain.by_id[id_].empty}
        if not asked:
            return self._refused(f"{revision} is not a single revision")
        if (asked ^ match.ran) - free:
            has = ", ".join(match.heads) or "no revision"
            return self._refused(f"{revision} is not what the database has, which is {has}")
        back = [id_ for id_ in chain.order if id_ in chain.upto(rows) - asked and not chain.by_id[id_].empty]
        if back:
            alembic = self.project.location.on_database
            said = f"{self.look.version.name} says that {', '.join(back)} ran"
            why = f"{said}: stamped back to {revision}, it would run again"
            fix = Fix(f"where you know that it did not run: {alembic} stamp --purge {' '.join(chain.heads_of(asked))}")
            return replace(self._refused(why), fix=fix)
        claim = replace(match, heads=chain.heads_of(asked), ran=asked)
        veto = self._left(claim)
        if veto is not None:
            return replace(self._refused(veto.why, veto.details), match=match, fix=veto.fix)
        believed = frozenset(match.unseen) | {id_ for id_ in match.untraced - match.ran if not chain.by_id[id_].empty}
        unseen = tuple(id_ for id_ in chain.order if id_ in asked & believed)
        return replace(claim, unseen=unseen)

    def _left(self, match: Match) -> Veto | None:
        look = self.look
        return left_with_rows(
            match, look.version.rows, self.chain, look.everything, look.there, self.live.read, self.doctor.commands
        )

    def _refused(self, why: str, details: tuple[str, ...] = ()) -> Stamped:
        rows = self.look.version.all_rows
        return Stamped(False, rows, rows, why, details=details)
