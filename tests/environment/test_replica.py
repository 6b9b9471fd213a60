"""A backfill and a replica that falls behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Backfill, Guard
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.execute import batches
from schema_guard.execute.limits import Limits
from schema_guard.fleet import Fleet
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create, wait_until
from tests.postgres.own import OwnServer, new_home

SETTINGS = {"wal_level": "replica", "max_wal_senders": "4", "hot_standby": "on"}
ROWS = 60_000
MB = 1024 * 1024
BEFORE = f"""
    CREATE TABLE parents (id integer PRIMARY KEY, owner varchar(64));
    CREATE TABLE children (id integer PRIMARY KEY, parent_id integer REFERENCES parents, owner varchar(64), pad text);
    INSERT INTO parents SELECT n, repeat('x', 60) FROM generate_series(1, 100) n;
    INSERT INTO children SELECT n, 1 + n % 100, NULL, repeat('y', 200) FROM generate_series(1, {ROWS}) n;
"""


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __tablename__ = "parents"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str | None] = mapped_column(String(64))


class Child(Base):
    __tablename__ = "children"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("parents.id"))
    owner: Mapped[str | None] = mapped_column(String(64))
    pad: Mapped[str | None]


GUARD = Guard(Base, backfills=[Backfill(Child, {Child.owner: Parent.owner}, on=Child.parent_id == Parent.id)])


@dataclass(frozen=True)
class Pair:
    database: Database
    """On the primary."""
    standby: Cluster


@pytest.fixture
def pair(postgres_server: Cluster, server_room: Path) -> Iterator[Pair]:
    """A primary with the rows, and a standby that has replayed them."""
    with OwnServer(postgres_server, new_home(server_room, "primary"), SETTINGS) as primary:
        database = create(primary.cluster)
        with database.connect() as connection:
            connection.execute(BEFORE)
        standby = OwnServer(postgres_server, new_home(server_room, "standby"), SETTINGS)
        standby.as_standby_of(primary)
        try:
            _wait_until_replayed(database)
            yield Pair(database, standby.cluster)
        finally:
            standby.close()


def _lag(database: Database) -> int | None:
    """Bytes that the standby has not replayed; None while none is connected."""
    with database.connect() as connection:
        row = connection.execute(
            "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint FROM pg_stat_replication"
        ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _wait_until_replayed(database: Database) -> None:
    deadline = time.monotonic() + 30
    while (lag := _lag(database)) is None or lag > 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def _paused(pair: Pair, seconds: float) -> Iterator[None]:
    """The standby replays nothing for so long, or until the body ends."""
    with psycopg.connect(pair.standby.url().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SELECT pg_wal_replay_pause()")
        resume = threading.Timer(seconds, lambda: connection.execute("SELECT pg_wal_replay_resume()"))
        resume.start()
        try:
            yield
        finally:
            resume.cancel()
            resume.join()
            connection.execute("SELECT pg_wal_replay_resume()")


def test_a_backfill_waits_for_a_replica(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on when the replica has caught up, and the lag stays near the limit meanwhile."""
    monkeypatch.setattr(batches, "LAG_LIMIT", MB)
    monkeypatch.setattr(batches, "LOOK_EVERY", 0.0)
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            seen.append(_lag(pair.database) or 0)

    watching = threading.Thread(target=watch)
    watching.start()
    begun = time.monotonic()
    with _paused(pair, 3.0):
        report = GUARD.apply(pair.database.url, Limits(budget=60))
        took = time.monotonic() - begun
    over.set()
    watching.join()
    (filled,) = report.results
    assert (filled.rows, report.satisfied) == (ROWS, True)
    assert took > 3.0
    assert max(seen) < 8 * MB  # the limit and one batch; the whole backfill writes more than 20 MB
    standby = pair.standby.url(pair.database.name).replace("+psycopg", "")
    with psycopg.connect(standby, autocommit=True) as connection:  # where the last commits have yet to be written
        wait_until(connection, "SELECT count(*) = 0 FROM children WHERE owner IS NULL")


def test_a_replica_that_never_catches_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delayed one slows the backfill down, and does not stop it."""
    monkeypatch.setattr(batches, "LAG_LIMIT", MB)
    monkeypatch.setattr(batches, "LAG_PATIENCE", 0.5)
    with _paused(pair, 60.0):
        report = GUARD.apply(pair.database.url, Limits(budget=15))
    assert report.satisfied


def test_a_fleet_repairs_the_primary_and_skips_the_replica(pair: Pair) -> None:
    """Both are in the list, the primary under two names; a check reads the replica only where it comes first."""
    primary, standby = pair.database.url, pair.standby.url(pair.database.name)
    with pair.database.connect() as connection:
        connection.execute("ALTER TABLE children DROP COLUMN pad")
    fleet = Fleet(GUARD, [f"replica={standby}", f"one={primary}", f"two={primary.replace('127.0.0.1', 'localhost')}"])
    repaired = {result.name: result for result in fleet.apply(Limits(budget=60))}
    assert repaired["replica"].skip == "a read replica: its primary is repaired"
    assert (repaired["one"].breaks, repaired["two"].skip) == (False, "the same database as one")
    _wait_until_replayed(pair.database)
    checked = {result.name: result for result in fleet.check()}
    assert (checked["replica"].breaks, checked["one"].skip) == (False, "the same database as replica")


def test_a_replica_has_no_next_number(pair: Pair) -> None:
    """It writes what transactions of the primary wrote, so a remembered check looks at the sequences each time."""
    number = query("next_transaction").encode()
    with Database(pair.standby, pair.database.name).connect() as replica:
        assert replica.execute(number).fetchall() == [(None,)]
