"""The session: connections that leave no trace, steps, locks, and errors of one line."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard.address import parse_address
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Session
from schema_guard.dialects.postgresql import session as postgresql_session
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.errors import ConfigurationError, LockTimeoutError, ReadError, StepError, UnreachableError
from schema_guard.plan import Phase, Step, Urgency
from tests.postgres.database import Database, wait_until
from tests.postgresql.read.reading import expecting

DRIVERS = ["psycopg", "psycopg2", "pg8000", "asyncpg"]


def step(*statements: str, transactional: bool = True, undo: tuple[str, ...] = ()) -> Step:
    return Step(
        "a-step",
        statements,
        "SELECT true",
        Phase.COLUMN,
        Urgency.REQUIRED,
        (),
        "",
        (),
        "t.c",
        transactional=transactional,
        undo_on_failure=undo,
    )


@pytest.fixture(params=DRIVERS)
def session(request: pytest.FixtureRequest, postgres_database: Database) -> Iterator[Session]:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, c int)")
    session = open_session(postgres_database.url.replace("+psycopg", f"+{request.param}"))
    yield session
    session.close()


@pytest.fixture
def blocker(session: Session, postgres_database: Database) -> Iterator[psycopg.Connection]:
    """Somebody who reads and writes the table and does not end."""
    with postgres_database.connect(autocommit=False) as connection:
        connection.execute("LOCK TABLE t IN ROW EXCLUSIVE MODE")
        yield connection
        connection.rollback()


def test_a_step_runs_in_one_transaction_and_tells_what_it_sent(session: Session) -> None:
    sent: list[str] = []
    statements = ("INSERT INTO t VALUES (1, 10), (2, 20)", "UPDATE t SET c = 5 WHERE c % 20 = 0")
    assert session.execute(step(*statements), 1, 5, sent.append) == 3
    assert sent == list(statements)


def test_a_failed_step_leaves_nothing_and_says_why_in_one_line(session: Session) -> None:
    with pytest.raises(StepError) as failed:
        session.execute(step("INSERT INTO t VALUES (1, 1)", "INSERT INTO t VALUES (NULL, 42)"), 1, 5, lambda _: None)
    assert failed.value.message.startswith("t.c: 23502 null value in column")
    assert "42" not in failed.value.message  # no row's contents
    assert session.holds("SELECT count(*) = 0 FROM t")


def test_who_holds_the_lock_is_named(session: Session, blocker: psycopg.Connection) -> None:
    begun = time.monotonic()
    with pytest.raises(LockTimeoutError) as locked:
        session.execute(step("ALTER TABLE t ADD COLUMN d int"), 0.4, 60, lambda _: None)
    assert time.monotonic() - begun < 30
    held = rf"held by pid {blocker.info.backend_pid} \(idle in transaction for \d+ s: LOCK TABLE t"
    assert re.search(held, locked.value.message)
    session.execute(step("SELECT 1"), 1, 5, lambda _: None)


def test_what_a_concurrent_build_leaves_is_cleared_before_the_next_try(
    session: Session, blocker: psycopg.Connection
) -> None:
    """The same lock that stops the build stops the clearing; the next attempt does both."""
    build = step(
        "CREATE INDEX CONCURRENTLY by_c ON t (c)",
        transactional=False,
        undo=("DROP INDEX CONCURRENTLY IF EXISTS by_c",),
    )
    for _ in range(2):
        with pytest.raises(LockTimeoutError):
            session.execute(build, 0.2, 5, lambda _: None)
    blocker.rollback()
    session.execute(build, 1, 5, lambda _: None)
    assert session.holds("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_c'::regclass")
    assert isinstance(session, PostgreSQLSession)
    assert session._link.rows("SHOW lock_timeout") == [("0",)], "outside of a transaction"


def test_only_one_guard_of_an_application_works_at_a_time(session: Session, postgres_database: Database) -> None:
    other = open_session(postgres_database.url)
    with session.guard_lock("app", 1):
        with pytest.raises(LockTimeoutError, match=r"another guard .* pid \d+"), other.guard_lock("app", 0.2):
            pass
        with other.guard_lock("another app", 0):
            pass
    with other.guard_lock("app", 0):
        pass
    other.close()


def test_who_keeps_a_table_from_being_read_is_named(
    session: Session, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To write out a default, an index or a constraint the server opens the table; the rest is read all the same."""
    monkeypatch.setattr(postgresql_session, "_PROBE_LOCK_TIMEOUT", 0.3)
    with postgres_database.connect(autocommit=False) as altering:
        altering.execute("ALTER TABLE t ALTER COLUMN c SET DEFAULT 5")
        altering.commit()
        altering.execute("ALTER TABLE t ALTER COLUMN c SET DEFAULT 7")
        pid = altering.info.backend_pid
        (table,) = session.inspect(expecting("t")).tables
        assert [column.name for column in table.columns] == ["id", "c"]
        assert table.facts.unread is not None
        assert table.facts.unread.locked
        held = (
            rf"^pid {pid} \(.*idle in transaction for \d+ s: ALTER TABLE t ALTER COLUMN c SET DEFAULT \?\) "
            rf"holds AccessExclusiveLock; .*end it: SELECT pg_terminate_backend\({pid}\)$"
        )
        assert re.search(held, table.facts.unread.reason)
        with pytest.raises(LockTimeoutError, match=rf"could not read .*, held by pid {pid} \(.*: ALTER TABLE t"):
            session.holds("SELECT count(*) = 0 FROM t")
        altering.rollback()
    (table,) = session.inspect(expecting("t")).tables
    assert table.facts.unread is None
    assert table.columns[1].default == "5"


def test_who_queues_for_a_table_keeps_it_from_being_read_as_well(
    session: Session, postgres_database: Database, blocker: psycopg.Connection
) -> None:
    blocker.execute("ALTER TABLE t ALTER COLUMN c SET DEFAULT 5")
    blocker.commit()
    blocker.execute("SELECT FROM t")
    with postgres_database.connect() as looking, postgres_database.connect() as altering:
        thread = threading.Thread(target=altering.execute, args=["ALTER TABLE t ALTER COLUMN c SET DEFAULT 7"])
        thread.start()
        wait_until(looking, "SELECT count(*) = 1 FROM pg_locks WHERE NOT granted AND relation = 't'::regclass")
        try:
            (table,) = session.inspect(expecting("t")).tables
            assert table.facts.unread is not None
            behind = blocker.info.backend_pid
            waits = rf"^pid {altering.info.backend_pid} .* waits for AccessExclusiveLock behind pid {behind};"
            assert re.search(waits, table.facts.unread.reason)
        finally:
            blocker.rollback()
            thread.join()


@pytest.mark.parametrize("driver", DRIVERS)
def test_who_holds_a_row_is_named_over_a_network_that_is_slow_to_connect(
    postgres_database: Database, driver: str
) -> None:
    """A batch waits for 30 ms; the connection to look from is there before."""
    url = make_url(postgres_database.url).set(drivername=f"postgresql+{driver}")
    engine = create_async_engine(url) if driver == "asyncpg" else sa.create_engine(url)
    event.listen(getattr(engine, "sync_engine", engine), "do_connect", lambda *_: time.sleep(0.1))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, c int); INSERT INTO t VALUES (1, 1)")
    session = open_session(engine)
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("UPDATE t SET c = 2")
        named: list[str] = []
        while not named:  # a busy machine may miss the instant
            with pytest.raises(LockTimeoutError) as locked:
                session.execute(step("UPDATE t SET c = 3"), 0.03, 60, lambda _: None)
            named.extend(locked.value.blockers)
        assert f"pid {holder.info.backend_pid} " in named[0]
        holder.rollback()
    session.close()


def test_who_waits_for_the_guard_lock_gets_it(session: Session, postgres_database: Database) -> None:
    other = open_session(postgres_database.url)
    held, order = threading.Event(), []

    def hold() -> None:
        with session.guard_lock("app", 1):
            held.set()
            time.sleep(0.3)
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with other.guard_lock("app", 10):
        order.append("second")
    thread.join()
    other.close()
    assert order == ["first", "second"]


def terminate(connection: psycopg.Connection, those: str) -> None:
    """End the backends of a view with a condition, and wait until they are gone."""
    connection.execute(f"SELECT pg_terminate_backend(pid) FROM {those}".encode())
    wait_until(connection, f"SELECT count(*) = 0 FROM {those}")


def test_a_lost_guard_lock_stops_the_work(session: Session, postgres_database: Database) -> None:
    with session.guard_lock("app", 1), postgres_database.connect() as connection:
        database = "(SELECT oid FROM pg_database WHERE datname = current_database())"
        terminate(connection, f"pg_locks WHERE locktype = 'advisory' AND database = {database}")
        with pytest.raises(StepError, match="guard lock's connection was lost"):
            session.execute(step("SELECT 1"), 1, 5, lambda _: None)


def test_a_lost_connection_is_one_error_and_then_a_new_connection(
    session: Session, postgres_database: Database
) -> None:
    with postgres_database.connect() as connection:
        others = "pid <> pg_backend_pid() AND datname = current_database() AND backend_type = 'client backend'"
        terminate(connection, f"pg_stat_activity WHERE {others}")
    with pytest.raises(UnreachableError, match="the connection was lost while reading"):
        session.holds("SELECT true")
    assert session.holds("SELECT true")


def test_reading_cannot_write(session: Session) -> None:
    with pytest.raises(ReadError, match="25006"):
        session.holds("DELETE FROM t RETURNING true")


def test_neither_reading_nor_a_batch_is_compiled(session: Session, postgres_database: Database) -> None:
    """Where the server has JIT it takes longer to compile the catalog query than to run it, and so does each batch."""
    with postgres_database.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1, 0)")
    assert session.holds("SELECT pg_catalog.current_setting('jit') = 'off'")
    off = "UPDATE t SET c = 1 WHERE pg_catalog.current_setting('jit') = 'off'"
    assert session.batch(step(off), off, 1, 5) == 1
    sent: list[str] = []
    assert session.execute(step(off), 1, 5, sent.append) == 0  # as the server has it: nothing stays set


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("postgres@", "nobody:secret@"), "the role does not exist"),
        (("/t_", "/gone_"), "the database does not exist"),
        (("127.0.0.1:", "127.0.0.1:1"), ""),
        (("@127.0.0.1", "@host.invalid"), "the host name is not known"),
    ],
)
def test_an_unreachable_database_is_one_line(
    postgres_database: Database, driver: str, change: tuple[str, str], words: str
) -> None:
    url = postgres_database.url.replace("+psycopg", f"+{driver}").replace(*change)
    with pytest.raises((UnreachableError, ConfigurationError)) as failed:
        open_session(url)
    assert words in failed.value.message
    assert "secret" not in failed.value.message
    assert "\n" not in failed.value.message


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_role_that_a_listener_of_the_engine_sets(driver: str, postgres_database: Database) -> None:
    """It leaves a transaction open, which the application's first commit ends."""
    role = f"{postgres_database.name}_role"
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE ROLE {role}".encode())
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url)

    @event.listens_for(getattr(engine, "sync_engine", engine), "connect")
    def set_role(connection: Any, _record: object) -> None:
        connection.cursor().execute(f"SET ROLE {role}")

    session = open_session(engine)
    assert session.facts.role == role
    session.close()
    with postgres_database.connect() as connection:
        connection.execute(f"DROP ROLE {role}".encode())


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_a_connection_has_a_name(driver: str, postgres_database: Database) -> None:
    assert_named(postgres_database, driver, "", "schema-guard")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_the_url_may_name_it(driver: str, postgres_database: Database) -> None:
    assert_named(postgres_database, driver, "?application_name=mine", "mine")


def assert_named(database: Database, driver: str, query: str, name: str) -> None:
    """By SQLAlchemy and by the driver alone."""
    address = database.server.url(database.name, driver=driver) + query
    for place in (address, parse_address(address)):
        session = open_session(place)
        try:
            assert session.holds(f"SELECT current_setting('application_name') = '{name}'")
        finally:
            session.close()


def test_the_applications_engine_is_used_as_it_is_and_left_alone(postgres_database: Database) -> None:
    """connect_args and connect listeners apply; nothing is checked out of the pool, no setting stays."""
    engine = sa.create_engine(postgres_database.url, connect_args={"application_name": "mine"}, pool_size=1)

    @event.listens_for(engine, "connect")
    def set_path(connection: psycopg.Connection, _: object) -> None:
        connection.execute("CREATE SCHEMA IF NOT EXISTS own")
        connection.execute("SET search_path = own")
        connection.commit()

    with engine.connect() as held:  # the pool's only connection
        held.execute(sa.text("SELECT 1"))
        session = open_session(engine)
        assert session.facts.default_schema == "own"
        assert session.holds("SELECT current_setting('application_name') = 'mine'")
        session.execute(step("SELECT 1"), 1, 5, lambda _: None)
        session.close()
        assert held.execute(sa.text("SHOW lock_timeout")).scalar() == "0"
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    engine.dispose()


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg_async"])
def test_an_async_engine_works_while_an_event_loop_runs(postgres_database: Database, driver: str) -> None:
    async def application() -> bool:
        engine = create_async_engine(postgres_database.url.replace("+psycopg", f"+{driver}"))
        async with engine.connect() as connection:
            await connection.execute(sa.text("SELECT 1"))
            session = open_session(engine)
            session.locate(["t"], [])
            with session.guard_lock("app", 1):
                session.execute(step("CREATE TABLE t (id int)"), 1, 5, lambda _: None)
            session.close()
            found = (await connection.execute(sa.text("SELECT to_regclass('t') IS NOT NULL"))).scalar()
        await engine.dispose()
        return bool(found)

    assert asyncio.run(application())


def test_another_database_system_is_not_supported() -> None:
    with pytest.raises(ConfigurationError, match="mysql is not supported"):
        open_session(_mysql())


def _mysql() -> sa.Engine:
    from sqlalchemy.dialects.mysql.base import MySQLDialect
    from sqlalchemy.pool import NullPool

    return sa.Engine(NullPool(lambda: None), MySQLDialect(), sa.make_url("mysql://"))  # type: ignore[arg-type]
