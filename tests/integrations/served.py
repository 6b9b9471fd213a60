"""An application served by a real server in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mdraft.visitor import Answer
from tests.postgres.cluster import free_port

__all__ = ["served"]

PATIENCE = 60.0


class Served:
    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"

    def get(self, path: str, method: str = "GET") -> Answer:
        request = urllib.request.Request(self._address + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, dict(response.headers), response.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers), error.read().decode())

    def status_becomes(self, path: str, status: int) -> Answer:
        """Ask until the answer has that status."""
        deadline = time.monotonic() + PATIENCE
        while (answered := self.get(path)).status != status:
            assert time.monotonic() < deadline, answered
            time.sleep(0.05)
        return answered


@contextmanager
def served(folder: Path, program: str, *arguments: str) -> Iterator[Served]:
    """`python -m PROGRAM ARGUMENTS` in that folder, `{port}` in an argument being the port; ended afterwards."""
    port = free_port()
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", program, *(argument.replace("{port}", str(port)) for argument in arguments)],
            cwd=folder,
            env={**os.environ, "HOME": str(folder), "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            made = Served(port)
            deadline = time.monotonic() + PATIENCE
            while True:
                assert process.poll() is None, log.read_text()
                try:
                    made.get("/")
                    break
                except OSError:
                    assert time.monotonic() < deadline, log.read_text()
                    time.sleep(0.05)
            yield made
        finally:
            process.terminate()
            process.wait(PATIENCE)
