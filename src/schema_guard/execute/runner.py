"""Runs a plan step by step. A step fails alone; what depends on it is named as waiting for it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from schema_guard.counted import counted
from schema_guard.dialects.base import Session
from schema_guard.errors import GuardError, LockTimeoutError, OutOfTimeError
from schema_guard.execute.batches import LONGEST_REST, Walk
from schema_guard.execute.limits import Limits
from schema_guard.execute.retry import Clock, Retry
from schema_guard.execute.underway import telling
from schema_guard.need import Need
from schema_guard.plan import Plan, Step, Urgency
from schema_guard.report import Attempt, Outcome, StepResult, Underway

__all__ = ["Limits", "run"]

SHORTEST_STATEMENT = 1.0
"""Seconds that a statement gets even when the budget is used up while it waits."""

WAIT_WITHIN = 0.9
"""Of a statement's timeout, the most that it may wait for a lock."""

SHORTEST_WAIT = 0.05
"""Seconds that a statement may wait for a lock where many steps share little time."""

FASTEST = 500e6
"""Bytes a second that no server exceeds by much when it reads a table to index it."""


def run(
    plan: Plan,
    session: Session,
    limits: Limits,
    started: float,
    *,
    retry: Retry | None = None,
    on_begin: Callable[[Step], None] | None = None,
    on_step: Callable[[StepResult], None] | None = None,
    on_progress: Callable[[Underway], None] | None = None,
) -> list[StepResult]:
    """Run every step of the plan that can run within the limits, in order.

    Args:
        plan: what to do.
        session: where.
        limits: time budget and timeouts.
        started: time.monotonic() of the run's start.
        retry: how to pause between attempts.
        on_begin: is told each step before its first attempt.
        on_step: is told each result as it comes.
        on_progress: is told every second how far a step is that takes longer than one, from another thread.

    Returns:
        One result for each step, in the plan's order. Nothing that a statement does raises.
    """
    retry = retry or Retry(clock=Clock(sleep=session.stop.sleep))
    execution = _Execution(session, limits, started, retry, on_begin or _ignore, on_progress or _ignore)
    tell = on_step or _ignore
    for urgency in (Urgency.REQUIRED, Urgency.DEBT):
        execution.take_all([step for step in plan.steps if step.urgency is urgency], tell)
    return [execution.results[step.id] for step in plan.steps]


@dataclass(slots=True)
class _Execution:
    session: Session
    limits: Limits
    started: float
    retry: Retry
    begin: Callable[[Step], None]
    tell_progress: Callable[[Underway], None]
    results: dict[str, StepResult] = field(default_factory=dict)
    """By step, what became of it for good."""
    behind: int = 0
    """How many steps come after the one that is tried now in its round."""
    lacking: dict[Need, str] = field(default_factory=dict)
    """Objects that a step should have provided and did not, with that step's object."""

    @property
    def deadline(self) -> float:
        return self.started + self.limits.budget

    def take_all(self, steps: Sequence[Step], tell: Callable[[StepResult], None]) -> None:
        """Round by round: a step that finds a lock held lets the others go first, and comes again after a pause."""
        works = [_Work(step, self._walk(step)) for step in steps]
        rounds = 0
        while works:
            rounds += 1
            works = self._round(works, tell)
            if works and (self._over or not self.retry.pause(rounds, self.deadline)):
                self._round(works, tell, last=True)
                return

    @property
    def _over(self) -> bool:
        return self.session.stop.asked or self.retry.clock.now() >= self.deadline

    def _round(self, works: Sequence[_Work], tell: Callable[[StepResult], None], *, last: bool = False) -> list[_Work]:
        """Try each once; returns those that are to be tried again. In the last round nothing is."""
        again: list[_Work] = []
        put_off: set[Need] = set()
        for number, work in enumerate(works, 1):
            self.behind = len(works) - number
            if last:
                result: StepResult | None = self._closed(work)
            else:
                result = self._outcome(work) if put_off.isdisjoint(work.step.requires | work.step.after) else None
            if result is None:
                again.append(work)
                put_off.update(work.step.provides)
                continue
            if result.outcome not in (Outcome.DONE, Outcome.ALREADY):
                self.lacking.update(dict.fromkeys(work.step.provides, work.step.object))
            self.results[work.step.id] = result
            tell(result)
        return again

    def _outcome(self, work: _Work) -> StepResult | None:
        """One attempt; None when a lock was held and the step may be tried again."""
        step = work.step
        if work.attempts and self._over and not self.session.stop.asked:
            return work.result()  # no time for another one
        if (result := self._not_begun(step)) is not None:
            return result
        outcome = self._attempt_noted(work)
        return None if outcome is Outcome.LOCKED else work.result()

    def _closed(self, work: _Work) -> StepResult:
        """What is said of a step whose lock could not be acquired, or that waits for such a one."""
        return work.result() if work.attempts else self._not_begun(work.step) or self._left(work.step)

    def _not_begun(self, step: Step) -> StepResult | None:
        """Why a step is not begun, if it is not."""
        blocking = _first(step.requires, self.lacking)
        if blocking is not None:
            return StepResult(step, Outcome.WAITING, message=f"waits for {self.lacking[blocking]}")
        if self._over or (step.urgency is Urgency.DEBT and self.limits.required_only):
            return self._left(step)
        return None

    def _left(self, step: Step) -> StepResult:
        if self.session.stop.asked:
            why = self._stopped
        elif step.urgency is Urgency.DEBT and self.limits.required_only:
            why = "only required steps were asked for"
        else:
            why = f"the budget of {self.limits.budget:g} s is used up"
        return StepResult(step, Outcome.LEFT, message=why)

    @property
    def _stopped(self) -> str:
        return f"stopped by {self.session.stop.reason}"

    def _attempt_noted(self, work: _Work) -> Outcome:
        if not work.attempts:
            self.begin(work.step)
        begun = self.retry.clock.now()
        with telling(lambda: self.tell_progress(self._underway(work, begun))):
            outcome, message, blockers = self._attempt(work)
        if outcome in (Outcome.LOCKED, Outcome.FAILED) and self.session.stop.asked:
            outcome, message = Outcome.LEFT, self._stopped
        error = message if outcome in (Outcome.LOCKED, Outcome.FAILED) else ""
        work.attempts.append(Attempt(self.retry.clock.now() - begun, error, blockers, begun))
        work.outcome, work.message = outcome, message
        return outcome

    def _underway(self, work: _Work, begun: float) -> Underway:
        """Asked by another thread: what it reads is set in one go by the one that works."""
        share, blockers = self.session.progress()
        walk, rows = work.walk, work.rows
        if walk is not None:
            share, rows = walk.share, walk.rows
        return Underway(work.step, self.retry.clock.now() - begun, share, rows, blockers)

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
            timeout, begun = self._statement_timeout(step), self.retry.clock.now()
            # A wait for a lock must not end as a statement that took too long: that would hide who holds it.
            wait = min(self.limits.lock_timeout, WAIT_WITHIN * timeout)
            if self.behind:  # which get their share of the time: one lock that is held hinders nothing else
                wait = min(wait, max(SHORTEST_WAIT, (self.deadline - begun) / (self.behind + 1)))
            work.rows += (rows := self.session.execute(step, wait, timeout, work.sent.append))
            work.times += 1
            if not step.repeat or rows == 0:
                return Outcome.DONE, ""
            if self.session.stop.asked:
                return Outcome.LEFT, f"{self._stopped}; {counted(work.rows, 'row')} done, the next run goes on"
            if self.retry.clock.now() >= self.deadline:
                return Outcome.LEFT, f"{counted(work.rows, 'row')} done; the next run goes on"
            self.retry.clock.sleep(min(self.retry.clock.now() - begun, LONGEST_REST))

    def _statement_timeout(self, step: Step) -> float:
        left = max(SHORTEST_STATEMENT, self.deadline - self.retry.clock.now())
        return left if self._may_last(step) else min(left, self.limits.statement_timeout)

    @staticmethod
    def _may_last(step: Step) -> bool:
        return step.urgency is Urgency.DEBT or step.non_blocking

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
        if not self._may_last(step):
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
    attempts: list[Attempt] = field(default_factory=list)
    outcome: Outcome = Outcome.LEFT
    message: str = ""

    @property
    def changed(self) -> bool:
        return self.times > 0 or (self.walk is not None and self.walk.done > 0)

    def result(self) -> StepResult:
        """After an attempt."""
        walk = self.walk
        rows, batches = (self.rows, self.times) if walk is None else (walk.rows, walk.done)
        return StepResult(
            self.step, self.outcome, tuple(self.attempts), rows, batches, self.message, statements=tuple(self.sent)
        )


def _ignore(_: object) -> None:
    """Nobody wants to hear of each step as it begins or ends."""


def _first(required: Collection[Need], missing: Collection[Need]) -> Need | None:
    return next((need for need in sorted(required, key=str) if need in missing), None)


def _bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GB" if size >= 2**30 else f"{size / 2**20:.0f} MB"


def _budget(seconds: float) -> str:
    """As the option takes it, rounded up."""
    return f"{math.ceil(seconds / 60)}m" if seconds > 120 else f"{math.ceil(seconds)}s"
