"""A table that cannot be read (`not-readable`) hinders what concerns it, and nothing else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Index, Integer, MetaData, String, Table, text

from schema_guard import Guard
from schema_guard.difference import Impact, NotReadable
from schema_guard.errors import LockTimeoutError, UnreachableError
from schema_guard.execute.limits import Limits
from schema_guard.exit_codes import FAILED, LOCKED, OK, REMAINS, apply_code, check_code
from schema_guard.report import Report
from tests.environment.conftest import Command
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgres.own import OwnServer, new_home

MODELS = MetaData()
for _name in ("t", "u"):
    Table(
        _name,
        MODELS,
        Column("id", Integer, primary_key=True),
        Column("x", Integer, server_default="5"),
        Column("z", String),
        CheckConstraint("x > 0", name=f"ck_{_name}"),
        Index(f"ix_{_name}", "x", postgresql_where=text("x > 1")),
    )
Table(
    "other",
    MODELS,
    Column("id", Integer, primary_key=True),
    Column("y", Integer, server_default="7"),
    Column("t_id", ForeignKey("t.id")),
)
TARGET = f"{__file__}:MODELS"
SATISFYING = """
    CREATE TABLE t (id serial PRIMARY KEY, x integer DEFAULT 5, z varchar, CONSTRAINT ck_t CHECK (x > 0));
    CREATE INDEX ix_t ON t (x) WHERE x > 1;
    CREATE TABLE u (id serial PRIMARY KEY, x integer DEFAULT 5, z varchar, CONSTRAINT ck_u CHECK (x > 0));
    CREATE INDEX ix_u ON u (x) WHERE x > 1;
    CREATE TABLE other (id serial PRIMARY KEY, y integer DEFAULT 7, t_id integer REFERENCES t);
"""
DRIFT = "ALTER TABLE other DROP COLUMN y;"
BUDGET = 12.0
MACHINE = 6.0
"""Seconds that a busy machine takes for what takes a tenth of one."""
LONG = Limits(budget=60)


@pytest.fixture
def tables(postgres_server: Cluster) -> Iterator[Database]:
    """The models' tables, of which `other` lacks a column."""
    database = create(postgres_server)
    assert not postgres_server.psql(database.name, text=SATISFYING + DRIFT).returncode
    yield database
    database.drop()


@contextmanager
def holding(database: Database, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """A session that has run these in a transaction which it leaves open."""
    with database.connect(autocommit=False) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection
        connection.rollback()


def applied(database: Database, budget: float = BUDGET) -> Report:
    """Apply, which ends with its budget."""
    begun = time.monotonic()
    report = Guard(MODELS).apply(database.url, Limits(budget=budget))
    assert time.monotonic() - begun < budget + 2 + MACHINE
    return report


def unread(report: Report) -> dict[str, NotReadable]:
    found = [finding.difference for finding in report.findings if isinstance(finding.difference, NotReadable)]
    assert len({difference.table.name for difference in found}) == len(found), "one finding for each table"
    return {difference.table.name.name: difference for difference in found}


def columns(database: Database, table: str) -> set[str]:
    with database.connect() as connection:
        rows = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            [table],
        )
        return {row[0] for row in rows}


def test_what_concerns_other_tables_is_repaired(tables: Database, command: Command) -> None:
    """The table is one finding, which names who holds it; the budget holds, and the exit code is 4."""
    with holding(tables, "ALTER TABLE t ADD COLUMN new integer") as holder:
        pid = holder.info.backend_pid
        took = command("apply", tables.url, "--budget", f"{BUDGET}s", target=TARGET)
        check = command("check", tables.url, target=TARGET)
    assert took.code == 4, took.said
    assert took.seconds < BUDGET + 2 + MACHINE
    assert columns(tables, "other") == {"id", "t_id", "y"}
    assert took.said.count("could not be read") == 1
    for said in (took.said, check.said):
        assert f"t  could not be read: pid {pid} (idle in transaction for " in said
        assert "s: ALTER TABLE t ADD COLUMN new integer) holds AccessExclusiveLock; run again when that" in said
        assert f"SELECT pg_terminate_backend({pid})" in said
    assert check.code == 4, check.said
    assert check.seconds < 5 + MACHINE
    assert command("apply", tables.url, target=TARGET).code == 0


def test_check_tells_what_is_known_of_the_others(tables: Database) -> None:
    """What is known to break is worth more than what is not known: exit code 1."""
    with holding(tables, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE"):
        report = Guard(MODELS).check(tables.url)
    assert [finding.difference.code for finding in report.findings] == ["not-readable", "column-missing"]
    assert check_code(report, Impact.BREAKS) == REMAINS


def test_several_tables_and_several_holders(tables: Database) -> None:
    with holding(tables, "LOCK TABLE t") as one, holding(tables, "LOCK TABLE u") as other:
        report = applied(tables)
        pids = {"t": str(one.info.backend_pid), "u": str(other.info.backend_pid)}
    named = {name: difference.unread.holders[0].split()[1] for name, difference in unread(report).items()}
    assert named == pids
    assert apply_code(report) == LOCKED
    assert columns(tables, "other") == {"id", "t_id", "y"}


def test_a_lock_that_is_released_in_time_is_waited_for(tables: Database) -> None:
    """First the others, then the table itself: it has changed while it was locked."""
    with tables.connect(autocommit=False) as holder:
        holder.execute("ALTER TABLE t DROP COLUMN z")
        timer = threading.Timer(4, holder.commit)
        timer.start()
        report = Guard(MODELS).apply(tables.url, LONG)
        timer.join()
    assert apply_code(report) == OK, report
    assert columns(tables, "t") == {"id", "x", "z"}


def test_locks_that_come_and_go(tables: Database) -> None:
    """Now one table, now the other: in the end all is read."""
    over = threading.Event()

    def toggle() -> None:
        with tables.connect(autocommit=False) as connection:
            while not over.is_set():
                for table in ("t", "u"):
                    connection.execute(f"LOCK TABLE {table}".encode())
                    time.sleep(0.4)
                    connection.commit()
                    time.sleep(0.2)

    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        assert apply_code(Guard(MODELS).apply(tables.url, LONG)) == OK
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    "statement",
    [
        "REINDEX INDEX ix_t",
        "LOCK TABLE unknown",
        "DROP TYPE mood",
        "CREATE INDEX ix_new ON t (z)",
        "ALTER TABLE t VALIDATE CONSTRAINT ck_t",
    ],
)
def test_locks_that_keep_nobody_from_reading_definitions(tables: Database, statement: str) -> None:
    """On an index, on a type, on a table that is not of the models: nothing is waited for."""
    with tables.connect() as connection:
        connection.execute("CREATE TABLE unknown (id integer DEFAULT 1); CREATE TYPE mood AS ENUM ('well')")
    with holding(tables, statement):
        report = applied(tables)
    assert apply_code(report) == OK, report
    assert not unread(report)


def test_a_table_without_definitions_is_read_all_the_same(postgres_database: Database) -> None:
    """Nothing of it has to be written out; only its own step waits for the lock."""
    models = MetaData()
    Table("plain", models, Column("id", Integer, primary_key=True, autoincrement=False), Column("a", Integer))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE plain (id integer PRIMARY KEY)")
    with holding(postgres_database, "LOCK TABLE plain"):
        report = Guard(models).apply(postgres_database.url, Limits(budget=BUDGET))
        assert not unread(report)
        assert [finding.difference.code for finding in report.findings] == ["column-missing"]
        assert apply_code(report) == LOCKED


def test_partitions_and_their_parent(postgres_database: Database) -> None:
    """A locked partition keeps nobody from reading its parent's definitions; a locked parent does."""
    with postgres_database.connect() as connection:
        connection.execute(
            """CREATE TABLE p (id integer, day date DEFAULT '2024-01-01', PRIMARY KEY (id, day))
            PARTITION BY RANGE (day);
            CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')"""
        )
    models = MetaData()
    Table(
        "p",
        models,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("day", Date(), primary_key=True, server_default="2024-01-01"),
    )
    with holding(postgres_database, "LOCK TABLE p_1"):
        assert not unread(Guard(models).check(postgres_database.url))
    with holding(postgres_database, "LOCK TABLE p"):
        report = Guard(models).check(postgres_database.url)
        assert [*unread(report)] == ["p"]
        assert check_code(report, Impact.BREAKS) == LOCKED


def test_a_prepared_transaction(postgres_server: Cluster, server_room: Path) -> None:
    """It has no process; its name and what ends it are told."""
    with OwnServer(postgres_server, new_home(server_room, "locked"), {"max_prepared_transactions": "2"}) as own:
        database = create(own.cluster)
        assert not own.cluster.psql(database.name, text=SATISFYING + DRIFT).returncode
        with holding(database, "LOCK TABLE t", "PREPARE TRANSACTION 'lost'"):
            report = applied(database)
        reason = unread(report)["t"].unread.reason
        assert reason.startswith("prepared transaction 'lost' (for ")
        assert reason.endswith("COMMIT PREPARED 'lost' or ROLLBACK PREPARED 'lost'")
        assert apply_code(report) == LOCKED
        with database.connect() as connection:
            connection.execute(reason.rpartition(" or ")[2].encode())
        assert apply_code(applied(database)) == OK


@pytest.mark.parametrize("catalog", ["pg_attrdef", "pg_constraint"])
def test_a_system_catalog_that_is_locked(tables: Database, catalog: str) -> None:
    """As VACUUM FULL does it: nothing can be read, so nothing is done; who it is can be told even then."""
    with holding(tables, f"LOCK TABLE pg_catalog.{catalog}") as holder:
        begun = time.monotonic()
        with pytest.raises(LockTimeoutError, match=rf"held by pid {holder.info.backend_pid} \("):
            Guard(MODELS).apply(tables.url, Limits(budget=BUDGET))
        assert time.monotonic() - begun < BUDGET + 2 + MACHINE
        begun = time.monotonic()
        with pytest.raises(LockTimeoutError):
            Guard(MODELS).check(tables.url)
        assert time.monotonic() - begun < 8 + MACHINE
    assert apply_code(applied(tables)) == OK


@pytest.mark.parametrize("catalog", ["pg_class", "pg_attribute"])
def test_a_catalog_without_which_nobody_connects(tables: Database, catalog: str) -> None:
    """A new connection reads it before it can be told any time limit."""
    with holding(tables, f"LOCK TABLE pg_catalog.{catalog}"):
        begun = time.monotonic()
        with pytest.raises(UnreachableError, match="no answer in time"):
            Guard(MODELS).apply(tables.url, Limits(budget=3))
        assert time.monotonic() - begun < 3 + 2 + MACHINE


def test_a_default_that_the_server_cannot_write_out(tables: Database) -> None:
    """A function was removed from the catalog: its table is one finding, exit code 5; all else is repaired."""
    with tables.connect() as connection:
        connection.execute("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 5'")
        connection.execute("ALTER TABLE u ALTER COLUMN x SET DEFAULT f()")
        connection.execute("DELETE FROM pg_proc WHERE proname = 'f'")
    report = applied(tables)
    found = unread(report)
    assert [*found] == ["u"]
    assert "the server cannot write out its definitions: XX000 cache lookup failed for function" in found["u"].headline
    assert apply_code(report) == FAILED
    assert columns(tables, "other") == {"id", "t_id", "y"}


def test_a_role_without_rights_on_a_table_and_on_a_schema(tables: Database) -> None:
    """Definitions are read without any privilege on the table."""
    role = f"nobody_{tables.name}"
    with tables.connect() as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN".encode())
        connection.execute("REVOKE ALL ON TABLE t FROM PUBLIC")
    try:
        report = Guard(MODELS).check(tables.server.url(tables.name, user=role))
        assert not unread(report)
        codes = {finding.difference.code for finding in report.findings}
        assert codes == {"column-missing", "privilege-missing"}
    finally:
        with tables.connect() as connection:
            connection.execute(f"DROP ROLE {role}".encode())
