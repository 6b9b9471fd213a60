"""Who stands in the way: the sessions that hold what a statement waits for, looked up while it waits."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import NamedTuple

from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.other_queries import shape
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.errors import LockTimeoutError, one_line

__all__ = ["LockedOut", "Watch", "blocking", "describe", "held_by", "locked", "locked_out", "locked_out_by"]

_LOOK_EVERY = 1.0
"""Seconds between two later looks: at whom a long step waits for, and at how far an index build is."""

_LOOK_AT = (0.4, 0.85)
"""When to look, as parts of the lock timeout: late enough that most steps are done by then and nobody is asked."""


_HURRIED = 0.5
"""Seconds: of a shorter wait a new connection, with TLS and a password, would take the most."""

_LOOK_TIMEOUT = 2.0
"""Seconds to find out who keeps a table from being read."""

_PREPARED = "prepared transaction "


def describe(row: Row) -> str:
    """One holder: `pid 4711 (idle in transaction for 38 s: SELECT ..)`, or `prepared transaction 'x' (for 9 s)`."""
    pid, state, seconds, text = row
    said = shape(str(text)) if text and pid != 0 else text
    age = f" for {float(str(seconds)):.0f} s" if seconds is not None else ""
    if pid == 0:
        return one_line(f"{_PREPARED}{text} ({age.strip() or 'of unknown age'})")
    return one_line(f"pid {pid} ({state}{age}{f': {said}' if said else ''})")


def held_by(holders: Sequence[str]) -> str:
    """Who it is, and how to end that; each as `describe` wrote it."""
    return f"held by {', '.join(holders)}{how_to_end(holders)}"


def how_to_end(holders: Sequence[str]) -> str:
    """The end of a message that names them."""
    end = " or ".join(_end(holder) for holder in holders)
    return f"; run again when that has ended, or end it: {end}" if holders else ""


def _end(holder: str) -> str:
    if holder.startswith(_PREPARED):
        name = holder[len(_PREPARED) : holder.rindex(" (")]
        return f"COMMIT PREPARED {name} or ROLLBACK PREPARED {name}"
    return f"SELECT pg_terminate_backend({holder.split()[1]})"


class LockedOut(NamedTuple):
    """Who keeps everybody from reading a table: holds ACCESS EXCLUSIVE, or waits for it in front of all others."""

    sentence: str
    holders: tuple[str, ...]


def locked_out(link: Link) -> dict[int, LockedOut]:
    """By the OIDs of the relations that nobody can read now; empty when nobody can tell."""
    try:
        with link.reading(_LOOK_TIMEOUT, lock_timeout=_LOOK_TIMEOUT / 2, bare_path=True):
            rows = link.rows(query("locked_out"))
    except Exception:  # what cannot be looked up is told as unknown
        return {}
    found: dict[int, list[tuple[str, str]]] = {}
    for relation, granted, behind, pid, state, seconds, text, application in rows:
        named = f"{application}, {state}" if application else state
        who = describe((pid, named, seconds, text))
        says = f"{who} holds AccessExclusiveLock"
        if not granted:
            before = " and ".join(f"pid {each}" for each in json.loads(str(behind)))
            says = f"{who} waits for AccessExclusiveLock{f' behind {before}' if before else ''}"
        found.setdefault(int(str(relation)), []).append((who, says))
    return {
        oid: LockedOut(
            ", ".join(says for _, says in each) + how_to_end([who for who, _ in each]), tuple(who for who, _ in each)
        )
        for oid, each in found.items()
    }


def blocking(link: Link, seconds: float, own: Collection[int]) -> tuple[str, bool]:
    """Who holds what another program of this role waits for, which connected within these seconds, and how to end that;
    empty when nobody waits or nobody can tell. True where that program holds it itself, on a connection that is idle.

    `own` is the backends of that program; where they are not known, every program of this role is looked at.
    """
    with suppress(Exception):
        rows = link.rows(query("blocked_since", seconds=seconds, own=sorted(own)))
        itself = any(row[0] in own and "idle in transaction" in str(row[1]) for row in rows)
        return held_by([describe(row) for row in rows]) if rows else "", itself
    return "", False


def locked_out_by(link: Link) -> list[str]:
    """Who keeps everybody from reading something in this database, or did a moment ago; empty when nobody can tell."""
    return list(dict.fromkeys(holder for who in locked_out(link).values() for holder in who.holders))


def locked(link: Link, what: str) -> LockTimeoutError:
    """The error where a read had to wait too long for a lock.

    Args:
        link: a connection in no transaction, to ask who holds it.
        what: what could not be done, as a clause.
    """
    holders = locked_out_by(link)
    who = held_by(holders) if holders else "held by a session that has ended; run again"
    return LockTimeoutError(f"{what}: could not acquire the lock in time, {who}", tuple(holders))


class Watch:
    """Looks from a second connection whom a backend waits for.

    Args:
        link: the connection to look from; while the watch lasts, used by its own thread only.
        pid: the backend that may have to wait.
        lock_timeout: seconds that it waits at most.
    """

    def __init__(self, link: Link, pid: int, lock_timeout: float) -> None:
        self._link = link
        self._sql = query("blockers", pid=pid)
        self._hurried = lock_timeout < _HURRIED
        waits = [lock_timeout * _LOOK_AT[0], lock_timeout * (_LOOK_AT[1] - _LOOK_AT[0])]
        self._waits = waits if waits[0] < _LOOK_EVERY else []
        self._over = threading.Event()
        self._seen: list[str] = []
        self._progress = query("progress", pid=pid)
        self.progress: float | None = None
        """How far the index build was when last looked, from 0 to 1; None when there is none."""
        self._thread = threading.Thread(target=self._look, name="schema-guard-watch", daemon=True)

    def __enter__(self) -> Watch:
        if self._hurried:
            self._connect()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def seen(self) -> Sequence[str]:
        """Whom it waited for when last looked; complete after the `with` block."""
        return self._seen

    def _connect(self) -> None:
        """If it is open it costs a round trip; one that was lost meanwhile is opened anew."""
        for _ in range(2):
            with suppress(Exception):
                self._link.rows("SELECT")
                return

    def _look(self) -> None:
        for wait in self._waits:
            if self._over.wait(wait):
                return
            with suppress(Exception):  # this is only for the message: no look must ever fail a step
                found = [describe(row) for row in self._link.rows(self._sql)]
                self._seen = found or self._seen
        while not self._over.wait(_LOOK_EVERY):
            with suppress(Exception):
                self._seen = [describe(row) for row in self._link.rows(self._sql)]
                rows = self._link.rows(self._progress)
                self.progress = float(str(rows[0][0])) if rows else self.progress
