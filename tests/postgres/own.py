"""A server of a test's own, which may be killed, started again, filled up, or given a standby."""

from __future__ import annotations

import os
import shutil
import signal
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from tests.postgres.cluster import SETTINGS, Cluster, free_port, run_as_server, unprivileged

__all__ = ["OwnServer", "new_home"]


def new_home(room: Path, what: str) -> Path:
    """A directory that no other server of the run has, in whichever process its test runs; not made yet."""
    return room / f"own-{what}-{uuid.uuid4().hex[:8]}"


@dataclass
class OwnServer:
    """One server; a context manager that stops it and removes its directory.

    Args:
        model: a running server, whose programs are used.
        home: a directory to be made, which the server's user can enter.
        settings: of postgresql.conf, beside the suite's.
        data: where its files go, when not below `home`.
        port: where it listens; a free one unless told.
    """

    model: Cluster
    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    data: Path | None = None
    port: int = field(default_factory=free_port)

    def __enter__(self) -> OwnServer:
        self._make_home()
        self._must("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        self._configure()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._program("pg_ctl", "stop", "-D", str(self._data), "-m", "immediate", "-w")
        shutil.rmtree(self.home, ignore_errors=True)

    def as_standby_of(self, primary: OwnServer) -> None:
        """Copy the primary and follow it. In place of `with`: end it with `__exit__` or `close`."""
        self._make_home()
        self._must(
            "pg_basebackup",
            "-h",
            "127.0.0.1",
            "-p",
            str(primary.port),
            "-U",
            "postgres",
            "-D",
            str(self._data),
            "-R",
            "-c",
            "fast",
        )
        # In place of what pg_basebackup wrote: an older libpq of the system's knows no newer options.
        self._configure({"primary_conninfo": f"'host=127.0.0.1 port={primary.port} user=postgres'"})
        self.start()

    def close(self) -> None:
        self.__exit__(None, None, None)

    @property
    def cluster(self) -> Cluster:
        """How to reach it."""
        return Cluster(self.model.version, self.port, self.model.programs, str(self._data / "log" / "server.csv"))

    @property
    def postmaster(self) -> int:
        """The process id of the server's main process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def start(self) -> None:
        """Start, and wait until it answers. After a SIGKILL its orphans hold on to the memory for an instant."""
        deadline = time.monotonic() + 30
        arguments = ("start", "-D", str(self._data), "-l", str(self.home / "start.log"), "-w")
        while self._program("pg_ctl", *arguments):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server does not start: {(self.home / 'start.log').read_text()[-2000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop at once, as in a power failure but for what the system has yet to write."""
        os.kill(self.postmaster, signal.SIGQUIT)
        self._program("pg_ctl", "stop", "-D", str(self._data), "-m", "immediate", "-w")

    def jump_to(self, transaction: int) -> None:
        """Start again with this transaction id next, as after so many transactions."""
        self._program("pg_ctl", "stop", "-D", str(self._data), "-m", "fast", "-w")
        self._must("pg_resetwal", "-f", "-x", str(transaction), "-D", str(self._data))
        of_its_state = self._data / "pg_xact" / f"{transaction // 2**20:04X}"
        of_its_state.write_bytes(bytes(2**18))
        if os.geteuid() == 0:
            shutil.chown(of_its_state, *unprivileged())
        self.start()

    @property
    def _data(self) -> Path:
        return self.data or self.home / "data"

    def _make_home(self) -> None:
        self.home.mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.home, *unprivileged())

    def _configure(self, further: Mapping[str, str] | None = None) -> None:
        own = {"port": str(self.port), "unix_socket_directories": f"'{self.home}'"}
        durable = {"synchronous_commit": "on"}  # what was acknowledged survives a crash of the server
        lines = (
            f"{key} = {value}\n"
            for key, value in {**SETTINGS, **durable, **own, **self.settings, **(further or {})}.items()
        )
        with (self._data / "postgresql.auto.conf").open("a") as file:
            file.writelines(lines)

    def _program(self, name: str, *arguments: str) -> int:
        return run_as_server([f"{self.model.programs}/{name}", *arguments]).returncode

    def _must(self, name: str, *arguments: str) -> None:
        code = self._program(name, *arguments)
        if code:
            raise RuntimeError(f"{name} failed with exit code {code}")
