"""Deploy: the chain under the guard's lock, one revision at a time, then the guard itself.

It never stamps what was not proved, never generates a revision, and says how it went by its exit code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from schema_guard.chain.diagnosis import Look
from schema_guard.chain.doctor import Doctor
from schema_guard.chain.env_urls import environment_for
from schema_guard.chain.fault import Fault
from schema_guard.chain.faults.batch_leftovers import gone, leftover_in
from schema_guard.chain.faults.by_a_person import begun_on_nothing
from schema_guard.chain.faults.environment import environment_faults
from schema_guard.chain.live import open_live
from schema_guard.chain.reading.mentions import mentioned
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.sandbox.child import WATCHED_EVERY, events_of
from schema_guard.chain.sandbox.job import Applied, Began, Connected, Failed, Failure, Task
from schema_guard.chain.sandbox.replay import Project, job_for
from schema_guard.chain.stamp import HIDING, Stamped, prove_and_stamp
from schema_guard.chain.systems import SYSTEMS
from schema_guard.chain.watch import Watch
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Session
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.stop import Stop
from schema_guard.errors import ConfigurationError, GuardError, OutOfTimeError, one_line
from schema_guard.execute.limits import Limits
from schema_guard.execute.retry import Clock, Retry
from schema_guard.report import Report, StepResult

__all__ = ["Deployment", "Ran", "deploy"]

REPAIRABLE = frozenset(
    {"unknown-revision", "unstamped", "several-rows", "strange-rows", "blind-stamp", "revision-edited"}
)
"""Faults of alembic_version alone, which a proved stamp fixes."""


@dataclass(frozen=True, slots=True)
class Ran:
    """A revision that ran: how long the attempt that worked took, in seconds, and how many attempts there were."""

    revision: str
    seconds: float
    attempts: int = 1


@dataclass(slots=True)
class Deployment:
    """What became of it. `report` is the guard's, None when the chain already failed.

    `faults` is the diagnosis of what stands in the way. `failed` is the revision that failed.
    """

    ran: list[Ran] = field(default_factory=list)
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    stamped: Stamped | None = None
    refused: bool = False
    """The proof that was asked for is refused, as `stamped` says: no revision ran."""
    failed: Failed | None = None
    faults: tuple[Fault, ...] = ()
    report: Report | None = None
    newer: tuple[str, ...] = ()
    """Revisions of a newer release that alembic_version names: then nothing of the chain ran."""
    lost: str = ""
    """The command for when their files are lost."""
    named: str = ""
    """Which revision's file names one of them, and may replace it."""
    of_chain: bool = True
    """False: apply alone, on another database of the application than the one for which the chain is run."""

    @property
    def stopped(self) -> bool:
        """The chain did not come to its head."""
        return self.refused or self.failed is not None or bool(self.faults)


WAITS_FOR_ITSELF = (
    "another connection of the migrations themselves holds the lock, so no further attempt can acquire it: let the "
    "revision send every statement through op.get_bind(), or end the other transaction first"
)

SHORTEST_WATCH = 0.05
"""Seconds between two looks at a revision that runs, at least."""


def deploy(
    doctor: Doctor,
    limits: Limits,
    *,
    repair_chain: bool = False,
    on_step: Callable[[StepResult], None] | None = None,
    stop: Stop | None = None,
    deadline: Deadline | None = None,
    until: Sequence[str] | None = None,
) -> Deployment:
    """Upgrade to the head, then apply.

    Args:
        doctor: the application.
        limits: time for locks and for the guard; a revision itself may take as long as it takes.
        repair_chain: where alembic_version is empty, unknown or wrong, stamp what a replay proves and go on from there.
        on_step: is told of each step of the guard.
        stop: asks it to stop: what a revision has begun is rolled back, those that ran stay.
        deadline: when all but the revisions has to be over; None is when the budget ends, counted from now.
        until: the revisions to end at, in place of the heads.

    Raises:
        ConfigurationError: there is no chain.
        UnreachableError, LockTimeoutError: the database does not answer, another guard is at work.
    """
    deadline = deadline or Deadline(limits.budget, counted=True)
    stop = stop or Stop()
    stop.check()
    project = doctor.describe(deadline)
    if project is None:
        raise ConfigurationError("no Alembic configuration: name it with --config, or run " + doctor.commands("apply"))
    run = _Run(doctor, project, limits, deadline, stop, repair_chain or bool(doctor.lost), until=until)
    with closing(open_session(doctor.url, deadline)) as session:
        deadline.begin(limits.budget)
        with session.guard_lock(doctor.guard.name, deadline.left):
            run.chain(session)
    # the guard takes the lock itself, and looks again
    if not run.result.stopped:
        guard = doctor.beside_chain(project)
        run.result.report = guard.apply(doctor.url, limits, on_step=on_step, stop=stop, deadline=deadline)
    return run.result


@dataclass(slots=True)
class _Run:
    doctor: Doctor
    project: Project
    limits: Limits
    deadline: Deadline
    stop: Stop
    repair: bool
    result: Deployment = field(default_factory=Deployment)
    until: Sequence[str] | None = None
    held: str = ""
    """Who held the lock that a revision waited for when last looked."""

    def chain(self, session: Session) -> None:
        """From whatever alembic_version says to the head."""
        look = self._look(session)
        self.result.before = self.result.after = look.version.all_rows
        faults = self._breaking(look)
        newer = look.version.unknown(self.project.chain)
        if newer and not look.version.mistyped and not any(fault.code in HIDING for fault in faults):
            self.result.lost = self.doctor.commands.lost(newer)
            self.result.named = mentioned(self.project.chain, newer)
            self.result.newer = newer  # an older release: it changes nothing, whatever else is said of its chain
            return
        repairable = self.repair and not look.version.mistyped
        if faults and repairable and all(fault.code in REPAIRABLE or fault.guess for fault in faults):
            if not self._repaired(session, faults):
                return
            faults = self._breaking(self._look(session))  # what collides still collides, wherever the stamp is by now
            self.result.faults = tuple(fault for fault in faults if fault.sure)
        elif not all(fault.guess and not fault.sure for fault in faults):
            self.result.faults = tuple(faults)
        elif self.repair and self._doubtful(session) and not self._repaired(session, []):
            return
        if not self.result.faults:
            ran = self.project.chain.upto(self.result.after)
            again = (fault for fault in look.again if fault.revision not in ran)
            for fault in (*again, *self._doubts(look, ran)):
                self.doctor.say(f"not certain: {fault.message}{'; ' + fault.fix.text if fault.fix else ''}")
            self._upgrade(session)

    def _doubts(self, look: Look, ran: Collection[str]) -> list[Fault]:
        """Rows that revisions write that are said to have run: what these make is not there, and is made without."""
        unfilled = [fault for fault in look.unfilled if fault.revision in ran]
        told = {fault.revision for fault in unfilled}
        found = self.doctor.chain_faults(self.project, look)
        blind = [each for each in found if each.code == "blind-stamp" and not each.breaks_next_deploy]
        return unfilled + [each for each in blind if each.revision in ran and not told >= set(each.changing)]

    def _look(self, session: Session) -> Look:
        with open_live(self.doctor.url, self.deadline) as live:
            return self.doctor.look(session, live, self.project)

    def _breaking(self, look: Look) -> list[Fault]:
        found = [fault for fault in self.doctor.chain_faults(self.project, look) if fault.breaks_next_deploy]
        return [*found, *self._died(look)]

    def _died(self, look: Look) -> list[Fault]:
        """Tables of which a batch migration that died left only the copy: a revision that ran made them, and none may
        run again beside their rows."""
        if not SYSTEMS[self.doctor.url.get_backend_name()].copies_tables:
            return []
        chain = self.project.chain
        rows = tuple(row for row in look.version.rows if row in chain)
        ran = chain.upto(rows or chain.heads)
        made = {look.there.key(name) for each in made_by(chain, ran) for name in each.objects}
        with open_live(self.doctor.url, self.deadline) as live:
            return list(gone(live, made))

    def _doubtful(self, session: Session) -> bool:
        """There is something to run, or to fix: reason enough to prove that alembic_version tells the truth."""
        look = self._look(session)
        if not look.version.rows:
            return False
        chain = self.project.chain
        pending = chain.upto(chain.heads) - chain.upto(look.version.rows)
        if pending:
            return True
        return not self.doctor.guard.check(self.doctor.url).satisfied

    def _repaired(self, session: Session, faults: list[Fault]) -> bool:
        """Stamp what is proved. False when nothing may run: then the result says why."""
        try:
            stamped = prove_and_stamp(self.doctor, self.project, session)
        except ConfigurationError as error:
            if not faults:
                self.doctor.say(f"{error.message}; alembic_version is taken at its word")
                return True
            self.result.faults = tuple(faults)
            self.result.stamped = Stamped(False, why=error.message)
            return False
        self.result.stamped = stamped
        if stamped.written:
            before = ", ".join(stamped.before) or "nothing"
            self.doctor.say(
                f"alembic_version named {before}; proved and stamped: {', '.join(stamped.heads) or 'nothing'}"
            )
        self.result.after = stamped.heads
        nothing = stamped.match is not None and not (stamped.match.heads or stamped.before)
        if stamped.proved or nothing or not self._stops(faults, stamped):
            return True
        self.result.faults = (*faults, *stamped.faults)
        self.result.refused = True
        return False

    def _stops(self, faults: list[Fault], stamped: Stamped) -> bool:
        """A doubt that the replay could not settle stops only where there was a fault, or where the database may have
        what revisions that are still to run do: not where it only lacks something of those that are stamped."""
        if stamped.match is None or stamped.match.ran <= self.project.chain.upto(stamped.before):
            return any(not fault.guess for fault in faults) or (stamped.match is not None and bool(faults))
        return True

    def _upgrade(self, session: Session) -> None:
        """Each pending revision in a transaction of its own, again when a lock could not be acquired in time."""
        retry = Retry(clock=Clock(sleep=self.stop.sleep))
        attempts = 0
        failed: Failed | None = None
        while True:
            attempts += 1
            self.stop.check()
            try:
                failed = self._attempt(session, attempts)
            except OutOfTimeError:
                if failed is None:
                    raise
                # of the attempt before: who holds the lock says more than that the budget ended
                self.result.failed = failed
                return
            if failed is None:
                return
            if self.stop.asked:
                self.result.failed = replace(
                    failed, message=f"stopped by {self.stop.reason}; its transaction is rolled back"
                )
                return
            again = failed.why is Failure.LOCK and retry.pause(attempts, time.monotonic() + self.deadline.left)
            if not again:
                self.result.failed = failed
                self.result.faults = tuple(self._diagnosis(session, failed))
                return
            self.doctor.say(f"{failed.revision}: {failed.message}; trying again")

    def _attempt(self, session: Session, attempts: int) -> Failed | None:
        rows = self._look(session).version.rows
        chain = self.project.chain
        ran = chain.upto(rows)
        last = chain.upto(chain.heads if self.until is None else self.until)
        pending = tuple(id_ for id_ in chain.order if id_ in last and id_ not in ran)
        self.result.after = rows
        # of several databases only this one was read: where it is at the head, another one may not be
        wanted = pending or (chain.heads if self.project.several else ())
        if not wanted:
            return None
        with open_live(self.doctor.url, self.deadline) as live:
            fingerprint = live.fingerprint()
        job = job_for(
            self.project,
            Task.UPGRADE,
            revisions=wanted,
            fingerprint=fingerprint,
            lock_timeout=self.limits.lock_timeout,
        )
        environment = environment_for(self.project.written_url, self.project.url, os.environ, main=self.project.main)
        running = ""
        failed: Failed | None = None
        watch = Watch(session, self.deadline)
        # often enough to see who holds a lock before the wait for it ends
        every = min(WATCHED_EVERY, max(SHORTEST_WATCH, self.limits.lock_timeout / 4))
        for event in events_of(job, environment, self.stop, watch, every):
            match event:
                case Began(revision=running) if running in pending:
                    watch.running = running
                    self.doctor.say(f"running {running} {one_line(chain.by_id[running].doc.partition(chr(10))[0])}")
                case Connected(session=number):
                    watch.own.add(number)
                case Applied(revision=revision, seconds=seconds) if revision in pending:
                    self.deadline.extend(seconds)
                    self.result.ran.append(Ran(revision, seconds, attempts))
                    attempts = 1
                case Failed():
                    failed = replace(event, revision=event.revision or running)
                case _:
                    continue
        watch.check()
        self.held = watch.held or self.held
        if failed is not None:
            failed = self._why_locked(failed, watch)
        try:
            look = self._look(session)
        except OutOfTimeError:
            if failed is None:
                raise
            self.result.after = chain.heads_of({*ran, *(each.revision for each in self.result.ran)})
            return failed  # why it failed says more than that there is no time left to look
        self.result.after = look.version.rows
        if failed is None and look.version.elsewhere and not last <= chain.upto(look.version.rows):
            # env.py has its alembic_version in a schema that nobody told of: what ran is not here
            faults = self.doctor.chain_faults(self.project, look)
            self.result.faults = tuple(fault for fault in faults if fault.code == "version-table-elsewhere")
        return failed

    def _why_locked(self, failed: Failed, watch: Watch) -> Failed:
        """The same with who holds the lock that it waited for."""
        if failed.why is Failure.ITSELF or (failed.why is Failure.LOCK and watch.itself):
            return replace(failed, why=Failure.ITSELF, message=f"{failed.message}; {WAITS_FOR_ITSELF}")
        if failed.why is Failure.LOCK and self.held:
            return replace(failed, message=f"{failed.message}; {self.held}")
        return failed

    def _diagnosis(self, session: Session, failed: Failed) -> list[Fault]:
        """What may be why a revision failed: the chain, a connection that cannot write, such as a standby's, or the
        copy that an interrupted batch migration left."""
        try:
            look = self._look(session)
            with open_live(self.doctor.url, self.deadline) as live:
                around = environment_faults(self.doctor.url, session.facts, live, look.everything)
                why = [fault for fault in around if fault.code == "read-only" or leftover_in(failed.message, fault)]
                tables = [table.name for table in self.doctor.guard.source.tables]
                seen = (tables, look.version.rows, look.there, self.doctor.commands)
                begun = begun_on_nothing(failed, self.project, *seen)
                return [*self._breaking(look), *why, *filter(None, (begun,))]
        except GuardError:
            return []
