"""The process that the projects' processes are forked from: `python -m schema_guard.chain.sandbox.host`.

To import SQLAlchemy and Alembic takes longer than most of what a project's process does, and one command starts
several. The host imports them once and runs nothing of the project: each job gets a process of its own, as new as if
Python had just started it. The host ends with the process that it works for, or when it was asked for nothing for a
while.
"""

from __future__ import annotations

import importlib
import os
import pickle
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

__all__ = ["FILES", "LENGTH", "Start", "main"]

PROJECT = "schema_guard.chain.sandbox.project"
IDLE = 15.0
"""Seconds without a job until it ends."""
FILES = 4
"""Sent with each job: its standard input, its output, the pipe of its events, and the one of its state."""
LENGTH = 8
"""Bytes that tell how long the pickled Start is that follows."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a process is started with, beside its files."""

    environment: dict[str, str]
    directory: str


def main() -> int:
    """Fork a process for each Start that comes down the socket whose number is the first argument.

    The other arguments are modules to import first, beside what each project needs.
    """
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in (PROJECT, *sys.argv[2:]):
        with suppress(Exception):  # each job's process meets it again, and tells it
            importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the attendants
    while select.select([control], [], [], IDLE)[0]:
        length, files, _, _ = socket.recv_fds(control, LENGTH, FILES)
        if not length:
            return 0
        payload = bytearray()
        while missing := int.from_bytes(length, "big") - len(payload):
            more = control.recv(missing)
            if not more:
                return 0
            payload += more
        if os.fork() == 0:
            control.close()
            _attend(pickle.loads(payload), *files)
        for file in files:
            os.close(file)
    return 0


def _attend(start: Start, reading: int, output: int, events: int, state: int) -> NoReturn:
    """Fork the job's process, wait for it, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.setsid()  # a signal for the guard must not kill it before its database is cleared up
        os.write(state, b"%d\n" % os.getpid())
        os.close(state)
        _become(start, reading, output, events)
    for file in (reading, output, events):
        os.close(file)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(OSError):
        os.write(state, b"%d\n" % code)
    os._exit(0)


def _become(start: Start, reading: int, output: int, events: int) -> NoReturn:
    """The project's process, with the environment and the files that a new one would have."""
    code = 1
    try:
        for number, file in enumerate((reading, output, output)):
            os.dup2(file, number)
        os.close(reading)
        os.close(output)
        os.environ.clear()
        os.environ.update(start.environment)
        time.tzset()
        os.chdir(start.directory)
        sys.argv[1:] = [str(events)]
        code = importlib.import_module(PROJECT).main()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
