"""Clients at work while others hold what a step needs: nobody is made to wait for what will not come."""

from __future__ import annotations

import itertools
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table

import schema_guard.pytest
from schema_guard import Backfill, Guard, exit_codes
from schema_guard.dialects.base import Session
from schema_guard.dialects.postgresql.repair.backfill import SURROUNDINGS
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.errors import LockTimeoutError
from schema_guard.execute.batches import LONGEST_REST
from schema_guard.execute.limits import Limits
from schema_guard.look import Look
from schema_guard.many.new_schema import Anew
from schema_guard.report import Outcome, Report
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgres.own import OwnServer, new_home

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
    patience: float
    """Seconds."""
    waits: int = 0
    """How often a lock was waited for longer; the server counts the time, a busy machine is none of it."""
    _over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with self.database.connect() as connection:
            connection.execute(f"SET lock_timeout = '{self.patience}s'".encode())
            while not self._over.is_set():
                try:
                    connection.execute("SELECT number FROM held LIMIT 1")
                    connection.execute("UPDATE held SET number = number + 1 WHERE id = 1")
                except psycopg.errors.LockNotAvailable:
                    self.waits += 1
                time.sleep(0.005)

    def stop(self) -> None:
        self._over.set()


@contextmanager
def clients(database: Database, patience: float) -> Iterator[Client]:
    client = Client(database, patience)
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
        with clients(database, patience=0.4) as client:
            report = Guard(_with_column()).apply(database.url, Limits(budget=5, lock_timeout=0.5))
    assert _outcomes(report) == {"held": Outcome.LOCKED, "free": Outcome.DONE}
    assert client.waits == 0
    held = next(result for result in report.results if result.outcome is Outcome.LOCKED)
    assert len(held.attempts) > 1
    assert all("idle in transaction for" in who for attempt in held.attempts for who in attempt.blockers)
    assert "SELECT * FROM held" in held.message


class SlowToLook(Guard):
    """The second round's look takes all the time that the first has left."""

    looks = 0
    began = 0.0

    def _look(self, session: Session, survey_timeout: float, known: Anew | None = None) -> Look:
        self.looks += 1
        self.began = self.began or time.monotonic()
        if self.looks == 3:  # one before the guard lock, one in each round
            time.sleep(max(0.0, self.began + BUDGET - time.monotonic()))
        return super()._look(session, survey_timeout, known)


BUDGET = 2.0


def test_a_round_without_time_does_not_hide_who_held_the_lock(postgres_database: Database) -> None:
    database = _prepared(postgres_database)
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM held")
        report = SlowToLook(_with_column()).apply(database.url, Limits(budget=BUDGET, lock_timeout=0.2))
    held, _ = report.results
    assert held.outcome is Outcome.LOCKED
    assert "SELECT * FROM held" in held.message
    assert exit_codes.apply_code(report) == exit_codes.LOCKED


def test_a_wait_that_the_budget_ends_is_a_wait_for_a_lock(postgres_database: Database) -> None:
    """And no statement that took too long: whoever holds the lock is named, and the exit code is 4."""
    database = _prepared(postgres_database)
    with database.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM held")
        report = Guard(_with_column()).apply(database.url, Limits(budget=2.5, lock_timeout=1.0))
        held = report.results[0]
        assert held.outcome is Outcome.LOCKED
        assert f"held by pid {reader.info.backend_pid} " in held.message
    assert exit_codes.apply_code(report) == exit_codes.LOCKED


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
    assert _outcomes(report) == {"held": Outcome.DONE, "free": Outcome.DONE}
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


@pytest.mark.parametrize("restart", [False, True], ids=["as prepared", "after a restart"])
def test_behind_a_prepared_transaction(postgres_server: Cluster, server_room: Path, restart: bool) -> None:
    """It has no process that could be ended: the message has the statement that ends it, and that statement does.

    One that is young, measured by the lock timeout, is found out while the step waits, an old one before.
    """
    settings = {"max_prepared_transactions": "4"}
    with OwnServer(postgres_server, new_home(server_room, "prepared"), settings) as own:
        database = _prepared(create(own.cluster))
        with database.connect() as connection:
            connection.execute("BEGIN; INSERT INTO held VALUES (0, 0); PREPARE TRANSACTION 'lost'")
        if restart:
            own.stop()
            own.start()
        young = _locked(database, lock_timeout=60.0)
        old = _locked(database, lock_timeout=0.05)
        assert "held by prepared transaction 'lost' (for " in young
        if not restart:  # which alone may take so long that it is no longer young
            assert "could not acquire the lock in time, held by" in young
        assert (
            "lock not waited for, because every other session would wait behind it; held by prepared transaction 'lost'"
            in old
        )
        for message in (young, old):
            assert message.endswith("or end it: COMMIT PREPARED 'lost' or ROLLBACK PREPARED 'lost'")
        with database.connect() as connection:
            connection.execute(old.rpartition(" or ")[2].encode())
        assert Guard(_with_column()).apply(database.url, Limits()).satisfied


def _locked(database: Database, lock_timeout: float) -> str:
    """The message of the step whose lock could not be acquired."""
    report = Guard(_with_column()).apply(database.url, Limits(budget=2.5, lock_timeout=lock_timeout))
    return next(result.message for result in report.results if result.outcome is Outcome.LOCKED)


def _filling() -> Guard:
    """Each row of `held` gets its number from the one row 7 of `free`."""
    metadata = MetaData()
    free = Table("free", metadata, _key())
    held = Table("held", metadata, _key(), Column("number", Integer))
    return Guard(metadata, backfills=[Backfill(held, {held.c.number: free.c.id}, on=free.c.id == held.c.id * 0 + 7)])


BATCHES = "INSERT INTO free VALUES (7); INSERT INTO held SELECT n FROM generate_series(2, 100000) n"


@contextmanager
def _writer(database: Database, given_up: threading.Event) -> Iterator[None]:
    """Somebody at work, who holds one row until a batch was given up because of it."""
    over, holding = threading.Event(), threading.Event()

    def work() -> None:
        with database.connect() as connection:
            with connection.transaction():
                connection.execute("UPDATE held SET number = number WHERE id = 50000")
                holding.set()
                while not given_up.wait(0.1) and not over.is_set():
                    connection.execute("SELECT 1")
            while not over.wait(0.1):
                connection.execute("SELECT 1")

    thread = threading.Thread(target=work)
    thread.start()
    holding.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_backfill_rests_as_long_as_it_works_while_others_are_at_work(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They share the disk with it. A batch that was given up is no exception."""
    database, times, given_up = _prepared(postgres_database), list[tuple[float, float]](), threading.Event()
    batch = PostgreSQLSession.batch

    def timed(self: PostgreSQLSession, *arguments: object) -> int:
        begun = time.monotonic()
        try:
            return batch(self, *arguments)  # type: ignore[arg-type]
        except LockTimeoutError:
            given_up.set()
            raise
        finally:
            times.append((begun, time.monotonic()))

    monkeypatch.setattr(PostgreSQLSession, "batch", timed)
    with database.connect() as connection:
        connection.execute(BATCHES)
    with _writer(database, given_up):
        assert _filling().apply(database.url, Limits(budget=60)).satisfied
    rests = [(after[0] - end, end - begun) for (begun, end), after in itertools.pairwise(times)]
    assert len(rests) > 5
    assert given_up.is_set()
    assert not [(rest, worked) for rest, worked in rests if rest < 0.9 * min(worked, LONGEST_REST)]


def test_who_counts_as_at_work(postgres_server: Cluster, server_room: Path) -> None:
    """Who did something within the last second, or may have; not a guard that waits for its turn."""
    with OwnServer(postgres_server, new_home(server_room, "at-work")) as own:
        database = _prepared(create(own.cluster))

        def others(connection: psycopg.Connection[tuple[object, ...]]) -> object:
            return (connection.execute(SURROUNDINGS).fetchone() or (None, None))[1]

        with database.connect() as looking, database.connect() as other:
            other.execute("SELECT 1")
            assert others(looking) == 1
            time.sleep(1.1)
            assert others(looking) == 0
            other.execute("SELECT pg_try_advisory_lock(1)")
            assert others(looking) == 0
            other.execute("CREATE ROLE plain")
            time.sleep(1.1)
            looking.execute("SET ROLE plain")
            assert others(looking) == 1


@pytest.mark.parametrize("form", ["", "WITHOUT ROWID"])
def test_on_sqlite_writers_get_their_turn_between_the_batches(tmp_path: Path, form: str) -> None:
    """Their waits for the file, which get longer and longer, must not always meet a batch."""
    file, over, writes = tmp_path / "busy.db", threading.Event(), 0
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            f"""CREATE TABLE held (id INTEGER PRIMARY KEY, number INTEGER) {form};
            CREATE TABLE free (id INTEGER PRIMARY KEY);
            INSERT INTO free VALUES (7); CREATE TABLE other (id INTEGER PRIMARY KEY);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
            INSERT INTO held (id) SELECT i FROM n;"""
        )

    def write() -> None:
        nonlocal writes
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            while not over.is_set():
                connection.execute("INSERT INTO other DEFAULT VALUES")  # an error after five seconds
                writes += 1
                time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        report = _filling().apply(f"sqlite:///{file}", Limits(budget=12))
    finally:
        over.set()
        writer.join()
    (filled,) = (result for result in report.results if result.batches)
    assert filled.batches > 3  # how many more depends on how fast this machine is
    assert writes > filled.batches / 2


SLOW_VACUUM = {
    "autovacuum": "on",
    "autovacuum_naptime": "'1s'",
    "autovacuum_vacuum_cost_delay": "'100ms'",
    "autovacuum_vacuum_cost_limit": "1",
    "deadlock_timeout": "'1s'",
}
"""An autovacuum that takes minutes for a small table, as one of the defaults does for a very big one."""


@pytest.fixture
def vacuumed(postgres_server: Cluster, server_room: Path) -> Iterator[Database]:
    """A database whose table an autovacuum worker is at work on."""
    with OwnServer(postgres_server, new_home(server_room, "vacuum"), SLOW_VACUUM) as own:
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
    with clients(vacuumed, patience=0.8) as client:
        time.sleep(0.5)
        client.waits = 0
        url = vacuumed.server.url(vacuumed.name, user=role)
        report = Guard(_with_column()).apply(url, Limits(budget=30, lock_timeout=0.3))
    assert _outcomes(report) == {"held": Outcome.DONE, "free": Outcome.DONE}
    (held,) = [result for result in report.results if str(result.step.table) == "held"]
    assert held.statements[0] == "LOCK TABLE ONLY public.held IN SHARE UPDATE EXCLUSIVE MODE"
    assert held.seconds > 0.9
    assert not [who for attempt in held.attempts for who in attempt.blockers if "autovacuum" in who], "none in vain"
    assert client.waits == 0


def test_a_concurrent_index_sends_autovacuum_away(vacuumed: Database) -> None:
    report = Guard(_with_index()).apply(vacuumed.url, Limits(budget=30, lock_timeout=0.3))
    (built,) = report.results
    assert (built.outcome, len(built.attempts)) == (Outcome.DONE, 1)


def test_the_plugin_of_pytest_drops_a_database_that_is_vacuumed(vacuumed: Database) -> None:
    """A role that owns it may not end what autovacuum does there; the server does it itself."""
    with vacuumed.connect() as connection:
        connection.execute(f"ALTER DATABASE {vacuumed.name} OWNER TO plain".encode())
    schema_guard.pytest._drop(vacuumed.server.url("postgres", user="plain"), vacuumed.name)
    found = vacuumed.server.psql("postgres", text=f"SELECT 1 FROM pg_database WHERE datname = '{vacuumed.name}'")
    assert (found.returncode, found.stdout.strip()) == (0, "")


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
