"""Attempts at a step: exponential backoff with jitter up to a deadline."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Clock", "Retry"]


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the runner sees it; tests put in their own. Seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Retry:
    """How long to pause between attempts, in seconds.

    The pause lets the queue that formed behind the failed attempt drain; the jitter keeps processes that started
    together apart.
    """

    first: float = 0.1
    longest: float = 5.0
    clock: Clock = field(default_factory=Clock)

    def pause(self, attempt: int, deadline: float) -> bool:
        """Sleep after the attempt of that number (from 1); False, without sleeping, when the deadline comes first."""
        ceiling: float = min(self.longest, self.first * 2 ** min(attempt - 1, 16))
        length = ceiling * (0.5 + self.clock.jitter() / 2)
        if self.clock.now() + length >= deadline:
            return False
        self.clock.sleep(length)
        return True
