"""The budget holds for a deploy too; only a revision takes the time it takes, as long as the server answers."""

from __future__ import annotations

import time

import pytest

from tests.chain.stage import ENV, Stage
from tests.environment.proxy import Failure, Proxy
from tests.postgres.database import Database

BUDGET = 25.0
MACHINE = 10.0
"""Seconds that a busy machine takes for what takes a tenth of one: processes are started."""


def deployed(stage: Stage, *arguments: str) -> tuple[int, str, float]:
    """Exit code, what was said, seconds."""
    begun = time.monotonic()
    ran = stage.deploy("--budget", f"{BUDGET}s", *arguments)
    return ran.code, ran.out + ran.err, time.monotonic() - begun


@pytest.mark.parametrize("trigger", [b"CREATE TABLE proposals", b"pg_try_advisory_lock"])
def test_a_network_that_falls_silent(
    on_postgres: Stage, postgres_database: Database, trigger: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a revision runs, and while the guard lock is taken."""
    stage = on_postgres.plain().chain()
    server = postgres_database.server
    with Proxy(server.port, trigger, Failure.SILENT) as proxy:
        monkeypatch.setenv("DATABASE_URL", stage.url.replace(str(server.port), str(proxy.port)))
        code, said, seconds = deployed(stage)
        assert proxy.failed
    assert code == 3, said
    assert seconds < BUDGET + 2 + MACHINE
    monkeypatch.setenv("DATABASE_URL", stage.url)
    with postgres_database.connect() as connection:  # the server would find out by its keepalive
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
            [postgres_database.name],
        )
    assert stage.deploy().code == 0


def test_an_env_py_that_never_begins(on_postgres: Stage) -> None:
    """It waits for something else: nothing ran, and that is said."""
    stage = on_postgres.plain(
        env=ENV.replace("import os\n", "import os, time\n").replace("else:\n", "else:\n    time.sleep(600)\n")
    ).chain()
    code, said, seconds = deployed(stage)
    assert code == 4, said
    assert "no revision was begun within the budget" in said
    assert seconds < BUDGET + 2 + MACHINE


def test_a_revision_takes_the_time_it_takes(on_postgres: Stage) -> None:
    """Longer than the budget; apply still has all of its own."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", f'op.execute("SELECT pg_sleep({BUDGET + 4})")')
    code, said, seconds = deployed(stage)
    assert code == 0, said
    assert seconds > BUDGET + 4
