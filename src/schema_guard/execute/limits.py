"""How much time and patience an apply has."""

from __future__ import annotations

import time
from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All in seconds.

    Args:
        budget: for the whole run; what is open afterwards is reported and the next run takes it up.
        lock_timeout: the longest a single statement waits for a lock, and so the longest that others queue behind it.
        statement_timeout: the longest a required statement runs; debt may use what is left of the budget.
        survey_timeout: the longest a query that counts rows runs.
        required_only: leave all debt for the next run.
    """

    budget: float = 60.0
    lock_timeout: float = 1.0
    statement_timeout: float = 30.0
    survey_timeout: float = 5.0
    required_only: bool = False

    def remaining(self, started: float) -> float:
        """What is left of the budget of a run that started at that time.monotonic(); never negative."""
        return max(0.0, started + self.budget - time.monotonic())
