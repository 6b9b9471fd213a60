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

__all__ = ["GRACE", "Ending", "end_in_time"]

GRACE = 5
"""Seconds that they may take to end, when all is said."""

_LOOKED_EVERY = 0.1


class Ending(SystemExit):
    """Knows whether the process ends by it: then Python itself reads `code`, with no other code around. Who catches it,
    as a test does that calls the command in its own process, goes on and ends as it wants."""

    ends = False

    @property
    def code(self) -> int:  # type: ignore[override]
        if sys._getframe().f_back is None:
            self.ends = True
        return int(self.args[0])


def end_in_time(code: int) -> Ending:
    """What is to be raised last: what Python does at its end has as long as the threads have."""
    ending = Ending(code)
    if code:
        atexit.register(_hold, ending)  # called before what the application registered
    if any(_running()):
        threading.Thread(target=_end, args=(ending,), daemon=True).start()
    return ending


def _hold(ending: Ending) -> None:
    """What the application does at its end may call os._exit(0), where threads of a library never end; the server that
    waits for this command would then start."""
    if not ending.ends:
        return
    really, code = os._exit, ending.code

    def held(status: int) -> NoReturn:
        really(code or status)

    os._exit = held


def _end(ending: Ending) -> None:
    while not _ends():
        time.sleep(_LOOKED_EVERY)
    if not ending.ends:
        return
    time.sleep(GRACE)
    names = ", ".join(one_line(thread.name) for thread in _running())
    log(f"threads of the application still run after {GRACE} s, and are not waited for: {names}", level="warning")
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(ending.code)


def _ends() -> bool:
    """Whether Python is at its end, where it waits for threads, those of pools first; no public name says so."""
    return getattr(threading, "_SHUTTING_DOWN", False) or not threading.main_thread().is_alive()


def _running() -> Iterator[threading.Thread]:
    main = threading.main_thread()
    return (thread for thread in threading.enumerate() if not thread.daemon and thread is not main)
