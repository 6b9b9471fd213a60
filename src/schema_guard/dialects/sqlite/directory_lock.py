"""One guard at a time on one file, across processes and threads, without a trace: an advisory lock on its directory.

The file itself must not be opened for it: closing any descriptor of a file drops the locks that SQLite holds on it in
the same process (https://sqlite.org/howtocorrupt.html, 2.2). The lock ends with the process, however that ends.
"""

from __future__ import annotations

import importlib.util
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schema_guard.dialects.stop import Stop
from schema_guard.errors import LockTimeoutError

__all__ = ["directory_locked"]

HAS_FLOCK = importlib.util.find_spec("fcntl") is not None
"""Windows has none; BEGIN IMMEDIATE and the probes within it still keep guards apart there."""

PAUSE = 0.05
"""Seconds between two tries."""


@contextmanager
def directory_locked(path: str, wait: float, stop: Stop | None = None) -> Iterator[None]:
    """Hold the lock for the file's directory; nothing where the system knows no such lock.

    Args:
        path: the database file.
        wait: seconds to wait for it.
        stop: whether somebody asked not to wait any longer.

    Raises:
        LockTimeoutError: another guard held it all the time.
        StoppedError: somebody asked to stop.
    """
    directory = Path(path).parent
    if not HAS_FLOCK:
        yield
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except PermissionError:  # it may be searched and not read; BEGIN IMMEDIATE and the probes keep guards apart then
        yield
        return
    try:
        stop = stop or Stop()
        deadline = time.monotonic() + wait
        while not _taken(descriptor):
            if time.monotonic() >= deadline:
                raise LockTimeoutError(f"another guard works on a database in {directory}; run again")
            stop.sleep(PAUSE)
            stop.check()
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now; true as well on file systems that have none."""
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
