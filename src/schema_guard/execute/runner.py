"""Runs a plan step by step. A step fails alone; what depends on it is named as waiting for it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from schema_guard.dialects.base import Session
from schema_guard.errors import GuardError, LockTimeoutError
from schema_guard.execute.limits import Limits
from schema_guard.execute.retry import Retry
from schema_guard.plan import Plan, Step, Urgency
from schema_guard.report import Attempt, Outcome, StepResult

__all__ = ["Limits", "run"]

SHORTEST_STATEMENT = 1.0
"""Seconds that a statement gets even when the budget is used up while it waits."""


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
    execution = _Execution(session, limits, started, retry or Retry())
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
        if step.urgency is Urgency.DEBT and self.limits.required_only:
            return StepResult(step, Outcome.LEFT, message="only required steps were asked for")
        if self.retry.clock.now() >= self.deadline:
            return StepResult(step, Outcome.LEFT, message=f"the budget of {self.limits.budget:g} s is used up")
        return self._attempts(step)

    def _attempts(self, step: Step) -> StepResult:
        """Try until it works, fails for another reason than a lock, or the deadline comes."""
        sent: list[str] = []
        changed: list[int] = []
        attempts: list[Attempt] = []
        while True:
            begun = self.retry.clock.now()
            outcome, message, blockers = self._attempt(step, sent, changed)
            error = message if outcome in (Outcome.LOCKED, Outcome.FAILED) else ""
            attempts.append(Attempt(self.retry.clock.now() - begun, error, blockers))
            if outcome is not Outcome.LOCKED or not self.retry.pause(len(attempts), self.deadline):
                return StepResult(
                    step, outcome, tuple(attempts), sum(changed), len(changed), message, statements=tuple(sent)
                )

    def _attempt(self, step: Step, sent: list[str], changed: list[int]) -> tuple[Outcome, str, tuple[str, ...]]:
        try:
            if not self.session.needed(step):
                return (Outcome.DONE if changed else Outcome.ALREADY), "", ()
            if step.unless and self.session.holds(step.unless):
                return Outcome.BLOCKED, step.unless_reason, ()
            return *self._execute(step, sent, changed), ()
        except LockTimeoutError as locked:
            return Outcome.LOCKED, locked.message, locked.blockers
        except GuardError as failed:
            return Outcome.FAILED, failed.message, ()

    def _execute(self, step: Step, sent: list[str], changed: list[int]) -> tuple[Outcome, str]:
        while True:
            timeout = self._statement_timeout(step)
            changed.append(self.session.execute(step, self.limits.lock_timeout, timeout, sent.append))
            if not step.repeat or changed[-1] == 0:
                return Outcome.DONE, ""
            if self.retry.clock.now() >= self.deadline:
                return Outcome.LEFT, f"{sum(changed)} rows done; the next run goes on"

    def _statement_timeout(self, step: Step) -> float:
        left = max(SHORTEST_STATEMENT, self.deadline - self.retry.clock.now())
        return left if step.urgency is Urgency.DEBT else min(left, self.limits.statement_timeout)


def _first(names: Collection[str], missing: Collection[str]) -> str | None:
    return next((name for name in sorted(names) if name in missing), None)
