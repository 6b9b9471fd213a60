"""The budget holds, whatever the server, the network and other sessions do; with every driver."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Guard, Impact
from schema_guard.dialects import open_session
from schema_guard.dialects.postgresql import reading
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.errors import GuardError, LockTimeoutError, OutOfTimeError, UnreachableError
from schema_guard.execute.limits import Limits
from tests.environment.conftest import Command, drifted, repaired
from tests.environment.proxy import Failure, Proxy
from tests.environment.shop import Base
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database
from tests.postgres.own import OwnServer, new_home

DRIVERS = ["psycopg", "psycopg2", "pg8000", "asyncpg"]
BUDGET = 3.0
MACHINE = 5.0
"""Seconds that a busy machine takes for what takes a tenth of one."""


def close(connections: list[Any]) -> None:
    for connection in connections:
        connection.close()


def engine(url: str, driver: str) -> Any:
    """As an application makes it: without any timeout of its own."""
    with_driver = make_url(url).set(drivername=f"postgresql+{driver}")
    return create_async_engine(with_driver) if driver == "asyncpg" else create_engine(with_driver)


@contextmanager
def ends_in_time(budget: float = BUDGET) -> Iterator[None]:
    begun = time.monotonic()
    yield
    took = time.monotonic() - begun
    assert took < budget + 2 + MACHINE, took


@contextmanager
def stopped(server: OwnServer) -> Iterator[None]:
    """The postmaster and all its children do nothing, as those of a machine that swaps, or of a paused container.

    The postmaster stops first: it starts no further child then, and those that end on their own are skipped.
    """
    postmaster = int((server.home / "data" / "postmaster.pid").read_text().splitlines()[0])
    halted: list[int] = []
    try:
        for pid in chain([postmaster], children(postmaster)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
                halted.append(pid)
        assert len(halted) > 1
        yield
    finally:
        for pid in halted:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def children(postmaster: int) -> Iterator[int]:
    """Read when the first is asked for."""
    yield from map(int, Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split())


@pytest.fixture
def own(postgres_server: Cluster, server_room: Path) -> Iterator[OwnServer]:
    with OwnServer(postgres_server, new_home(server_room, "frozen")) as server:
        yield server


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_server_that_is_frozen_before_it_is_connected(driver: str, own: OwnServer) -> None:
    """Its system still takes the connection, and nobody answers."""
    database = drifted(own.cluster)
    with stopped(own), ends_in_time(), pytest.raises(UnreachableError, match="no answer in time"):
        Guard(Base).apply(engine(database.url, driver), Limits(budget=BUDGET))
    assert Guard(Base).apply(engine(database.url, driver)).satisfied


@pytest.mark.one_in(3)
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("trigger", [b"pg_constraint", b"ADD COLUMN note", b"pg_try_advisory_lock"])
def test_a_server_that_freezes_in_the_middle(driver: str, trigger: bytes, own: OwnServer) -> None:
    """While the catalog is read, within a step, and while the guard lock is taken."""
    database = drifted(own.cluster)
    with Proxy(own.port, trigger, Failure.SILENT) as proxy:
        behind = database.url.replace(str(own.port), str(proxy.port))
        with ends_in_time(), suppress(GuardError):
            report = Guard(Base).apply(engine(behind, driver), Limits(budget=BUDGET))
            assert not report.satisfied
        assert proxy.failed
    assert Guard(Base).apply(database.url).satisfied
    assert repaired(database)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_guard_lock_that_another_one_holds(driver: str, shop: Database) -> None:
    other = open_session(shop.url)
    with other.guard_lock("", 10), ends_in_time(), pytest.raises(LockTimeoutError, match="another guard is at work"):
        Guard(Base).apply(engine(shop.url, driver), Limits(budget=BUDGET))
    other.close()


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_writer_that_an_index_waits_for(driver: str, shop: Database) -> None:
    """What clears the INVALID index away waits for the same writer: the report is made all the same."""
    with shop.connect() as connection:
        connection.execute("ALTER TABLE orders ADD COLUMN note varchar(200)")
    with shop.connect(autocommit=False) as writer:
        writer.execute("INSERT INTO orders (quantity, customer) VALUES (1, 'one')")
        with ends_in_time():
            report = Guard(Base).apply(engine(shop.url, driver), Limits(budget=BUDGET))
        assert report.worst is Impact.WEAKENS
    assert Guard(Base).apply(engine(shop.url, driver)).satisfied


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_statement_that_ignores_cancelling(driver: str, shop: Database) -> None:
    """A trigger function catches query_canceled for ever; the client ends the connection. The last look is made where
    time is left for it, which says that nothing was repaired."""
    with shop.connect() as connection:
        connection.execute(
            """CREATE FUNCTION stubborn() RETURNS event_trigger LANGUAGE plpgsql AS $$
            BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;
            CREATE EVENT TRIGGER stubborn ON ddl_command_end EXECUTE FUNCTION stubborn()"""
        )
    try:
        said = "within the budget"  # no connection was lost
        worst: Impact | None = Impact.BREAKS
        with ends_in_time():
            try:
                worst = Guard(Base).apply(engine(shop.url, driver), Limits(budget=BUDGET)).worst
            except OutOfTimeError as error:
                said = error.message
        assert ("within the budget" in said, worst) == (True, Impact.BREAKS)
    finally:
        with shop.connect() as connection:
            connection.execute("SET event_triggers = off") if connection.info.server_version >= 170000 else None
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [shop.name],
            )


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_slow_catalog(driver: str, shop: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it takes longer than the budget: that is said, and the exit code is that of a lock."""

    def slow(name: str, **values: Any) -> str:
        return query(name, **values).replace("FROM asked a", "FROM (SELECT pg_sleep(20)) AS slept, asked a")

    monkeypatch.setattr(reading, "query", slow)
    with ends_in_time(), pytest.raises(LockTimeoutError, match="could not read the catalog within the budget"):
        Guard(Base).apply(engine(shop.url, driver), Limits(budget=BUDGET))


def test_connection_slots_that_are_full(own: OwnServer, command: Command) -> None:
    """They may become free: that is waited for, as long as the budget lasts."""
    database = drifted(own.cluster)
    with database.connect() as connection:
        connection.execute("ALTER SYSTEM SET max_connections = 5")
        connection.execute("ALTER SYSTEM SET superuser_reserved_connections = 0")
        connection.execute("ALTER SYSTEM SET reserved_connections = 0") if own.cluster.version >= "16" else None
    own.stop()
    own.start()
    holders = [database.connect() for _ in range(5)]
    try:
        took = command("apply", database.url, "--budget", f"{BUDGET}s")
        assert took.code == 3, took.said
        assert took.seconds < BUDGET + 2 + MACHINE
        assert "max_connections" in took.said
        timer = threading.Timer(2, close, [holders[:2]])
        timer.start()
        assert command("apply", database.url).code == 0
        timer.join()
    finally:
        for holder in holders:
            holder.close()


@pytest.mark.parametrize(
    "arguments", [("apply",), ("run", "--", "true"), ("apply", "--wait", "1s"), ("apply", "--wait", "0")]
)
def test_every_command_on_a_server_that_does_not_answer(
    arguments: tuple[str, ...], own: OwnServer, command: Command
) -> None:
    """Waiting for the database is part of the budget."""
    database = drifted(own.cluster)
    name, *further = arguments
    with stopped(own):
        took = command(name, database.url, "--budget", f"{BUDGET}s", *further)
    assert took.code == 3, took.said
    assert took.seconds < BUDGET + 2 + MACHINE
