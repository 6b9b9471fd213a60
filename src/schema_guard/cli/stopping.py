"""Signals: SIGINT and SIGTERM stop an apply gracefully; a second one stops it at once."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from schema_guard.cli.output import log
from schema_guard.dialects.stop import Stop

__all__ = ["stoppable"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CANCEL_EVERY = 0.2
"""Seconds between two tries to cancel the running statement: the first may come just before it began."""


@contextmanager
def stoppable() -> Iterator[Stop]:
    """While it lasts, a signal asks the Stop to stop; afterwards signals do what they did before.

    A driver written in C holds the main thread while a statement runs, and with it every Python signal handler. The
    interpreter still writes the signal's number to the wakeup descriptor at once, which a thread of our own reads.
    """
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    thread = threading.Thread(target=_listen, args=(reader, stop), name="schema-guard-signals", daemon=True)
    # What was ignored stays ignored: that is how nohup, and a shell's background jobs, want it.
    before = {number: signal.signal(number, _seen) for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN}
    wakeup = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    thread.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        writer.close()  # the thread reads the end, and ends
        thread.join()
        reader.close()


def _seen(_number: int, _frame: FrameType | None) -> None:
    """Nothing: that there is a handler at all is what keeps the signal from ending the process."""


def _listen(reader: socket.socket, stop: Stop) -> None:
    while received := _next(reader, stop):
        number = received[0]
        if number not in SIGNALS:
            continue
        name = signal.Signals(number).name
        if stop.asked:
            log(f"{name} again: stopped at once; the server rolls back what was begun")
            os._exit(128 + number)
        log(f"{name}: stopping; what a statement has begun is rolled back")
        stop.ask(number, name)
        stop.cancel()


def _next(reader: socket.socket, stop: Stop) -> bytes:
    """The next signal's number, or nothing at the end; cancels meanwhile once it was asked for."""
    while True:
        reader.settimeout(CANCEL_EVERY if stop.asked else None)
        try:
            return reader.recv(1)
        except TimeoutError:
            stop.cancel()
