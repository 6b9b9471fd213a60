"""Repairing in rounds: plan and run until nothing changes any more, with the patience that a busy database asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace

from schema_guard.dialects.base import Session
from schema_guard.difference import Impact, TableMissing
from schema_guard.errors import LockTimeoutError
from schema_guard.execute.anew import made_anew
from schema_guard.execute.limits import Limits
from schema_guard.execute.runner import run
from schema_guard.look import Look, locked_tables
from schema_guard.plan import Plan, Step
from schema_guard.report import Outcome, StepResult, Underway
from schema_guard.schema import Table

__all__ = ["Rounds"]

ROUNDS = 3
"""How often apply plans again while a round changes something: one step makes the next possible."""

PAUSE = 1.0
"""Seconds until a table that somebody kept from being read is tried again."""


@dataclass(slots=True)
class Rounds:
    """The repairing part of one apply.

    Args:
        session: where it works.
        limits: time budget and timeouts.
        started: when the budget began, by time.monotonic().
        look: looks at the database; its argument is `anew`, as `looked` takes it.
        plan: the steps for what was found.
        on_begin: is told each step before its first attempt.
        on_step: is told what became of each step as it ends.
    """

    session: Session
    limits: Limits
    started: float
    look: Callable[[bool], Look]
    plan: Callable[[Look], Plan]
    on_begin: Callable[[Step], None] | None = None
    on_step: Callable[[StepResult], None] | None = None
    on_progress: Callable[[Underway], None] | None = None
    results: list[StepResult] = field(default_factory=list)
    """What became of the steps so far."""

    def first_look(self) -> Look:
        """What is there, once each schema that was missing is made with all that belongs to it.

        A schema that is not there needs no guard lock: the second one to make it fails, and looks again. Raises as
        `patient_look`.
        """
        look = self.patient_look(anew=True)
        if not look.hasty:
            return look
        if self.left > 0 and not self.session.stop.asked:
            plan = self.plan(look)
            made = made_anew(plan, self.session, self.limits, on_begin=self.on_begin, on_step=self.on_step)
            self.results.extend(made)
            left = _left(look, plan, made)
            if left is not None and self.session.as_made([table.name for table in look.expected.tables]):
                return left
        return self.patient_look()

    def patient_look(self, *, anew: bool = False) -> Look:
        """Somebody else's long change may keep the catalog from being read: that ends, or the budget does.

        Args:
            anew: as `looked` takes it.

        Raises LockTimeoutError when the budget ends first.
        """
        while True:
            try:
                return self.look(anew)
            except LockTimeoutError:
                self.session.stop.check()
                if self.left <= PAUSE:
                    raise
                self.session.stop.sleep(PAUSE)

    def repair(self, alone: Callable[[float], AbstractContextManager[None]]) -> Look:
        """Plan and run until nothing changes any more.

        Args:
            alone: keeps other guards away while it lasts; its argument is how many seconds it may wait for them.

        Returns:
            What is there now, by a new look.
        """
        with alone(self.left):
            for _ in range(ROUNDS):
                look = self.patient_look()  # whoever held the lock may have done all
                reserve = look.reserve(self.limits.budget)
                done = run(
                    self.plan(look),
                    self.session,
                    self.limits,
                    self.started - reserve,
                    on_begin=self.on_begin,
                    on_step=self.on_step,
                    on_progress=self.on_progress,
                )
                self.results.extend(done)
                if not any(result.attempts for result in done):
                    return look  # no step was begun
                # A backup resolves nothing, and so makes nothing possible that was not before.
                over = self.session.stop.asked or self.left <= reserve
                if over or not any(result.changed and result.step.resolves for result in done):
                    break
            return self.patient_look()

    def readable_again(self, look: Look) -> bool:
        """Wait until a table that was locked can be read; False when none was, or none is before the budget ends."""
        if not look.locked:
            return False
        while self.left > PAUSE and not self.session.stop.asked:
            self.session.stop.sleep(PAUSE)
            with suppress(LockTimeoutError):
                if not look.locked <= locked_tables(self.session.inspect(look.expected)):
                    return True
        return False

    @property
    def tables_made(self) -> list[Table]:
        done = [result for result in self.results if result.outcome is Outcome.DONE]
        return [each.table for result in done for each in result.step.answers if isinstance(each, TableMissing)]

    @property
    def left(self) -> float:
        """Seconds of the budget."""
        return self.limits.remaining(self.started)


def _left(look: Look, plan: Plan, made: Sequence[StepResult]) -> Look | None:
    """What is left where all that was to be done was made in new schemas; None where only another look can tell."""
    answered = {each.key for result in made for each in result.step.answers}
    left = tuple(each for each in look.differences if each.key not in answered)
    done = {result.step.id for result in made}
    told = plan.refusals or look.accepted or look.idle or look.warnings or look.locked
    if told or not done or any(step.id not in done for step in plan.steps):
        return None
    if any(each.impact is not Impact.NOTES or each.by_rows for each in left):
        return None
    return replace(look, differences=left, hasty=False)
