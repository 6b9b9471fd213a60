"""Runs project.py in a process of its own and hears what it tells."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import BinaryIO

from schema_guard.chain.sandbox.job import Ended, Event, Failed, Failure, Job
from schema_guard.chain.sandbox.starting import Process, started
from schema_guard.dialects.stop import Stop, nothing_to_cancel
from schema_guard.errors import StepError, one_line

__all__ = ["WATCHED_EVERY", "events_of"]

TAIL = 3
"""How many last lines of the project's own output a message quotes."""
WATCHED_EVERY = 1.0
"""Seconds between two questions whether to go on waiting."""
PATIENCE = 5.0
"""Seconds that the process gets to end by itself."""


def events_of(
    job: Job,
    environment: Mapping[str, str],
    stop: Stop | None = None,
    hopeless: Callable[[], bool] = lambda: False,
    every: float = WATCHED_EVERY,
) -> Iterator[Event]:
    """Everything that happens, as it happens; the last event is Ended or Failed. Closing the iterator ends the process.

    Args:
        job: what to do.
        environment: the variables of the process.
        stop: who asks it ends the process; what a revision has begun is rolled back.
        hopeless: asked again and again, in a thread of its own: whether to end the process at once.
        every: seconds between two such questions.

    Raises:
        StepError: the process could not be started.
    """
    reading, writing = os.pipe()
    asked, asker = os.pipe()
    asking = os.fdopen(asker, "wb")
    with tempfile.TemporaryFile() as output:
        try:
            process = started(environment, asked, output.fileno(), writing)
        except OSError as error:
            os.close(reading)
            asking.close()
            raise StepError(f"no process for the migrations could be started: {error.strerror}") from None
        finally:
            os.close(writing)
            os.close(asked)
        last: Event | None = None
        stop = stop or Stop()
        stop.cancel = lambda: _terminate(process, signal.SIGTERM)
        over = threading.Event()
        watch = threading.Thread(
            target=_watch, args=(process, hopeless, every, over), name="schema-guard-child", daemon=True
        )
        watch.start()
        try:
            for event in _received(asking, job, reading):
                last = event
                yield event
        finally:
            stop.cancel = nothing_to_cancel
            over.set()
            watch.join()
            _end(process, last)
            with suppress(BrokenPipeError):
                asking.close()
        if not isinstance(last, (Ended, Failed)):
            output.seek(0)
            yield Failed(Failure.OTHER, _tail(output.read().decode("utf-8", "replace"), process.returncode or 0))


def _watch(process: Process, hopeless: Callable[[], bool], every: float, over: threading.Event) -> None:
    """A driver that waits for a silent server hears no other signal."""
    while not over.wait(every):
        if hopeless():
            _terminate(process, signal.SIGKILL)
            return


def _received(asking: BinaryIO, job: Job, reading: int) -> Iterator[Event]:
    with suppress(BrokenPipeError):
        asking.write(pickle.dumps(job))
        asking.flush()  # and left open: the process ends when this one is gone
    with os.fdopen(reading, "rb") as pipe:
        unpickler = pickle.Unpickler(pipe)
        with suppress(EOFError):
            while True:
                yield unpickler.load()


def _end(process: Process, last: Event | None) -> None:
    """Let it end when it is done; end it, and what it started, when it is not or does not."""
    signals = (None, signal.SIGTERM, signal.SIGKILL)
    for signal_ in signals if isinstance(last, (Ended, Failed)) else signals[1:]:
        if signal_ is not None:
            _terminate(process, signal_)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
            return


def _terminate(process: Process, number: signal.Signals) -> None:
    """Send a signal to the process and to all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _tail(output: str, code: int) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    said = f": {' | '.join(lines[-TAIL:])}" if lines else ""
    return one_line(f"the process of the migrations ended with {how}{said}")
