"""Tables that another session keeps locked: who it is is said, and nothing waits for ever."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from schema_guard.chain.version_rows import write_rows
from schema_guard.dialects import open_session
from schema_guard.errors import StepError
from tests.chain.stage import Stage
from tests.postgres.database import Database

BUDGET = 8.0
MACHINE = 10.0
"""Seconds that a busy machine takes for what takes a tenth of one: processes are started."""
ROW = "UPDATE alembic_version SET version_num = version_num"


@contextmanager
def holding(database: Database, statement: str) -> Iterator[psycopg.Connection[Any]]:
    with database.connect(autocommit=False) as connection:
        connection.execute(statement.encode())
        yield connection
        connection.rollback()


def held_by(holder: psycopg.Connection[Any]) -> str:
    return f"could not acquire the lock in time, held by pid {holder.info.backend_pid} "


@pytest.fixture
def stage(on_postgres: Stage) -> Stage:
    """A chain of three revisions of which two ran."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.sql("ALTER TABLE proposals DROP COLUMN visitor", "UPDATE alembic_version SET version_num = 'r2'")
    return stage


def test_a_version_table_that_is_locked(stage: Stage, postgres_database: Database) -> None:
    """Whether a revision is to run is not known until it can be read: no fault of the chain, but exit code 4."""
    with holding(postgres_database, "LOCK TABLE alembic_version") as holder:
        begun = time.monotonic()
        found = [stage.deploy("--budget", f"{BUDGET}s"), stage.doctor(), stage.guard("stamp")]
        assert time.monotonic() - begun < BUDGET + 2 * 3 + 3 * MACHINE
        said = f"alembic_version: rows could not be read: {held_by(holder)}"
    for ran in found:
        assert (ran.code, said in ran.out + ran.err) == (4, True), ran
    assert stage.deploy().code == 0


def test_it_is_waited_for_within_the_budget(stage: Stage, postgres_database: Database) -> None:
    """Another release's env.py locks it while its revisions run."""
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE alembic_version")
        timer = threading.Timer(12, holder.commit)
        timer.start()
        assert stage.deploy("--budget", "40s").code == 0
        timer.join()
    assert stage.stamped() == ["r3"]


def test_a_stamp_waits_no_longer_than_a_moment_for_its_row(stage: Stage, postgres_database: Database) -> None:
    """`alembic upgrade` of another release holds the row until all of its revisions have run."""
    stage.sql("UPDATE alembic_version SET version_num = 'r1'")
    with holding(postgres_database, ROW) as holder:
        for ran in (stage.guard("stamp"), stage.deploy("--repair-chain")):
            assert ran.code == 4, ran
            assert f"alembic_version could not be written: {held_by(holder)}" in ran.out + ran.err
    assert stage.stamped() == ["r1"]
    assert stage.deploy("--repair-chain").code == 0


@pytest.mark.parametrize("command", [("stamp",), ("deploy", "--repair-chain")], ids=" ".join)
def test_a_stamp_overwrites_nothing_that_is_committed_while_it_waits(
    stage: Stage, postgres_database: Database, command: tuple[str, ...]
) -> None:
    """`alembic upgrade` of another release ends meanwhile: what it wrote stays."""
    stage.sql("UPDATE alembic_version SET version_num = 'r1'")
    with postgres_database.connect(autocommit=False) as holder, postgres_database.connect() as watcher:
        holder.execute("UPDATE alembic_version SET version_num = 'r3'")

        def commit_when_waited_for() -> None:
            for _ in range(600):
                if watcher.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None:
                    break
                time.sleep(0.05)
            holder.commit()

        thread = threading.Thread(target=commit_when_waited_for)
        thread.start()
        ran = stage.guard(*command) if command == ("stamp",) else stage.deploy(*command[1:])
        thread.join()
    assert "alembic_version was changed by another session" in ran.out + ran.err, ran
    assert stage.stamped() == ["r3"]


def test_a_stamp_overwrites_nothing_that_is_committed_while_it_waits_for_a_file(on_sqlite: Stage) -> None:
    """The same on SQLite, where the lock is that of the file."""
    on_sqlite.sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
    on_sqlite.sql("INSERT INTO alembic_version VALUES ('r1')")
    url = make_url(on_sqlite.url)
    holder = sqlite3.connect(str(url.database), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    holder.execute("UPDATE alembic_version SET version_num = 'r3'")
    timer = threading.Timer(1, holder.execute, ("COMMIT",))
    with closing(holder), closing(open_session(url)) as session:
        timer.start()
        with pytest.raises(StepError, match="changed by another session"):
            write_rows(url, session, "alembic_version", None, ["r2"], ["r1"])
        timer.join()
    assert on_sqlite.stamped() == ["r3"]


def test_a_table_that_cannot_be_read_proves_nothing(stage: Stage, postgres_database: Database) -> None:
    """Neither that the stamp is true nor that a person changed the database: nothing is advised on that ground."""
    with holding(postgres_database, "LOCK TABLE users") as holder:
        found = stage.doctor("--replay")
        assert "state-differs" not in found.faults
        assert (
            f"users could not be read: pid {holder.info.backend_pid} " in found.faults["replay-impossible"]["message"]
        )
        for ran in (stage.guard("stamp"), stage.deploy("--repair-chain", "--budget", f"{BUDGET}s")):
            assert ran.code == 4, ran
            assert "nothing is proved: users could not be read: pid" in ran.out + ran.err
    assert "replay-impossible" not in stage.doctor("--replay").faults
    assert stage.deploy("--repair-chain").code == 0
