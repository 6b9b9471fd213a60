"""A revision that needs a lock which its own process holds on a second connection: no further attempt acquires it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import time
from contextlib import closing
from shutil import which

import pytest

from tests.chain.stage import ENV, Stage
from tests.warm.programs import REAL

OTHER = "other = sa.create_engine(op.get_bind().engine.url).connect()\n"
WAYS = {
    # the revision holds the lock, what it does on a connection of its own waits
    "the second": 'op.execute("INSERT INTO users (id) VALUES (2)")\n{own}\n'
    + OTHER
    + 'other.execute(sa.text("{waits}"))\nother.commit()',
    # the other way round
    "its own": OTHER + 'other.execute(sa.text("INSERT INTO users (id) VALUES (1)"))\n{other}\nop.execute("{waits}")',
    # as an application's Session that is left open
    "a session": "from sqlalchemy.orm import Session\n"
    "session = Session(sa.create_engine(op.get_bind().engine.url))\n"
    'session.execute(sa.text("INSERT INTO users (id) VALUES (1)"))\n{session}\nop.execute("{waits}")',
}
PARTS = {
    "sqlite": {"own": "pass", "other": "pass", "session": "pass", "waits": "INSERT INTO users (id) VALUES (3)"},
    "postgresql": {
        "own": 'op.execute("LOCK TABLE users")',
        "other": "pass",
        "session": "pass",
        "waits": "LOCK TABLE users",
    },
}


@pytest.mark.parametrize("way", WAYS)
def test_it_stops_at_the_first_failure(stage: Stage, way: str) -> None:
    """One line says why and what to do; the budget is not used up."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", WAYS[way].format(**PARTS[stage.system]))
    begun = time.monotonic()
    deploy = stage.deploy("--lock-timeout", "500ms", "--budget", "60s", "--format", "json")
    failed = deploy.document["failed"]
    assert (deploy.code, failed["revision"]) == (5, "r4"), deploy.out
    assert "another connection of the migrations themselves holds the lock" in failed["message"]
    assert "op.get_bind()" in failed["message"]
    assert "trying again" not in deploy.err
    assert time.monotonic() - begun < 30
    assert (stage.stamped(), stage.sql("SELECT id FROM users")) == (["r3"], [])


def test_a_connection_that_env_py_leaves_open(stage: Stage) -> None:
    """The holder need not be the revision."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    opened = (
        "    from sqlalchemy import text\n    left = create_engine(url).connect()\n"
        '    left.execute(text("INSERT INTO users (id) VALUES (1)"))\n'
    )
    stage.write("migrations/env.py", ENV.replace("else:\n", "else:\n" + opened))
    stage.revision("r4", "r3", f'op.execute("{PARTS[stage.system]["waits"]}")')
    deploy = stage.deploy("--lock-timeout", "500ms", "--format", "json")
    assert deploy.code == 5, deploy.out
    assert "the migrations themselves" in deploy.document["failed"]["message"]


def test_in_wal_mode(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.sql("PRAGMA journal_mode = WAL")
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", WAYS["its own"].format(**PARTS["sqlite"]))
    deploy = stage.deploy("--lock-timeout", "200ms", "--budget", "60s", "--format", "json")
    assert (deploy.code, deploy.document["failed"]["revision"]) == (5, "r4"), deploy.out
    assert "trying again" not in deploy.err


AS_ROOT = () if os.geteuid() == 0 else ("--user", "--map-root-user")
ISOLATED = ("unshare", *AS_ROOT, "--pid", "--fork", "--mount-proc")
HOLDERS = {
    # what holds it, what the revision does while it has a transaction open that holds nothing
    "a writer": ("BEGIN IMMEDIATE", 'op.execute("INSERT INTO users VALUES (3)")'),
    "a reader": (
        "BEGIN; SELECT count(*) FROM users",
        'op.execute("INSERT INTO users VALUES (3)")\nop.get_bind().exec_driver_sql("COMMIT")',
    ),
}


@pytest.mark.skipif(
    which("unshare") is None or subprocess.run((*ISOLATED, "true"), capture_output=True, check=False).returncode != 0,
    reason="needs the right to make PID namespaces",
)
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_process_of_another_container_holds_the_file(on_sqlite: Stage, holder: str) -> None:
    """Nothing shows it; it may end, so that is waited for."""
    stage = on_sqlite.plain().chain()
    assert stage.deploy().code == 0
    holds, writes = HOLDERS[holder]
    stage.revision("r4", "r3", f'{OTHER}other.exec_driver_sql("BEGIN")\n{writes}')
    with closing(sqlite3.connect(stage.directory / "shop.db", isolation_level=None)) as connection:
        for statement in holds.split("; "):
            connection.execute(statement).fetchall()
        command = (REAL, "-m", "schema_guard", "deploy", stage.target, "--lock-timeout", "200ms")
        ran = subprocess.run(
            (*ISOLATED, *command, "--budget", "4s"), cwd=stage.directory, capture_output=True, text=True, check=False
        )
    assert (ran.returncode, "trying again" in ran.stderr) == (4, True), ran.stdout + ran.stderr
    assert "the migrations themselves" not in ran.stdout


def test_another_process_holds_the_file(on_sqlite: Stage) -> None:
    """It may end: tried again as before, also where the process has a second transaction open that holds nothing."""
    stage = on_sqlite.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", OTHER + 'other.exec_driver_sql("BEGIN")\nop.execute("INSERT INTO users VALUES (3)")')
    with closing(sqlite3.connect(stage.directory / "shop.db", isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        deploy = stage.deploy("--lock-timeout", "200ms", "--budget", "4s")
    assert (deploy.code, "trying again" in deploy.err) == (4, True), deploy.err
    assert "the migrations themselves" not in deploy.out
