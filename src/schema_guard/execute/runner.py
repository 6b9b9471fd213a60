"""Runs a plan step by step. A step fails alone; what depends on it is named as waiting for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from schema_guard.dialects.base import Session
from schema_guard.errors import GuardError, LockTimeoutError, OutOfTimeError
from schema_guard.execute.batches import Walk
from schema_guard.execute.limits import Limits
from schema_guard.execute.retry import Clock, Retry
from schema_guard.plan import Plan, Step, Urgency
from schema_guard.report import Attempt, Outcome, StepResult

__all__ = ["Limits", "run"]

SHORTEST_STATEMENT = 1.0
"""Seconds that a statement gets even when the budget is used up while it waits."""

FASTEST = 500e6
"""Bytes a second that no server exceeds by much when it reads a table to index it."""


def run(
    plan: Plan,
    session: Session,
    limits: Limits,
    started: float,
    *,
    retry: Retry | None = None,
    heard: Callable[[StepResult], None] | None = None,
) -> list[StepResult]:
    """Run every step of the plan that can run within the limits, in order.

    Args:
        plan: what to do.
        session: where.
        limits: time budget and timeouts.
        started: time.monotonic() of the run's start.
        retry: how to pause between attempts.
        heard: is told each result as it comes.

    Returns:
        One result for each step, in the plan's order. Nothing that a statement does raises.
    """
    execution = _Execution(session, limits, started, retry or Retry(clock=Clock(sleep=session.stop.sleep)))
    results: list[StepResult] = []
    for step in plan.steps:
        result = execution.take(step)
        results.append(result)
        if heard is not None:
            heard(result)
    return results


@dataclass(slots=True)
class _Execution:
    session: Session
    limits: Limits
    started: float
    retry: Retry
    missing: dict[str, str] = field(default_factory=dict)
    """Objects that a step should have provided and did not, with that step's object."""

    @property
    def deadline(self) -> float:
        return self.started + self.limits.budget

    def take(self, step: Step) -> StepResult:
        result = self._outcome(step)
        if result.outcome not in (Outcome.DONE, Outcome.ALREADY):
            self.missing.update(dict.fromkeys(step.provides, step.object))
        return result

    def _outcome(self, step: Step) -> StepResult:
        blocking = _first(step.requires, self.missing)
        if blocking is not None:
            return StepResult(step, Outcome.WAITING, message=f"waits for {self.missing[blocking]}")
        if self.session.stop.asked:
            return StepResult(step, Outcome.LEFT, message=self._stopped)
        if step.urgency is Urgency.DEBT and self.limits.required_only:
            return StepResult(step, Outcome.LEFT, message="only required steps were asked for")
        if self.retry.clock.now() >= self.deadline:
            return StepResult(step, Outcome.LEFT, message=f"the budget of {self.limits.budget:g} s is used up")
        return self._attempts(step)

    @property
    def _stopped(self) -> str:
        return f"stopped by {self.session.stop.reason}"

    def _attempts(self, step: Step) -> StepResult:
        """Try until it works, fails for another reason than a lock, or the deadline comes."""
        work = _Work(step, self._walk(step))
        attempts: list[Attempt] = []
        while True:
            begun = self.retry.clock.now()
            outcome, message, blockers = self._attempt(work)
            if outcome in (Outcome.LOCKED, Outcome.FAILED) and self.session.stop.asked:
                outcome, message = Outcome.LEFT, self._stopped
            error = message if outcome in (Outcome.LOCKED, Outcome.FAILED) else ""
            attempts.append(Attempt(self.retry.clock.now() - begun, error, blockers))
            if outcome is not Outcome.LOCKED or not self.retry.pause(len(attempts), self.deadline):
                return work.result(outcome, tuple(attempts), message)

    def _walk(self, step: Step) -> Walk | None:
        if step.batches is None:
            return None
        return Walk(step, step.batches, self.session, self.limits, self.deadline, self.retry.clock)

    def _attempt(self, work: _Work) -> tuple[Outcome, str, tuple[str, ...]]:
        step = work.step
        begun = self.retry.clock.now()
        try:
            if not self.session.needed(step):
                return (Outcome.DONE if work.changed else Outcome.ALREADY), "", ()
            if step.unless and self.session.holds(step.unless):
                return Outcome.BLOCKED, step.unless_reason, ()
            if too_long := self._too_long(step):
                return Outcome.LEFT, too_long, ()
            return *self._execute(work), ()
        except OutOfTimeError as late:
            if self.session.stop.asked:
                return Outcome.LEFT, self._stopped, ()
            return *self._out_of_time(step, late, self.retry.clock.now() - begun), ()
        except LockTimeoutError as locked:
            return Outcome.LOCKED, locked.message, locked.blockers
        except GuardError as failed:
            return Outcome.FAILED, failed.message, ()

    def _execute(self, work: _Work) -> tuple[Outcome, str]:
        if work.walk is not None:
            return work.walk.go(work.sent.append)
        step = work.step
        while True:
            timeout = self._statement_timeout(step)
            work.rows += (rows := self.session.execute(step, self.limits.lock_timeout, timeout, work.sent.append))
            work.times += 1
            if not step.repeat or rows == 0:
                return Outcome.DONE, ""
            if self.session.stop.asked:
                return Outcome.LEFT, f"{self._stopped}; {work.rows} rows done, the next run goes on"
            if self.retry.clock.now() >= self.deadline:
                return Outcome.LEFT, f"{work.rows} rows done; the next run goes on"

    def _statement_timeout(self, step: Step) -> float:
        left = max(SHORTEST_STATEMENT, self.deadline - self.retry.clock.now())
        return left if step.urgency is Urgency.DEBT else min(left, self.limits.statement_timeout)

    def _too_long(self, step: Step) -> str:
        """What begins anew each time is not begun when it cannot be finished: else every boot pays and none gains."""
        if not step.work or step.urgency is not Urgency.DEBT:
            return ""
        (size,) = self.session.numbers(step.work)
        least = (size or 0) / FASTEST
        used = self.retry.clock.now() - self.started
        if used + least <= self.limits.budget:
            return ""
        return f"it reads {_bytes(size or 0)}: give it time once, --budget {_budget(used + 2 * least)} or more"

    def _out_of_time(self, step: Step, late: OutOfTimeError, took: float) -> tuple[Outcome, str]:
        """A statement that was cut off; it would not be faster the next time, so it is not tried again."""
        if step.urgency is not Urgency.DEBT:
            limit = f"the statement_timeout of {self.limits.statement_timeout:g} s"
            if self.retry.clock.now() < self.deadline:
                return Outcome.FAILED, f"{step.object}: not done within {limit}; give it more"
        if late.progress is None:
            return Outcome.LEFT, f"not done within the budget of {self.limits.budget:g} s; {late.message}"
        used = self.retry.clock.now() - self.started - took
        needed = used + 1.25 * took / max(late.progress, 0.01)
        percent = f"{late.progress:.0%} done after {took:.0f} s"
        return Outcome.LEFT, f"{percent}, and it begins anew each time: give it --budget {_budget(needed)} once"


@dataclass(slots=True)
class _Work:
    """What became of a step so far, over all attempts."""

    step: Step
    walk: Walk | None
    sent: list[str] = field(default_factory=list)
    rows: int = 0
    times: int = 0

    @property
    def changed(self) -> bool:
        return self.times > 0 or (self.walk is not None and self.walk.done > 0)

    def result(self, outcome: Outcome, attempts: tuple[Attempt, ...], message: str) -> StepResult:
        walk = self.walk
        rows, batches = (self.rows, self.times) if walk is None else (walk.rows, walk.done)
        return StepResult(self.step, outcome, attempts, rows, batches, message, statements=tuple(self.sent))


def _first(required: Collection[str], missing: Collection[str]) -> str | None:
    return next((token for token in sorted(required) if token in missing), None)


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"


def _budget(seconds: float) -> str:
    """As the option takes it, rounded up."""
    return f"{math.ceil(seconds / 60)}m" if seconds > 120 else f"{math.ceil(seconds)}s"
