"""A wish to stop, made in one thread and seen by the one that works: between statements, or by cancelling one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from schema_guard.errors import StoppedError

__all__ = ["Stop", "cancelling", "nothing_to_cancel"]


def nothing_to_cancel() -> None:
    """What `cancel` is while no session works."""


class Stop:
    """Whether a run was asked to stop, by which signal.

    `cancel` ends the statement that a step is running, if one is; it may be called from any thread and at any time.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.signal = 0
        self.reason = ""
        self.cancel: Callable[[], None] = nothing_to_cancel

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def ask(self, signal: int, reason: str) -> None:
        """Ask to stop; `reason` is the signal's name."""
        self.signal, self.reason = signal, reason
        self._asked.set()

    def sleep(self, seconds: float) -> None:
        """Sleep, no longer than until somebody asks."""
        self._asked.wait(seconds)

    def check(self) -> None:
        """Raises StoppedError when somebody asked."""
        if self.asked:
            raise StoppedError(self.signal, self.reason)


class Interruptible(Protocol):
    """A session, as far as it is stopped."""

    stop: Stop

    def interrupt(self) -> None:
        """Cancel the statement that runs; from any thread."""
        ...


@contextmanager
def cancelling(session: Interruptible, stop: Stop) -> Iterator[None]:
    """While it lasts, who asks `stop` to cancel cancels what this session runs. Raises StoppedError as `check` does."""
    stop.check()
    session.stop, stop.cancel = stop, session.interrupt
    try:
        yield
    finally:
        stop.cancel = nothing_to_cancel
