"""Starts a project's process: forked from a host that has imported what it needs, or as a new Python."""

from __future__ import annotations

import atexit
import errno
import os
import pickle
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from schema_guard.chain.sandbox.host import LENGTH, PROJECT, Start

__all__ = ["Process", "end_host", "started"]

HOST = "schema_guard.chain.sandbox.host"
FORKS = sys.platform == "linux"
"""Elsewhere a process that was forked may not use all of the system's libraries (Python's manual, multiprocessing)."""
READ_AT_START = ("PYTHON", "LD_", "LANG", "LC_", "MALLOC_")
"""How variables begin that Python or the system reads when a process starts, and not again."""


DRIVERS = ("psycopg", "psycopg2", "pg8000", "asyncpg", "aiosqlite")
"""Imported by the host where this process has imported them: the project will need the same."""


class Process(Protocol):
    """What subprocess.Popen has, too."""

    @property
    def pid(self) -> int:
        """Of the process, which leads a group of its own."""

    @property
    def returncode(self) -> int | None:
        """None until it was waited for; negative for the signal that ended it."""

    def wait(self, timeout: float) -> int:
        """How it ended. Raises subprocess.TimeoutExpired after `timeout` seconds."""


def started(environment: Mapping[str, str], reading: int, output: int, events: int) -> Process:
    """A new process of the project, in the working directory of this one.

    Args:
        environment: its variables.
        reading: its standard input, a file descriptor as the next two.
        output: its standard output and error.
        events: the pipe that it tells its events.

    Raises:
        OSError: none could be started.
    """
    package_root = Path(__file__).parents[3]
    path = os.pathsep.join(filter(None, (environment.get("PYTHONPATH"), str(package_root))))
    environment = {**environment, "PYTHONPATH": path}
    if not FORKS:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", PROJECT, str(events)],
            stdin=reading,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=(events,),
            start_new_session=True,  # a signal for this process must not kill it before its database is cleared up
        )
    return _HOSTS.start(environment, reading, output, events)


@dataclass
class _Forked:
    """A process that the host forked; `state` tells its number and how it ended."""

    state: int
    pid: int = 0
    returncode: int | None = None
    _told: bytes = b""

    def wait(self, timeout: float) -> int:
        if self.returncode is None:
            told = self.line(timeout)
            self.returncode = int(told) if told else -9  # with its attendant gone nobody knows
            os.close(self.state)
        return self.returncode

    def line(self, timeout: float | None = None) -> bytes:
        """The next line of its state; empty at the end. Raises subprocess.TimeoutExpired."""
        while b"\n" not in self._told:
            if not select.select([self.state], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(PROJECT, timeout or 0.0)
            more = os.read(self.state, 64)
            if not more:
                return b""
            self._told += more
        first, _, self._told = self._told.partition(b"\n")
        return first


@dataclass
class _Host:
    key: object
    process: subprocess.Popen[bytes]
    control: socket.socket
    owner: int = field(default_factory=os.getpid)

    def start(self, environment: Mapping[str, str], *files: int) -> _Forked:
        payload = pickle.dumps(Start(dict(environment), str(Path.cwd())))
        state, told = os.pipe()
        try:
            length = len(payload).to_bytes(LENGTH, "big")
            socket.send_fds(self.control, [length], [*files, told])
            self.control.sendall(payload)
        except BaseException:
            os.close(state)
            raise
        finally:
            os.close(told)
        forked = _Forked(state)
        number = forked.line()
        if not number:
            os.close(state)
            raise BrokenPipeError(errno.EPIPE, "the process that starts it ended")
        forked.pid = int(number)
        return forked

    def close(self) -> None:
        """It ends when its socket does; only the process that started it may wait for it."""
        self.control.close()
        if self.owner == os.getpid():
            try:
                self.process.wait(1.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class _Hosts:
    """The one host of this process; a process that was forked from this one gets another."""

    def __init__(self) -> None:
        self._host: _Host | None = None
        self._lock = threading.Lock()

    def start(self, environment: Mapping[str, str], *files: int) -> _Forked:
        with self._lock:
            try:
                return self._fitting(environment).start(environment, *files)
            except (BrokenPipeError, ConnectionResetError):  # it had nothing to do for too long, or was killed
                self.close()
                return self._fitting(environment).start(environment, *files)

    def close(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()

    def _fitting(self, environment: Mapping[str, str]) -> _Host:
        """The host that runs, where it was started by this process with the same variables, or a new one."""
        read = {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}
        relative = not all(Path(entry).is_absolute() for entry in read["PYTHONPATH"].split(os.pathsep))
        key = (sys.executable, read, str(Path.cwd()) if relative else "")
        if self._host is None or self._host.owner != os.getpid() or self._host.key != key:
            self.close()
            self._host = _started(key, environment)
        return self._host


def _started(key: object, environment: Mapping[str, str]) -> _Host:
    ours, its = socket.socketpair()
    drivers = [name for name in DRIVERS if name in sys.modules]
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", HOST, str(its.fileno()), *drivers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=dict(environment),
            pass_fds=(its.fileno(),),
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        raise
    finally:
        its.close()
    return _Host(key, process, ours)


_HOSTS = _Hosts()


@atexit.register
def end_host() -> None:
    """End the host, if there is one; the next process of a project gets another."""
    _HOSTS.close()
