"""Who holds a lock that a step would have to wait for, looked up before it waits.

Whoever comes after a statement that waits for a strong lock waits behind it, plain SELECTs too, so waiting for a
session that sits on its lock has a price for everybody and no use. And an autovacuum worker gives way only to who
waited for deadlock_timeout (manual, 13.3.1 and 20.12), which can be longer than a step may wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import DENIED, diagnose
from schema_guard.dialects.postgresql.holders import describe
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.plan import Lock, Step
from schema_guard.schema import Name

__all__ = ["Obstacle", "Obstacles"]

OLD = 3.0
"""A transaction open for so many times the lock timeout is not expected to end within one."""
TRIED_EVERY = 10.0
"""Seconds after which a step waits all the same: long transactions that overlap would otherwise keep it off forever."""
MARGIN = 0.5
"""Seconds beyond deadlock_timeout for an autovacuum worker to go."""
READ_TIMEOUT = 5.0

_MODES = {
    Lock.ACCESS_SHARE: "AccessShareLock",
    Lock.ROW_SHARE: "RowShareLock",
    Lock.ROW_EXCLUSIVE: "RowExclusiveLock",
    Lock.SHARE_UPDATE_EXCLUSIVE: "ShareUpdateExclusiveLock",
    Lock.SHARE: "ShareLock",
    Lock.SHARE_ROW_EXCLUSIVE: "ShareRowExclusiveLock",
    Lock.EXCLUSIVE: "ExclusiveLock",
    Lock.ACCESS_EXCLUSIVE: "AccessExclusiveLock",
}
_WEAKEST_CONFLICT = {
    Lock.ACCESS_SHARE: Lock.ACCESS_EXCLUSIVE,
    Lock.ROW_SHARE: Lock.EXCLUSIVE,
    Lock.ROW_EXCLUSIVE: Lock.SHARE,
    Lock.SHARE_UPDATE_EXCLUSIVE: Lock.SHARE_UPDATE_EXCLUSIVE,
    Lock.SHARE: Lock.ROW_EXCLUSIVE,
    Lock.SHARE_ROW_EXCLUSIVE: Lock.ROW_EXCLUSIVE,
    Lock.EXCLUSIVE: Lock.ROW_SHARE,
    Lock.ACCESS_EXCLUSIVE: Lock.ACCESS_SHARE,
}
"""Each mode conflicts with this one and all stronger ones, but SHARE not with itself (manual, table 13.2)."""


class Obstacle(NamedTuple):
    """A session that holds a conflicting lock."""

    described: str
    seconds: float | None
    """How long its transaction is open; None where the role may not see that."""
    yields: bool
    """An autovacuum worker, which the server ends for whoever waits for longer than deadlock_timeout."""
    relation: str
    """Quoted and qualified."""
    patience: float
    """Seconds after which an autovacuum worker has gone."""


@dataclass(slots=True)
class Obstacles:
    """Looks for obstacles, and remembers when a step waited in spite of them.

    Args:
        quote: writes a relation's name.
    """

    quote: Callable[[Name], str]
    _waited: dict[str, float] = field(default_factory=dict)

    def of(self, step: Step, link: Link) -> Sequence[Obstacle]:
        """Who holds what the step needs. Raises what the link raises."""
        wanted = [
            (self.quote(locked.relation), _MODES[mode])
            for locked in step.locks
            if locked.relation is not None and locked.lock in _WEAKEST_CONFLICT
            for mode in _conflicting(locked.lock)
        ]
        if not wanted:
            return ()
        relations, modes = zip(*wanted, strict=True)
        try:
            with link.reading(READ_TIMEOUT, bare_path=True):
                rows = link.rows(query("obstacles", relations=relations, modes=modes))
        except DriverError as error:
            if diagnose(error).sqlstate != DENIED:
                raise
            return ()  # the role may not look: the step waits, no longer than it may
        return [
            Obstacle(
                describe((pid, state, seconds, text)),
                None if seconds is None else float(str(seconds)),
                bool(yields),
                str(relation),
                int(str(deadlock_timeout)) / 1000 + MARGIN,
            )
            for pid, state, seconds, text, yields, relation, deadlock_timeout in rows
        ]

    def hopeless(self, step: Step, found: Sequence[Obstacle], lock_timeout: float) -> Sequence[str]:
        """Who will hardly be gone within the lock timeout; nobody where waiting is worth a try, or is due again."""
        stay = [item.described for item in found if not item.yields and (item.seconds or 0.0) > OLD * lock_timeout]
        now = time.monotonic()
        if not stay or now >= self._waited.setdefault(step.id, now) + TRIED_EVERY:
            self._waited[step.id] = now
            return ()
        return list(dict.fromkeys(stay))

    def vacuumed(self, step: Step, found: Collection[Obstacle]) -> dict[str, float]:
        """Relations whose autovacuum worker has to go first, for which nobody else must wait: how long that takes."""
        blocking = {
            self.quote(locked.relation)
            for locked in step.locks
            if locked.relation is not None and locked.lock > Lock.SHARE_UPDATE_EXCLUSIVE
        }
        return {item.relation: item.patience for item in found if item.yields and item.relation in blocking}


def _conflicting(lock: Lock) -> list[Lock]:
    weakest = _WEAKEST_CONFLICT[lock]
    return [mode for mode in _MODES if mode >= weakest and not (lock is Lock.SHARE and mode is Lock.SHARE)]
