"""A directory of programs for PATH that start at once; see `host`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["REAL", "Programs"]

REAL = sys.executable
"""The Python that runs the tests; a fixture may have put a warm one in its place."""
ASK = Path(__file__).parent / "ask.py"
HOST = Path(__file__).parent / "host.py"
NAMES = ("python", "flask", "gunicorn", "huey_consumer", "schema-guard", "alembic")
PATIENCE = 120.0
"""Seconds until the host has imported everything, on a machine that others load."""


class Programs:
    """The programs, and the host that makes their processes.

    What they run is a process of its own: its arguments, files, environment and directory are the caller's, and
    signals, SIGKILL as well, reach it. Only imports are shared: what a test of start-up itself is about needs the real
    commands. Where the system has no pidfd (it is Linux's) the real commands are what is started.

    Attributes:
        folder: put it first on PATH.
        python: for `sys.executable`.
    """

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="sg-warm-"))
        self.folder = self._home / "bin"
        self.folder.mkdir()
        self.python = REAL
        self._host: subprocess.Popen[bytes] | None = None
        if not hasattr(os, "pidfd_open"):
            return
        for name in NAMES:
            self._make(name)
        self.python = str(self.folder / "python")
        self._host = subprocess.Popen(
            [REAL, HOST, self._home],
            stdin=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            start_new_session=True,
        )
        self._wait()

    def _make(self, name: str) -> None:
        python = self._home / "python"  # a script's first line takes no path with a space in it
        if not python.exists():
            python.symlink_to(Path(REAL).resolve())
        given = ", ".join(map(repr, (REAL, str(Path(REAL).parent), str(self._home), name)))
        program = self.folder / name
        program.write_text(f"#!{python} -IS\n{ASK.read_text(encoding='utf-8')}\nmain({given}, *sys.argv[1:])\n")
        program.chmod(0o755)

    def _wait(self) -> None:
        assert self._host is not None
        deadline = time.monotonic() + PATIENCE
        while not (self._home / "socket").exists():
            assert self._host.poll() is None, "the host of the warm programs does not start"
            assert time.monotonic() < deadline, "the host of the warm programs is not ready in time"
            time.sleep(0.02)

    def close(self) -> None:
        """End the host and every program that still runs."""
        if self._host is not None:
            self._host.communicate()
        shutil.rmtree(self._home)
