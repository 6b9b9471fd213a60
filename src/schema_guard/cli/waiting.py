"""Waiting for a database that is still coming up, as it does when a whole stack is started at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from schema_guard.errors import OutOfTimeError, UnreachableError

__all__ = ["when_reachable"]

T = TypeVar("T")

PAUSE = 1.0


def when_reachable(
    call: Callable[[], T],
    wait: float,
    log: Callable[[str], None],
    *,
    over: Callable[[], bool] = lambda: False,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Call, and call again while the database cannot be reached.

    Args:
        call: what needs the database.
        wait: seconds until it gives up; 0 tries once.
        log: is told once, when the waiting begins.
        over: whether no time is left for what the call does when it is reached.

    Raises:
        UnreachableError: the last one, when `wait` seconds are over, or at once when waiting will not fix it; also
            when the time ends in a later try, which got no answer either.
    """
    deadline = now() + wait
    lost: UnreachableError | None = None
    while True:
        try:
            return call()
        except OutOfTimeError as error:
            if lost is None:
                raise
            raise lost from error
        except UnreachableError as error:
            if error.lasting or over() or now() + PAUSE > deadline:
                raise
            if lost is None:
                log(f"{error.message}; waiting up to {wait:g} s for it")
            lost = error
            sleep(PAUSE)
