"""A step of many rows, in short transactions: span by span along the table, each too short to be noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from schema_guard.counted import counted
from schema_guard.dialects.base import Session
from schema_guard.errors import LockTimeoutError, StepError
from schema_guard.execute.limits import Limits
from schema_guard.execute.retry import Clock
from schema_guard.plan import Batches, Step
from schema_guard.report import Outcome

__all__ = ["LONGEST_REST", "Pace", "Walk"]

TARGET = 0.03
"""Seconds that a batch should take: who wants one of its rows waits no longer than that."""
LONGEST = 0.06
"""Seconds after which a batch is given up and cut in half."""
LONGEST_REST = 0.06
"""Seconds: where others are at work the time between two batches is theirs, as long as a batch took and no longer. One
that was given up has loaded the disk, or held rows, as well.
"""
LOCK_WAIT = 0.03
"""Seconds that a batch waits for a row that somebody holds, with all the rows it has locked already."""
PASSES = 3
"""How often the table is walked while the application goes on writing rows that need it."""
LARGEST = 1 << 20
"""Units of the largest batch."""
LAG_LIMIT = 64 * 1024 * 1024
"""Bytes that a replica may be behind."""
LOOK_EVERY, LAG_PAUSE, LAG_PATIENCE = 1.0, 0.25, 5.0
"""Seconds: between two looks around; of a pause for replicas; and at most for one that never catches up."""


@dataclass(slots=True)
class Pace:
    """How many units the next batch takes, from how long the last one took."""

    size: int

    def took(self, seconds: float) -> None:
        factor = min(2.0, max(0.5, TARGET / max(seconds, 0.001)))
        self.size = min(LARGEST, max(1, round(self.size * factor)))

    def failed(self) -> None:
        self.size = max(1, self.size // 4)


@dataclass(slots=True)
class Walk:
    """Where a step is. It survives a failed attempt: the next one goes on where it was.

    The upper end is taken when a pass begins, so rows that are written meanwhile are not chased. Spans that cannot be
    had because somebody holds a row of theirs are left behind and come again after the others; what the probe still
    finds after a pass is what another pass is for.
    """

    step: Step
    batches: Batches
    session: Session
    limits: Limits
    deadline: float
    clock: Clock
    rows: int = 0
    done: int = 0
    """Batches."""
    longest: float = 0.0
    """Seconds of the longest batch."""
    first: str = ""
    """The first batch's statement, to be shown: all of them may be very many."""
    passes: int = 0
    share: float = 0.0
    """Of this pass, from 0 to 1."""
    _whole: int = 0
    """Units of a pass."""
    _todo: list[tuple[int, int]] = field(default_factory=list)
    _behind: list[tuple[int, int]] = field(default_factory=list)
    _held: LockTimeoutError | None = None
    _pace: Pace = field(default_factory=lambda: Pace(1))
    _looked: float = 0.0
    _others: bool = False
    """Others are at work: they wait for the same disk."""

    def go(self, sent: Callable[[str], None]) -> tuple[Outcome, str]:
        """Go on until nothing is left, or the time is over.

        Raises:
            LockTimeoutError: nothing but rows that others hold is left.
            StepError: a batch failed, or the rows that are left don't change.
        """
        if not self._pace.size > 1:
            self._pace = Pace(self.batches.first)
        self._todo, self._behind = self._todo + self._behind[::-1], []
        before = -1
        while True:
            if not self._todo:
                before = self.rows
                self._todo = [self._bounds()]
                self._whole = self._open()
                self.passes += 1
            left = self._pass(sent)
            if left:
                return Outcome.LEFT, f"{left}; {counted(self.rows, 'row')} done, the next run goes on"
            if self._behind:
                assert self._held is not None
                raise self._held
            if not self.session.needed(self.step):
                return Outcome.DONE, ""
            if self.passes >= PASSES:
                return Outcome.LEFT, f"rows that need it are still being written; {counted(self.rows, 'row')} done"
            if self.rows == before:
                raise StepError(
                    f"{self.step.object}: rows are left that the UPDATE does not change: a trigger, a rule or a "
                    "row-level security policy may keep them"
                )

    def _pass(self, sent: Callable[[str], None]) -> str:
        """All that is to do; says why when it stops before."""
        while self._todo:
            if self.session.stop.asked:
                return f"stopped by {self.session.stop.reason}"
            if self.clock.now() >= self.deadline:
                return f"the budget of {self.limits.budget:g} s is used up"
            self._look_around()
            low, high = self._todo[-1]
            end = self._end(low, high)
            if self._one(low, end, sent):
                self._todo.pop()
                if end < high:
                    self._todo.append((end, high))
                self.share = 1 - self._open() / max(1, self._whole)
        return ""

    def _open(self) -> int:
        """Units that are left in this pass."""
        return sum(high - low for low, high in (*self._todo, *self._behind))

    def _one(self, low: int, end: int, sent: Callable[[str], None]) -> bool:
        """One batch; False when it has to be tried again, smaller."""
        single = end - low <= 1 or self._pace.size <= 1
        statement = self.batches.span.between(low, end)
        begun = self.clock.now()
        if not self.first:
            self.first = statement
            sent(statement)
        try:
            self.rows += self._send(statement, single)
        except LockTimeoutError as error:
            if not self.batches.row_locks:
                raise
            self._pace.failed()
            self._rest(self.clock.now() - begun)
            if not single:
                return False
            self._behind.append((low, end))
            self._held = error
            return True
        took = self.clock.now() - begun
        self.done += 1
        self.longest = max(self.longest, took)
        self._pace.took(took)
        self._rest(took)
        return True

    def _rest(self, took: float) -> None:
        if self._others or not self.batches.row_locks:
            self.clock.sleep(min(took, LONGEST_REST))

    def _send(self, statement: str, single: bool) -> int:
        """A batch that cannot be cut may take as long as any statement, and who holds its rows is looked up."""
        if not self.batches.row_locks:
            return self.session.batch(self.step, statement, self.limits.lock_timeout, self.limits.statement_timeout)
        wait = min(LOCK_WAIT, self.limits.lock_timeout)
        if not single:
            return self.session.batch(self.step, statement, wait, min(LONGEST, self.limits.statement_timeout))
        alone = replace(self.step, statements=(statement,))
        return self.session.execute(alone, wait, self.limits.statement_timeout, _ignore)

    def _bounds(self) -> tuple[int, int]:
        low, high = self.session.numbers(self.batches.bounds)
        return low or 0, high or 0

    def _end(self, low: int, high: int) -> int:
        if self.batches.ahead is None:
            return min(high, low + self._pace.size)
        (end,) = self.session.numbers(self.batches.ahead.between(low, self._pace.size))
        return high if end is None else min(high, end)

    def _look_around(self) -> None:
        """Who else is at work? And wait while a replica is too far behind; one that never catches up (a delayed one)
        slows the walk, no more.
        """
        if not self.batches.surroundings or self.clock.now() < self._looked + LOOK_EVERY:
            return
        patience = min(self.deadline, self.clock.now() + LAG_PATIENCE)
        while True:
            lag, others = self.session.numbers(self.batches.surroundings)
            if (lag or 0) <= LAG_LIMIT or self.clock.now() >= patience or self.session.stop.asked:
                break
            self.clock.sleep(LAG_PAUSE)
        self._others = bool(others)
        self._looked = self.clock.now()


def _ignore(_: str) -> None:
    """Of all the batches only the first is shown."""
