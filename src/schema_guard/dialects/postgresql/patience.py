"""Ends a statement whose answer never comes: the network is dead and nobody said so.

The server ends every statement by its statement_timeout; a client behind a network that has fallen silent never hears
of it, and the system's keepalive takes hours. So the client ends the connection itself, some seconds after the server
must have answered.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["GRACE", "answered_within", "cut"]

GRACE = 10.0
"""Seconds for the answer to arrive, beyond those that the server has for the statement."""


@contextmanager
def answered_within(seconds: float, driver: object) -> Iterator[None]:
    """Cut the connection when the body takes longer: the driver then raises as for a lost one.

    Args:
        seconds: the statement's timeout, and GRACE.
        driver: the driver's own connection.
    """
    statement = _watch.begin(time.monotonic() + seconds, driver)
    try:
        yield
    finally:
        _watch.end(statement)


class _Watch:
    """One thread for all statements that wait for an answer: to start one for each takes longer than most answers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[object, tuple[float, object]] = {}
        self._wakes = math.inf
        """When the thread looks again; it ends when nothing waits then."""

    def begin(self, until: float, driver: object) -> object:
        statement = object()
        with self._changed:
            if self._wakes == math.inf:
                threading.Thread(target=self._run, name="schema-guard-patience", daemon=True).start()
                self._wakes = until
            elif until < self._wakes:
                self._changed.notify()
            self._waiting[statement] = until, driver
        return statement

    def end(self, statement: object) -> None:
        """The thread is left asleep: it finds out when it looks again."""
        with self._changed:
            self._waiting.pop(statement, None)

    def _run(self) -> None:
        with self._changed:
            while self._waiting:
                now = time.monotonic()
                for statement, (until, driver) in list(self._waiting.items()):
                    if until <= now:
                        del self._waiting[statement]
                        with suppress(Exception):  # its loop is closed already; the others still wait
                            cut(driver)
                self._wakes = min((until for until, _ in self._waiting.values()), default=now)
                self._changed.wait(max(0.0, self._wakes - now))
            self._wakes = math.inf


_watch = _Watch()
os.register_at_fork(after_in_child=_watch.__init__)  # type: ignore[misc] # a fork has no thread of its parent's


def cut(driver: object) -> None:
    """psycopg and psycopg2 tell their socket's number, pg8000 holds the socket; asyncpg ends what waits in its loop."""
    terminate, loop = getattr(driver, "terminate", None), getattr(driver, "_loop", None)
    if terminate is not None and loop is not None:
        loop.call_soon_threadsafe(terminate)
        return
    holder = getattr(driver, "_usock", driver)
    with suppress(Exception):  # it is closed already
        descriptor = os.dup(holder.fileno())  # type: ignore[attr-defined] # each of them has one
        with socket.socket(fileno=descriptor) as connection:
            connection.shutdown(socket.SHUT_RDWR)
