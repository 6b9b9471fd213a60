"""Only one guard at a time: an advisory lock, held by a connection that does nothing else.

Waiting happens between statements, never inside of one: a session that waits in pg_advisory_lock() holds a snapshot,
for which CREATE INDEX CONCURRENTLY of the lock's holder would wait in turn, and nobody detects that deadlock.

Behind a pooler that shares server connections between transactions a session's lock would strand on a connection that
others get next. There the lock is a transaction's, which is held open: it reads nothing, so it holds no snapshot.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.holders import describe
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.revoked import unreadable
from schema_guard.dialects.stop import Stop
from schema_guard.errors import LockTimeoutError, StepError

__all__ = ["GuardLock", "lock_key"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries; jitter keeps many waiting processes apart."""

_VERIFIED_FOR = 0.5
"""Seconds for which the lock is believed to be still held after it was seen to be."""


def lock_key(name: str) -> int:
    """The advisory lock's number for an application: 64 bits, signed. Advisory locks belong to one database."""
    return int.from_bytes(hashlib.sha256(f"schema-guard {name}".encode()).digest()[:8], signed=True)


class GuardLock:
    """The lock of one application's guards on one database.

    Args:
        link: a connection of its own.
        name: the application's name.
        stop: whether somebody asked not to wait any longer.
        pooled: a transaction pooler lies between: see `pooling`.
        shared: the connection is the one that works, since the server allows no second one.
    """

    def __init__(self, link: Link, name: str, stop: Stop, *, pooled: bool = False, shared: bool = False) -> None:
        self._link = link
        self._shared = shared
        self._pooled = pooled
        self._stop = stop
        self._key = lock_key(name)
        self._verified = 0.0

    @contextmanager
    def held(self, wait: float) -> Iterator[GuardLock]:
        """Hold the lock. Raises LockTimeoutError, naming the holder, when it is not free within `wait` seconds."""
        try:
            self._acquire(wait)
            try:
                yield self
            finally:
                self._release()
        finally:
            if not self._shared:
                self._link.close()

    def verify(self) -> None:
        """Raises StepError when the lock was lost with its connection. Keeps the connection from idling away, too."""
        if time.monotonic() < self._verified + _VERIFIED_FOR:
            return
        try:
            alive = self._link.is_open and bool(self._link.rows(self._question))
        except DriverError:
            alive = False
        if not alive:
            raise StepError("the guard lock's connection was lost; another guard may be at work, run again")
        self._verified = time.monotonic()

    @property
    def _question(self) -> str:
        """The connection that works is opened again after it was lost, and then the lock is gone."""
        return query("own_advisory_lock", key=self._key) if self._shared else "SELECT true"

    def _acquire(self, wait: float) -> None:
        deadline = time.monotonic() + wait
        pause = _FIRST_PAUSE
        while not self._try():
            self._stop.check()
            left = deadline - time.monotonic()
            if left <= 0:
                raise LockTimeoutError(f"another guard is at work on this database: {self._holders()}; run again")
            self._stop.sleep(min(left, pause * random.uniform(0.5, 1.0)))
            pause = min(_LONGEST_PAUSE, pause * 2)

    def _try(self) -> bool:
        try:
            if not self._pooled:
                return bool(self._link.rows(f"SELECT pg_catalog.pg_try_advisory_lock({self._key})")[0][0])
            self._link.run("BEGIN")
            self._link.rows(query("own_session", local=True))
            if self._link.rows(f"SELECT pg_catalog.pg_try_advisory_xact_lock({self._key})")[0][0]:
                return True
            self._link.run("ROLLBACK")
            return False
        except DriverError as error:
            raise unreadable(error, "the guard lock", self._link) from None

    def _release(self) -> None:
        """Closing the connection would release it too; unlocking first frees it at once for who waits."""
        with suppress(DriverError):
            if self._link.is_open and self._pooled:
                self._link.run("ROLLBACK")
            elif self._link.is_open:
                self._link.rows(f"SELECT pg_catalog.pg_advisory_unlock({self._key})")

    def _holders(self) -> str:
        try:
            found = [describe(row) for row in self._link.rows(query("holders", key=self._key))]
        except DriverError:
            found = []
        return ", ".join(found) or "its session is not visible to this role"
