"""A step that takes long: who watches is told how far it is, every second."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from schema_guard.dialects.watch import unless_done_within

__all__ = ["EVERY", "telling"]

EVERY = 1.0
"""Seconds."""


@contextmanager
def telling(tell: Callable[[], object]) -> Iterator[None]:
    """Call `tell` every second while the body runs, from another thread; never after it has ended.

    Args:
        tell: what it raises is dropped: no step fails because of who watches.
    """
    over = threading.Event()
    threads: list[threading.Thread] = []

    def run() -> None:
        while True:
            with suppress(Exception):
                tell()
            if over.wait(EVERY):
                return

    def begin() -> None:
        thread = threading.Thread(target=run, name="schema-guard-underway", daemon=True)
        thread.start()
        threads.append(thread)

    try:
        with unless_done_within(EVERY, begin):
            yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
