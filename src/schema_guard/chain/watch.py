"""While the process of the migrations works: whether it waits in vain, and for whom."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from schema_guard.dialects.base import Session
from schema_guard.dialects.deadline import Deadline
from schema_guard.errors import OutOfTimeError, UnreachableError

__all__ = ["Watch"]

SILENCE, SILENCE_AFTER = 10.0, 3.0
"""Seconds without an answer from the server, before and after the budget's end, until a revision is given up."""


@dataclass(slots=True)
class Watch:
    """Whether the process of the migrations waits in vain: the server is silent, or the budget ends before it began.

    A revision takes the time it takes, as long as the server is there.
    """

    session: Session
    deadline: Deadline
    running: str = ""
    silent: bool = False
    late: bool = False
    held: str = ""
    """Who holds what the revision waits for, when last looked."""
    itself: bool = False
    """It is the process of the migrations, on another connection."""
    own: set[int] = field(default_factory=set)
    """The sessions of that process."""
    begun: float = field(default_factory=time.monotonic)

    def __call__(self) -> bool:
        self.late = self.deadline.over and not self.running
        patience = min(SILENCE, max(SILENCE_AFTER, self.deadline.left))
        self.silent = not self.late and self.session.is_silent(patience)
        if self.running and not self.silent:
            held, itself = self.session.blocking(time.monotonic() - self.begun, tuple(self.own))
            self.held, self.itself = held or self.held, itself or (self.itself and not held)
        return self.late or self.silent

    def check(self) -> None:
        """Raises UnreachableError or OutOfTimeError when it was ended for that."""
        if self.silent:
            during = f" while {self.running} ran; whether it was done is unknown" if self.running else ""
            raise UnreachableError(f"the server does not answer any more{during}")
        if self.late:
            raise OutOfTimeError("no revision was begun within the budget: env.py, or its connection, took too long")
