"""Does something when a statement takes too long: one thread watches over all statements that run.

To start a thread for each takes longer than most statements.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

__all__ = ["unless_done_within"]


@contextmanager
def unless_done_within(seconds: float, act: Callable[[], object]) -> Iterator[None]:
    """Call `act` once when the body takes longer; never after it has ended.

    Args:
        seconds: how long the body may take.
        act: called in the watching thread. It must be quick; what it raises is dropped.
    """
    statement = _watch.begin(time.monotonic() + seconds, act)
    try:
        yield
    finally:
        _watch.end(statement)


class _Watch:
    """The thread, and the statements that it watches over."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running: dict[object, tuple[float, Callable[[], object]]] = {}
        self._wakes = math.inf
        """When the thread looks again; it ends when nothing runs then."""

    def begin(self, until: float, act: Callable[[], object]) -> object:
        statement = object()
        with self._changed:
            if self._wakes == math.inf:
                threading.Thread(target=self._run, name="schema-guard-watch", daemon=True).start()
                self._wakes = until
            elif until < self._wakes:
                self._changed.notify()
            self._running[statement] = until, act
        return statement

    def end(self, statement: object) -> None:
        """The thread is left asleep: it finds out when it looks again."""
        with self._changed:
            self._running.pop(statement, None)

    def _run(self) -> None:
        with self._changed:
            while self._running:
                now = time.monotonic()
                for statement, (until, act) in list(self._running.items()):
                    if until <= now:
                        del self._running[statement]
                        with suppress(Exception):  # its connection is gone already; the others still run
                            act()
                self._wakes = min((until for until, _ in self._running.values()), default=now)
                self._changed.wait(max(0.0, self._wakes - now))
            self._wakes = math.inf


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.__init__)  # type: ignore[misc] # a fork has no thread of its parent's
