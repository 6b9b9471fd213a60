"""A server of its own and a database of many rows, for what only shows on a big table."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.postgres.binaries import NEWEST, fetch
from tests.postgres.cluster import Cluster, make_room, start, stop_all
from tests.postgres.own import OwnServer

__all__ = ["HERE", "address", "apply", "big_server", "connect", "copied", "psql"]

HERE = Path(__file__).parent
TARGET = "mdraft.guard:guard"
TEMPLATE = "big"

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "autovacuum": "on",
    "shared_buffers": "'1GB'",
    "max_wal_size": "'8GB'",
    "maintenance_work_mem": "'256MB'",
    "wal_level": "replica",
    "log_min_duration_statement": "0",
    "log_lock_waits": "on",
}
"""As a production server has them, where the suite's servers forgo the disk."""


@contextmanager
def big_server(rows: int, version: str = NEWEST, settings: dict[str, str] | None = None) -> Iterator[Cluster]:
    """A server that holds the template of the big database."""
    fetch(version)
    room = make_room()
    try:
        model = start(version, room)
        with OwnServer(model, room / "big", SETTINGS | (settings or {})) as server:
            cluster = server.cluster
            with connect(cluster, "postgres") as connection:
                connection.execute(f"CREATE DATABASE {TEMPLATE}")
            if psql(cluster, TEMPLATE, HERE / "big.sql", "--set=ON_ERROR_STOP=1", "--set", f"rows={rows}"):
                raise SystemExit("the big database could not be made")
            yield cluster
    finally:
        stop_all(room)


@contextmanager
def copied(server: Cluster, name: str = "run") -> Iterator[str]:
    """A fresh copy of the big database, everything on the disk; its name."""
    with connect(server, "postgres") as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        connection.execute("CHECKPOINT")
    try:
        yield name
    finally:
        with connect(server, "postgres") as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def connect(server: Cluster, database: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/{database}", autocommit=True)


def apply(server: Cluster, database: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`schema-guard apply` on mdraft's models, in a process of its own."""
    command = [sys.executable, "-m", "schema_guard", "apply", TARGET, "--url", server.url(database), *arguments]
    root = HERE.parent
    path = os.pathsep.join([str(root / "src"), str(root / "examples" / "mdraft")])
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            command, cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
        )


def psql(server: Cluster, database: str, file: Path, *arguments: str) -> int:
    """Run a script, without a time limit; returns psql's exit code."""
    command = [f"{server.programs}/psql", *address(server, database), "--quiet", "--no-psqlrc", *arguments]
    return subprocess.run([*command, "--file", str(file)], check=False).returncode


def address(server: Cluster, database: str) -> list[str]:
    """Where PostgreSQL's own programs connect."""
    return ["--host=127.0.0.1", f"--port={server.port}", "--username=postgres", f"--dbname={database}"]
