"""mdraft as a host runs it: predeploy, then the start commands of render.yaml, behind a proxy that ends TLS."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml

__all__ = ["EXAMPLE", "Deployment", "Running", "blueprint", "release"]

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "mdraft"
GUARD = "python -m scripts.schema_guard && "
PATIENCE = 60.0
"""Seconds until a process has to be up; they share the machine with the rest of the suite."""


@cache
def blueprint() -> dict[str, Any]:
    """render.yaml, and nothing in its place."""
    with (EXAMPLE / "render.yaml").open(encoding="utf-8") as file:
        found = yaml.safe_load(file)
    assert isinstance(found, dict)
    return found


def start_command(service: str) -> str:
    (command,) = [each["startCommand"] for each in blueprint()["services"] if each["name"] == service]
    assert isinstance(command, str)
    return command


def release(folder: Path, models: str = "") -> Path:
    """A copy of the application in that folder, with these lines at the end of its models."""
    home = folder / "mdraft"
    shutil.copytree(EXAMPLE, home, ignore=shutil.ignore_patterns("instance", "__pycache__", ".venv"))
    with (home / "mdraft" / "models.py").open("a", encoding="utf-8") as file:
        file.write(models)
    return home


@dataclass(frozen=True)
class Running:
    """A process group that was started here; `output` is where it writes."""

    process: subprocess.Popen[bytes]
    output: Path

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        for signal_ in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal_)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
                return


@dataclass
class Deployment:
    """An installation: its database, its folder for everything else, and the release that it runs.

    `programs` come first on PATH: those of tests/warm, or None for the real commands.
    """

    url: str
    folder: Path
    home: Path = EXAMPLE
    production: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)
    programs: Path | None = None
    _started: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What render.yaml sets, what the host generates, and where this Python is."""
        (group,) = blueprint()["envVarGroups"]
        given = {each["key"]: each.get("value", "generated-for-this-test") for each in group["envVars"]}
        if not self.production:
            given["MDRAFT_ENV"] = "development"
        places = [*filter(None, [self.programs]), Path(sys.executable).parent, os.environ.get("PATH", "")]
        inherited = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
        return {
            **inherited,
            "HOME": str(self.folder),
            **given,
            "PATH": os.pathsep.join(map(str, places)),
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "DATABASE_URL": self.url,
            "QUEUE_URL": f"sqlite:///{self.folder / 'queue.db'}",
            **self.extra,
        }

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command in the release's directory, to its end."""
        return subprocess.run(
            command,
            cwd=self.home,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def predeploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("scripts/predeploy.sh", *arguments)

    def guard(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("python", "-m", "scripts.schema_guard", *arguments)

    def start(self, command: str, **environment: str) -> Running:
        """Start a process as the host's shell does."""
        self._started += 1
        output = self.folder / f"process-{self._started}.log"
        with output.open("wb") as log:
            process = subprocess.Popen(
                ["bash", "-c", command],
                cwd=self.home,
                env={**self.environment, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Running(process, output)

    @contextmanager
    def web(self) -> Iterator[str]:
        """The web service by its own command; gives its address once it answers."""
        with self._served(start_command("mdraft-web")) as address:
            yield address

    @contextmanager
    def unguarded(self) -> Iterator[str]:
        """The same application without the guard in front of it."""
        with self._served("flask run --port $PORT") as address:
            yield address

    @contextmanager
    def _served(self, command: str) -> Iterator[str]:
        port = free_port()
        running = self.start(command, PORT=str(port))
        try:
            wait_for(port, running)
            yield f"127.0.0.1:{port}"
        finally:
            running.stop()

    @contextmanager
    def worker(self) -> Iterator[Running]:
        """The worker service; it may still be starting."""
        running = self.start(start_command("mdraft_app-worker"))
        try:
            yield running
        finally:
            running.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(port: int, running: Running) -> None:
    """Until something answers there; an answer of any kind will do."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert running.process.poll() is None, running.said()
        connection = HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/login")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise AssertionError(f"nothing answers:\n{running.said()}")
