"""Ends the process although threads that the application started as it was imported go on.

Python waits for each thread that is no daemon, so that the server that is to start after the command never would.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NoReturn

from schema_guard.cli.output import log
from schema_guard.errors import one_line

__all__ = ["GRACE", "end_in_time"]

GRACE = 5
"""Seconds that they may take to end, when all is said."""

_LOOKED_EVERY = 0.1


def end_in_time(code: int) -> None:
    """To be called last: what Python does at its end has as long as the threads have.

    Where the process goes on after the command, as a test does that calls it in its own process, it is not ended.
    """
    if code:
        atexit.register(_hold, code)  # called before what the application registered
    if any(_running()):
        threading.Thread(target=_end, args=(code,), daemon=True).start()


def _hold(code: int) -> None:
    """What the application does at its end may call os._exit(0), where threads of a library never end; the server that
    waits for this command would then start."""
    really = os._exit

    def held(status: int) -> NoReturn:
        really(code or status)

    os._exit = held


def _end(code: int) -> None:
    while not _ends():
        time.sleep(_LOOKED_EVERY)
    time.sleep(GRACE)
    names = ", ".join(one_line(thread.name) for thread in _running())
    log(f"threads of the application still run after {GRACE} s, and are not waited for: {names}", level="warning")
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _ends() -> bool:
    """Whether Python is at its end, where it waits for threads, those of pools first; no public name says so."""
    return getattr(threading, "_SHUTTING_DOWN", False) or not threading.main_thread().is_alive()


def _running() -> Iterator[threading.Thread]:
    main = threading.main_thread()
    return (thread for thread in threading.enumerate() if not thread.daemon and thread is not main)
