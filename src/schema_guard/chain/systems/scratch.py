"""Scratch databases: made for a replay, dropped afterwards whatever happens, never the real one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

__all__ = ["PREFIX", "Scratch", "not_interrupted", "stopped_cleanly"]

PREFIX = "schema_guard_scratch_"


@dataclass(frozen=True, slots=True)
class Scratch:
    """`url` has an installed driver. `spare` begins the names (on SQLite: the files) of further scratch databases."""

    url: URL
    spare: str
    schemas: tuple[str, ...] = ()
    """The schemas in which the real database's tables live, made here as well."""


SIGNALS: Sequence[signal.Signals] = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopped_cleanly() -> Iterator[None]:
    """SIGTERM and SIGHUP end the body as Ctrl-C does, so that what it made is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def not_interrupted() -> Iterator[None]:
    """Signals are ignored while the body clears up, which takes a moment only."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, *SIGNALS)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
