"""Running one step: settings, statements, and when it has to wait too long, who holds what it waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.event_triggers import Quote, accused, event_triggers, veto_of
from schema_guard.dialects.postgresql.failures import (
    CANCELLED,
    DEADLOCK,
    LOCK_NOT_AVAILABLE,
    diagnose,
    is_disconnect,
    is_waiting,
    step_failed,
)
from schema_guard.dialects.postgresql.holders import Watch, held_by
from schema_guard.dialects.postgresql.link import PLAIN, Link, set_local
from schema_guard.dialects.postgresql.obstacles import Obstacle, Obstacles
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.scripts import scripts
from schema_guard.errors import GuardError, LockTimeoutError, OutOfTimeError, StepError
from schema_guard.plan import Step

__all__ = ["Executor"]

DUPLICATE = "42P07"
LOOK = 1.2
"""Seconds at the end of a run that clearing away leaves to the last look: whoever held up the step holds it up too."""
NOTHING_TO_CLEAR = "22012"
"""The division by zero with which clearing away begins when there is nothing INVALID."""

_WHY = {
    LOCK_NOT_AVAILABLE: "could not acquire the lock in time",
    DEADLOCK: "deadlock",
    CANCELLED: "cancelled or timed out",
}


@dataclass(slots=True)
class Executor:
    """Runs steps on one connection.

    Args:
        link: the connection to run them on.
        onlooker: the connection to look from; it is opened only when a step has to wait, or may wait for an instant.
        obstacles: looks who is in the way before a step waits.
        quote: the dialect's quoting.
    """

    link: Link
    onlooker: Link
    obstacles: Obstacles
    quote: Quote
    busy: int = 0
    """The backend that runs a step's own statement now; 0 between them, and while one is cleared up after."""
    pooled: bool = False
    """A transaction pooler lies between: what needs a session cannot be run."""
    watch: Watch | None = None
    """Looks whom the step that runs now waits for, and how far it is."""
    unfinished: set[str] = field(default_factory=set)
    """Ids of steps whose failed attempt could not be cleared away: that comes first next time."""

    def run(self, step: Step, lock_timeout: float, statement_timeout: float, sent: Callable[[str], None]) -> int:
        """Run the step once. A transactional one leaves nothing behind when it fails.

        Args:
            step: what to run.
            lock_timeout: seconds.
            statement_timeout: seconds.
            sent: hears each statement before it is sent.

        Returns:
            The rows changed.

        Raises:
            LockTimeoutError: it had to wait too long, or for each other; names who held the lock.
            StepError: anything else.
        """
        watch: Watch | None = None
        found: Sequence[Obstacle] = ()
        try:
            found = self.obstacles.of(step, self.link)
            if stay := self.obstacles.hopeless(step, found, lock_timeout):
                why = "" if step.non_blocking else ", because every other session would wait behind it"
                raise LockTimeoutError(f"{step.object}: lock not waited for{why}; {held_by(stay)}", tuple(stay))
            if step.non_blocking:
                lock_timeout = statement_timeout  # and what is built in vain would be built again
            settings = _settings(lock_timeout, statement_timeout)
            pid = int(str(self.link.rows("SELECT pg_catalog.pg_backend_pid()")[0][0]))
            watch = self.watch = Watch(self.onlooker, pid, lock_timeout)
            with watch, self.link.within(statement_timeout):
                if step.transactional:
                    first = self.obstacles.vacuumed(step, found)
                    return self._in_transaction(step, settings, sent, pid, first)
                return self._alone(step, settings, sent, pid)
        except DriverError as error:
            if is_waiting(error) and not is_disconnect(error):
                before = [item.described for item in found if not item.yields]
                raise _waited(step, error, watch, before) from None
            raise self._failed(error, step.object) from None
        finally:
            self.watch = None

    def together(self, steps: Sequence[Step], lock_timeout: float, statement_timeout: float) -> None:
        """Run transactional steps in one transaction: all are done, or none. Raises as `run` does."""
        local = [set_local(_settings(lock_timeout, statement_timeout)), query("own_session", local=True)]
        try:
            pid = int(str(self.link.rows("SELECT pg_catalog.pg_backend_pid()")[0][0]))
            transaction = self.link.transaction("BEGIN", local, at_once=True)
            with self.link.within(statement_timeout), transaction, self._cancellable(pid):
                for script in scripts(statement for step in steps for statement in step.statements):
                    self.link.run_script(script)
        except DriverError as error:
            raise self._failed(error, steps[0].object) from None

    def batch(self, step: Step, statement: str, lock_timeout: float, statement_timeout: float) -> int:
        """Run one batch of the step.

        Its commit does not wait for the disk: a crash of the server may undo the last batches, never half of one, and
        whatever waits for the rows commits later (manual, 28.4). Its rows are looked up by the source's key: for each
        batch anew, a hash of the whole source would cost more than it saves.
        """
        settings: dict[str, object] = {
            **_settings(lock_timeout, statement_timeout),
            "synchronous_commit": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
            "jit": "off",
        }
        local = [set_local(settings), *self._own()]
        try:
            with self.link.within(statement_timeout), self.link.transaction("BEGIN", local):
                return self.link.run(statement)
        except DriverError as error:
            if is_waiting(error) and not is_disconnect(error):
                raise _waited(step, error, None) from None
            raise self._failed(error, step.object) from None

    def _in_transaction(
        self,
        step: Step,
        settings: Mapping[str, int | str],
        sent: Callable[[str], None],
        pid: int,
        vacuumed: Mapping[str, float],
    ) -> int:
        local = [set_local(settings), *self._own()]
        try:
            with self.link.transaction("BEGIN", local), self._cancellable(pid):
                self._send_vacuum_away(vacuumed, int(settings["lock_timeout"]), sent)
                return self._send(step.statements, sent)
        except DriverError as error:
            # What only had to wait is taken up again where it stands; what rows forbid must not stay half-done.
            if step.undo_on_failure and not is_waiting(error) and not is_disconnect(error):
                with suppress(DriverError), self.link.transaction("BEGIN", local):
                    self._send(step.undo_on_failure, sent)
            raise

    def _own(self) -> list[str]:
        """What a transaction needs where the session could not be told once and for all."""
        return [query("own_session", local=True)] if self.pooled else []

    def _send_vacuum_away(self, vacuumed: Mapping[str, float], before: int, sent: Callable[[str], None]) -> None:
        """Wait for an autovacuum worker to be ended, with a lock that readers and writers don't wait behind.

        The lock that the step needs is taken after it, and no new worker comes between.
        """
        for relation, patience in vacuumed.items():
            self.link.run(f"SET LOCAL lock_timeout = {max(before, _milliseconds(patience))}")
            self._send((f"LOCK TABLE ONLY {relation} IN SHARE UPDATE EXCLUSIVE MODE",), sent)
        if vacuumed:
            self.link.run(f"SET LOCAL lock_timeout = {before}")

    def _alone(self, step: Step, settings: Mapping[str, int | str], sent: Callable[[str], None], pid: int) -> int:
        """CREATE INDEX CONCURRENTLY and its like: session settings, taken back whatever happens."""
        if self.pooled:
            raise StepError(
                f"{step.object}: {step.statements[0].split(' ON ')[0]} needs a session of its own, and a transaction "
                "pooler gives none: give the server's own address as --ddl-url"
            )
        try:
            for name, value in settings.items():
                self.link.run(f"SET {name} = {value}")
            if step.id in self.unfinished:
                self._send(step.undo_on_failure, sent)
                self.unfinished.discard(step.id)
            try:
                with self._cancellable(pid):
                    return self._send(step.statements, sent)
            except DriverError as error:
                cleared = self._undo(step, int(settings["statement_timeout"]) / 1000, sent)
                if not cleared or diagnose(error).sqlstate != DUPLICATE:
                    raise
            # What had the name was INVALID: left behind by a run that was killed, and gone now.
            with self._cancellable(pid):
                return self._send(step.statements, sent)
        finally:
            self._reset(settings)

    def _failed(self, error: DriverError, subject: str) -> StepError:
        """In the server's words, and by which event trigger, where one refused it: no other statement names that."""
        if is_disconnect(error) and self.link.out_of_time:
            return StepError(f"{subject}: no answer within the budget, whether the step was done is unknown; run again")
        if is_disconnect(error) or not diagnose(error).context:
            return step_failed(error, subject)
        with suppress(DriverError, GuardError):
            if culprits := tuple(accused(error, event_triggers(self.link))):
                veto = veto_of(culprits, error, self.quote)
                return StepError(f"{subject}: {veto.said}; {veto.remedy}")
        return step_failed(error, subject)

    @contextmanager
    def _cancellable(self, pid: int) -> Iterator[None]:
        self.busy = pid
        try:
            yield
        finally:
            self.busy = 0

    def _undo(self, step: Step, timeout: float, sent: Callable[[str], None]) -> bool:
        """Clear away what the attempt left; what held up the attempt may hold up this as well.

        A cancel that was meant for the attempt may arrive a moment late and hit this instead: then once more.
        """
        for last in (False, True):
            try:
                self.link.run(f"SET statement_timeout = {_milliseconds(self.link.time_for(timeout, early=LOOK))}")
                self._send(step.undo_on_failure, sent)
                return bool(step.undo_on_failure)
            except DriverError as error:
                state = diagnose(error).sqlstate
                if state == CANCELLED and not last:
                    continue
                if state != NOTHING_TO_CLEAR:
                    self.unfinished.add(step.id)
                return False
        return False

    def _reset(self, settings: Mapping[str, int | str]) -> None:
        if not self.link.is_open:
            return
        try:
            for name in settings:
                self.link.run(f"RESET {name}")
        except DriverError:  # a connection that cannot even reset is thrown away with its settings
            self.link.close()

    def _send(self, statements: tuple[str, ...], sent: Callable[[str], None]) -> int:
        changed = 0
        for statement in statements:
            sent(statement)
            changed += self.link.run(statement)
        return changed


def _waited(step: Step, error: DriverError, watch: Watch | None, before: Sequence[str] = ()) -> LockTimeoutError:
    """`before` is who was in the way when the step began, where nobody could look while it waited."""
    diagnosis = diagnose(error)
    why = _WHY[diagnosis.sqlstate]
    if diagnosis.sqlstate == CANCELLED:
        held = f", waiting for {', '.join(watch.seen)}" if watch is not None and watch.seen else ""
        # One that waits for others at its end is not helped by more time.
        return OutOfTimeError(f"{step.object}: {why}{held}", None if watch is None or held else watch.progress)
    seen = (watch.seen if watch is not None else ()) or before
    if seen:
        return LockTimeoutError(f"{step.object}: {why}, {held_by(seen)}", tuple(seen))
    return LockTimeoutError(f"{step.object}: {why} ({diagnosis.detail or diagnosis.message})")


def _settings(lock_timeout: float, statement_timeout: float) -> dict[str, int | str]:
    times = {"lock_timeout": _milliseconds(lock_timeout), "statement_timeout": _milliseconds(statement_timeout)}
    return {**times, **PLAIN}


def _milliseconds(seconds: float) -> int:
    """At least one: zero would mean no limit."""
    return max(1, round(seconds * 1000))
