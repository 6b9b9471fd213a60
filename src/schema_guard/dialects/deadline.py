"""When a run has to be over: one clock for everything that it waits for."""

from __future__ import annotations

import math
import time

__all__ = ["LAST", "Deadline"]

LAST = 1.7
"""Seconds beyond the budget for what ends a run: rolling back, and looking at what is there."""

SHORTEST = 0.05
"""Seconds that whatever is waited for gets at least."""


class Deadline:
    """Until the database has answered, the end of waiting for that; from then on the end of the budget.

    Args:
        wait: seconds until the database must have answered; None is no limit.
        counted: this time is part of the budget.
    """

    def __init__(self, wait: float | None = None, *, counted: bool = False) -> None:
        self._made = time.monotonic()
        self._counted = counted
        self._began: float | None = None
        self._at = math.inf if wait is None else self._made + wait

    def begin(self, budget: float) -> float:
        """The database has answered: the budget of so many seconds begins, unless it has before. Returns when."""
        if self._began is None:
            self._began = self._made if self._counted else time.monotonic()
            self._at = self._began + budget
        return self._began

    @property
    def begun(self) -> bool:
        return self._began is not None

    def extend(self, seconds: float) -> None:
        """What took so long does not count."""
        self._at += seconds
        if self._began is not None:
            self._began += seconds

    @property
    def left(self) -> float:
        """Seconds until the end; infinite without one, never negative."""
        return max(0.0, self._at - time.monotonic())

    @property
    def over(self) -> bool:
        return self.left <= 0

    def allow(self, seconds: float, *, early: float = 0.0) -> float:
        """How much of so many seconds somebody else (a server, a network) may take.

        Args:
            seconds: what it would get without an end.
            early: seconds for what follows when it takes too long.
        """
        return min(seconds, max(SHORTEST, self._at + LAST - early - time.monotonic()))
