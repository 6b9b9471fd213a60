"""One running server: made by initdb in a directory that its user can enter, started and stopped."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.postgres.binaries import locked, unpack, unpack_clients

__all__ = [
    "SETTINGS",
    "Cluster",
    "free_port",
    "in_memory",
    "make_room",
    "run_as_server",
    "start",
    "stop_all",
    "unprivileged",
]

SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",  # a snapshot of the catalog has to stay the same while nobody writes
    "max_connections": "200",
    "shared_buffers": "'64MB'",
    "max_wal_size": "'256MB'",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "logging_collector": "on",
    "log_destination": "'csvlog'",
    "log_directory": "'log'",
    "log_filename": "'server.log'",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
}
UNPRIVILEGED = "nobody"
MEMORY = Path("/dev/shm")
MEMORY_NEEDED = 3 * 1024**3
"""Bytes that must be free in MEMORY: the servers and the files of a whole run write less than half of it."""
ATTEMPTS = 5


@dataclass(frozen=True)
class Cluster:
    """How to reach a server: `programs` is the directory of psql and the others, `log` its log as CSV."""

    version: str
    port: int
    programs: str
    log: str

    def url(self, database: str = "postgres", *, driver: str = "psycopg", user: str = "postgres") -> str:
        """The SQLAlchemy URL of a database of this server."""
        return f"postgresql+{driver}://{user}@127.0.0.1:{self.port}/{database}"

    def psql(
        self, database: str, *, file: Path | None = None, command: str | None = None, text: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run psql with a file, a command, or a script on its standard input; stops at the first error."""
        arguments = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        if file is not None:
            arguments += ["--file", str(file)]
        if command is not None:
            arguments += ["--command", command]
        connection = ["--host=127.0.0.1", f"--port={self.port}", "--username=postgres", f"--dbname={database}"]
        return subprocess.run(
            [f"{self.programs}/psql", *connection, *arguments],
            check=False,
            input=text if text is not None else "",
            capture_output=True,
            text=True,
            timeout=120,
        )


def make_room() -> Path:
    """A new directory that the server's user can enter, with a path short enough for a unix socket.

    Not below TMPDIR, which may lie where only root can go.
    """
    for parent in (Path("/tmp"), Path("/var/tmp"), Path(tempfile.gettempdir())):
        if os.access(parent, os.W_OK | os.X_OK) and (os.geteuid() != 0 or _others_can_enter(parent)):
            room = Path(tempfile.mkdtemp(prefix="sg-", dir=parent))
            room.chmod(0o755)
            return room
    raise RuntimeError(f"no directory for the test servers: /tmp and /var/tmp cannot be entered by {UNPRIVILEGED}")


def in_memory() -> Path | None:
    """A new directory in memory that the server's user owns; None where the machine has none that is large enough.

    A test makes a database or two, of 300 files each: on a disk that costs the kernel ten times as long.
    """
    with suppress(OSError):
        space = os.statvfs(MEMORY)
        if space.f_bavail * space.f_frsize >= MEMORY_NEEDED and _others_can_enter(MEMORY):
            room = Path(tempfile.mkdtemp(prefix="sg-", dir=MEMORY))
            if os.geteuid() == 0:
                shutil.chown(room, *unprivileged())
            return room
    return None


def start(version: str, room: Path) -> Cluster:
    """The server of that version in this room: the running one, or a new one. Safe to call from several processes."""
    with locked(room / f"{version}.lock"):
        note = room / f"{version}.json"
        if note.exists():
            return Cluster(**json.loads(note.read_text()))
        cluster = _start(version, room / version)
        note.write_text(json.dumps(asdict(cluster)))
        return cluster


def stop_all(room: Path) -> None:
    """Stop every server in the room and remove it. Waits for one that is just being started."""
    for lock in room.glob("*.lock"):
        version = lock.stem
        with locked(lock):
            for pg_ctl in (room / version / "programs").rglob("bin/pg_ctl"):
                for running in room.glob("*/data/postmaster.pid"):  # a test's own servers, too
                    run_as_server([str(pg_ctl), "stop", "-D", str(running.parent), "-m", "immediate", "-w"])
    for data in room.glob("*/data"):
        if data.is_symlink():
            shutil.rmtree(data.resolve(), ignore_errors=True)
    shutil.rmtree(room, ignore_errors=True)


def _start(version: str, home: Path) -> Cluster:
    home.mkdir()
    programs = unpack(version, home / "programs")
    clients = unpack_clients(programs, home / "clients")
    if os.geteuid() == 0:
        shutil.chown(home, *unprivileged())
    data = home / "data"
    if (memory := in_memory()) is not None:
        data.symlink_to(memory)
    _must(
        run_as_server(
            [
                str(programs / "initdb"),
                "-D",
                str(data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "-N",
            ]
        )
    )
    for _ in range(ATTEMPTS):
        port = free_port()
        settings = SETTINGS | {"port": str(port), "unix_socket_directories": f"'{home}'"}
        (data / "postgresql.auto.conf").write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
        started = run_as_server(
            [str(programs / "pg_ctl"), "start", "-D", str(data), "-l", str(home / "start.log"), "-w"]
        )
        if started.returncode == 0:
            return Cluster(version, port, str(clients), str(data / "log" / "server.csv"))
    raise RuntimeError(f"PostgreSQL {version} does not start: {(home / 'start.log').read_text()[-2000:]}")


def run_as_server(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a server's program: as root under an unprivileged user, for the server refuses to run as root."""
    user, group = unprivileged() if os.geteuid() == 0 else (None, None)
    return subprocess.run(
        command,
        check=False,
        user=user,
        group=group,
        extra_groups=[] if user is not None else None,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would never end
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _must(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise RuntimeError(f"{done.args[0]} failed with exit code {done.returncode}")


def unprivileged() -> tuple[int, int]:
    entry = pwd.getpwnam(UNPRIVILEGED)
    return entry.pw_uid, entry.pw_gid


def _others_can_enter(directory: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (directory, *directory.parents))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
