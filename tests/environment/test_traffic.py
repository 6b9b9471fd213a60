"""Clients at work while others hold what a step needs: nobody is made to wait for what will not come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table

from schema_guard import Guard
from schema_guard.execute.limits import Limits
from schema_guard.report import Outcome, Report
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgres.own import OwnServer

BEFORE = "CREATE TABLE held (id integer PRIMARY KEY, number integer); INSERT INTO held VALUES (1, 1); "
BEFORE += "CREATE TABLE free (id integer PRIMARY KEY)"


def _key() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=False)


def _with_column() -> MetaData:
    """Both tables lack a column."""
    metadata = MetaData()
    Table("held", metadata, _key(), Column("number", Integer), Column("new", Integer))
    Table("free", metadata, _key(), Column("new", Integer))
    return metadata


def _with_index() -> MetaData:
    metadata = MetaData()
    Table("held", metadata, _key(), Column("number", Integer), Index("ix_number", "number"))
    return metadata


@dataclass
class Client:
    """Reads and writes the table all the time, in short transactions."""

    database: Database
    longest: float = 0.0
    """Seconds of the longest one."""
    _over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with self.database.connect() as connection:
            while not self._over.is_set():
                begun = time.monotonic()
                connection.execute("SELECT number FROM held LIMIT 1")
                connection.execute("UPDATE held SET number = number + 1 WHERE id = 1")
                self.longest = max(self.longest, time.monotonic() - begun)
                time.sleep(0.005)

    def stop(self) -> None:
        self._over.set()


@contextmanager
def clients(database: Database) -> Iterator[Client]:
    client = Client(database)
    thread = threading.Thread(target=client.work)
    thread.start()
    try:
        yield client
    finally:
        client.stop()
        thread.join()


def _outcomes(report: Report) -> dict[str, Outcome]:
    return {str(result.step.table): result.outcome for result in report.results}


def _prepared(database: Database) -> Database:
    with database.connect() as connection:
        connection.execute(BEFORE)
    return database


def test_behind_a_session_that_is_idle_in_its_transaction(postgres_database: Database) -> None:
    """The step is not even tried, so nobody queues behind it; the other table's step is done meanwhile."""
    database = _prepared(postgres_database)
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM held")
        time.sleep(2.0)
        with clients(database) as client:
            report = Guard(_with_column()).apply(database.url, Limits(budget=3, lock_timeout=0.5))
    assert _outcomes(report) == {"public.held": Outcome.LOCKED, "public.free": Outcome.DONE}
    assert client.longest < 0.4
    held = next(result for result in report.results if result.outcome is Outcome.LOCKED)
    assert len(held.attempts) > 1
    assert all("idle in transaction for" in who for attempt in held.attempts for who in attempt.blockers)
    assert "SELECT * FROM held" in held.message


def test_a_session_that_ends_in_time(postgres_database: Database) -> None:
    """The step comes again after the others, and finds the way free."""
    database = _prepared(postgres_database)
    reader = database.connect(autocommit=False)
    reader.execute("SELECT * FROM held")
    time.sleep(1.0)
    leaving = threading.Timer(1.5, reader.close)
    leaving.start()
    report = Guard(_with_column()).apply(database.url, Limits(budget=30, lock_timeout=0.2))
    leaving.join()
    assert _outcomes(report) == {"public.held": Outcome.DONE, "public.free": Outcome.DONE}
    assert report.satisfied


def test_a_concurrent_index_waits_for_an_old_snapshot(postgres_database: Database) -> None:
    """Its last wait is for transactions that began before it. It blocks nobody: it is not built in vain, and again."""
    database = _prepared(postgres_database)
    old = database.connect(autocommit=False)
    old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    old.execute("SELECT * FROM free")
    leaving = threading.Timer(2.0, old.close)
    leaving.start()
    report = Guard(_with_index()).apply(database.url, Limits(budget=30, lock_timeout=0.2))
    leaving.join()
    (built,) = report.results
    assert (built.outcome, len(built.attempts)) == (Outcome.DONE, 1)


def test_a_concurrent_index_whose_wait_never_ends(postgres_database: Database) -> None:
    """The message says for whom; nothing INVALID stays."""
    database = _prepared(postgres_database)
    with database.connect(autocommit=False) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT * FROM free")
        report = Guard(_with_index()).apply(database.url, Limits(budget=4, lock_timeout=0.2))
    (left,) = report.results
    assert left.outcome is Outcome.LEFT
    assert "waiting for pid" in left.message
    with database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)


SLOW_VACUUM = {
    "autovacuum": "on",
    "autovacuum_naptime": "'1s'",
    "autovacuum_vacuum_cost_delay": "'100ms'",
    "autovacuum_vacuum_cost_limit": "1",
    "deadlock_timeout": "'1s'",
}
"""An autovacuum that takes minutes for a small table, as one of the defaults does for a very big one."""


@pytest.fixture
def vacuumed(postgres_server: Cluster, server_room: Path, tmp_path: Path) -> Iterator[Database]:
    """A database whose table an autovacuum worker is at work on."""
    with OwnServer(postgres_server, server_room / f"own-vacuum-{tmp_path.name}", SLOW_VACUUM) as own:
        database = _prepared(create(own.cluster))
        with database.connect() as connection:
            connection.execute(
                "CREATE ROLE plain LOGIN; ALTER TABLE held OWNER TO plain; ALTER TABLE free OWNER TO plain"
            )
            connection.execute("INSERT INTO held SELECT n, n FROM generate_series(2, 50000) n")
            connection.execute("UPDATE held SET number = number + 1")
            vacuuming = (
                "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'autovacuum worker' AND query LIKE '%held%'"
            )
            deadline = time.monotonic() + 60
            while connection.execute(vacuuming).fetchone() is None:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield database


@pytest.mark.every_postgres
@pytest.mark.parametrize("role", ["postgres", "plain"])
def test_autovacuum_gives_way_without_anybody_waiting(vacuumed: Database, role: str) -> None:
    """It ends for who waited a second for it, longer than the lock timeout: a wait that nobody queues behind."""
    with clients(vacuumed) as client:
        time.sleep(0.5)
        client.longest = 0.0
        url = vacuumed.server.url(vacuumed.name, user=role)
        report = Guard(_with_column()).apply(url, Limits(budget=30, lock_timeout=0.3))
    assert _outcomes(report) == {"public.held": Outcome.DONE, "public.free": Outcome.DONE}
    (held,) = [result for result in report.results if str(result.step.table) == "public.held"]
    assert held.statements[0] == "LOCK TABLE ONLY public.held IN SHARE UPDATE EXCLUSIVE MODE"
    assert (len(held.attempts), held.seconds > 0.9) == (1, True)
    assert client.longest < 0.4


def test_a_concurrent_index_sends_autovacuum_away(vacuumed: Database) -> None:
    report = Guard(_with_index()).apply(vacuumed.url, Limits(budget=30, lock_timeout=0.3))
    (built,) = report.results
    assert (built.outcome, len(built.attempts)) == (Outcome.DONE, 1)


def test_a_foreign_key_on_a_table_that_is_vacuumed(vacuumed: Database) -> None:
    """The table that is referred to is locked too."""
    metadata = MetaData()
    Table("held", metadata, _key(), Column("number", Integer))
    Table("free", metadata, _key(), Column("held_id", Integer, ForeignKey("held.id")))
    with vacuumed.connect() as connection:
        connection.execute("ALTER TABLE free ADD held_id integer")
    report = Guard(metadata).apply(vacuumed.url, Limits(budget=30, lock_timeout=0.3))
    assert report.satisfied
    assert not [result for result in report.results if result.outcome is not Outcome.DONE]
