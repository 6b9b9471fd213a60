"""A network that fails, and a server that is late."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.environment.conftest import Command, drifted, repaired
from tests.environment.proxy import Failure, Proxy
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database
from tests.postgres.own import OwnServer, new_home

HANGS_UP = [b"ADD COLUMN note", b"ADD CONSTRAINT ck_quantity", b"VALIDATE CONSTRAINT ck_quantity"]
CASES = [("psycopg", step, Failure.HANGS_UP) for step in HANGS_UP] + [
    ("psycopg", b"CREATE INDEX CONCURRENTLY", Failure.HANGS_UP),
    ("psycopg", b"CREATE INDEX CONCURRENTLY", Failure.SILENT),
    *((driver, b"ADD COLUMN note", Failure.RESETS) for driver in ("psycopg", "psycopg2", "pg8000", "asyncpg")),
]
BUDGET = 10
SLACK = 55
"""Seconds beyond the budget until the guard has to give up: 10 for each silent connection, and a slow machine."""


@pytest.mark.parametrize(("driver", "step", "failure"), CASES)
def test_a_network_that_fails_in_mid_step(
    driver: str, step: bytes, failure: Failure, shop: Database, command: Command
) -> None:
    """The guard ends in time and says what is unknown; the next run repairs what is open."""
    with Proxy(shop.server.port, step, failure) as proxy:
        timeout = "timeout" if driver in ("asyncpg", "pg8000") else "connect_timeout"
        url = f"postgresql+{driver}://postgres@127.0.0.1:{proxy.port}/{shop.name}?{timeout}=2"
        took = command("apply", url, "--budget", f"{BUDGET}s", "--wait", "0")
        assert proxy.failed, took.said
    assert took.code in (3, 4, 5), took.said
    assert took.seconds < BUDGET + SLACK
    again = command("apply", shop.url)
    assert again.code == 0, again.said
    assert repaired(shop)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
@pytest.mark.parametrize("failure", [Failure.HANGS_UP, Failure.RESETS])
def test_a_network_that_fails_while_the_catalog_is_read(
    driver: str, failure: Failure, shop: Database, command: Command
) -> None:
    """One line, exit code 3, nothing done."""
    with Proxy(shop.server.port, b"pg_constraint", failure) as proxy:
        url = f"postgresql+{driver}://postgres@127.0.0.1:{proxy.port}/{shop.name}"
        took = command("apply", url, "--wait", "0")
        assert proxy.failed
    assert took.code == 3, took.said
    assert len(took.ended.err.splitlines()) == 1, took.said


def test_a_server_that_comes_up_later(postgres_server: Cluster, server_room: Path, command: Command) -> None:
    """The guard waits for it, ten seconds here, and then repairs."""
    with OwnServer(postgres_server, new_home(server_room, "late")) as own:
        database = drifted(own.cluster)
        own.stop()
        late = threading.Timer(10, own.start)
        late.start()
        took = command("apply", database.url, "--wait", "60s")
        late.join()
        assert took.code == 0, took.said
        assert took.seconds >= 10
        assert "waiting up to 60 s" in took.ended.err
        assert repaired(database)


def test_a_server_that_never_comes_up(command: Command, postgres_server: Cluster) -> None:
    """Exit code 3 when the time is over."""
    begun = time.monotonic()
    took = command("apply", "postgresql+psycopg://postgres@127.0.0.1:1/nothing", "--wait", "2s")
    assert took.code == 3
    assert time.monotonic() - begun < 25, "without the option it would wait for 30 s"
    assert "127.0.0.1:1" in took.ended.err
