"""Backfills in batches: along the blocks or rowids, past rows that others hold, resumable, and with few words sent."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Backfill, Guard
from schema_guard.dialects.postgresql.session import PostgreSQLSession
from schema_guard.dialects.stop import Stop
from schema_guard.errors import LockTimeoutError
from schema_guard.execute.batches import LONGEST, Pace
from schema_guard.execute.limits import Limits
from schema_guard.report import Outcome
from tests.postgres.database import Database

Connection = psycopg.Connection[tuple[object, ...]]

ROWS = 20_000
POSTGRESQL = sa.make_url("postgresql+psycopg://").get_dialect()()


def tables(key: str) -> tuple[sa.Table, sa.Table]:
    metadata = sa.MetaData()
    owners = sa.Table(
        "owners", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String(20))
    )
    keys: dict[str, list[sa.Column[Any]]] = {
        "composite": [sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Text, primary_key=True)],
        "text": [sa.Column("a", sa.Text, primary_key=True)],
        "none": [sa.Column("a", sa.Integer)],
    }
    rows = sa.Table("rows", metadata, *keys[key], sa.Column("owner", sa.Integer), sa.Column("who", sa.String(20)))
    return rows, owners


def guard(key: str = "text") -> Guard:
    rows, owners = tables(key)
    return Guard(rows.metadata, backfills=[Backfill(rows, {rows.c.who: owners.c.who}, on=rows.c.owner == owners.c.id)])


def fill(connection: Connection, key: str = "text", more: str = "") -> None:
    rows, _ = tables(key)
    for table in rows.metadata.sorted_tables:
        connection.execute(str(sa.schema.CreateTable(table).compile(dialect=POSTGRESQL)).encode())
    connection.execute("INSERT INTO owners SELECT i, 'who ' || i FROM generate_series(1, 100) i")
    connection.execute("SELECT setval('owners_id_seq', 100)")
    names = ", ".join(column.name for column in rows.columns if column.name != "who")
    values = ", ".join({"a": "i", "b": "'b' || i", "owner": "1 + i % 100"}[name] for name in names.split(", "))
    connection.execute(f"INSERT INTO rows ({names}) SELECT {values} FROM generate_series(1, {ROWS}) i {more}".encode())


def open_rows(connection: Connection) -> tuple[object, ...] | None:
    return connection.execute("SELECT count(*) FROM rows WHERE who IS NULL").fetchone()


@pytest.mark.every_postgres
@pytest.mark.parametrize("key", ["composite", "text", "none"])
def test_every_row_is_filled_whatever_the_key(postgres: str, postgres_database: Database, key: str) -> None:
    with postgres_database.connect() as connection:
        fill(connection, key)
        report = guard(key).apply(postgres)
        (result,) = report.results[:1]
        assert (result.outcome, result.rows) == (Outcome.DONE, ROWS)
        assert result.batches > 1
        assert len(result.statements) == 1, "the report does not grow with the table"
        assert open_rows(connection) == (0,)


@pytest.mark.every_postgres
def test_rows_that_somebody_holds_are_passed_over_and_come_last(
    postgres: str, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are filled at once; the held ones when they are free, and the report names who held them."""
    execute, left = PostgreSQLSession.execute, list[int]()

    def freeing(self: PostgreSQLSession, *arguments: object) -> int:
        """The holder lets go once it was named and all others are done."""
        try:
            return execute(self, *arguments)  # type: ignore[arg-type]
        except LockTimeoutError as locked:
            left.append(int(str((open_rows(connection) or (0,))[0])))
            if locked.blockers and left[-1] < 1000:
                holder.rollback()
            raise

    monkeypatch.setattr(PostgreSQLSession, "execute", freeing)
    with postgres_database.connect() as connection, postgres_database.connect(autocommit=False) as holder:
        fill(connection)
        holder.execute("UPDATE rows SET a = a WHERE a IN ('7', '15000')")
        holder_pid = holder.info.backend_pid
        report = guard().apply(postgres, Limits(budget=60))
        assert 2 <= left[-1] < 1000, "what is left lies in the two blocks"
        assert open_rows(connection) == (0,)
        blockers = [name for attempt in report.results[0].attempts for name in attempt.blockers]
        assert any(f"pid {holder_pid}" in name for name in blockers)


def test_a_row_that_moves_behind_the_end_is_found_by_the_next_pass(
    postgres: str, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that the application updates during the walk change their place."""
    from schema_guard.dialects.postgresql.session import PostgreSQLSession

    with postgres_database.connect() as connection:
        fill(connection)
        batch = PostgreSQLSession.batch
        moved: list[int] = []

        def moving(self: PostgreSQLSession, *arguments: object) -> int:
            if not moved:
                moved.append(connection.execute("UPDATE rows SET owner = owner WHERE a > '9'").rowcount)
            return batch(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(PostgreSQLSession, "batch", moving)
        report = guard().apply(postgres)
        assert moved[0] > 1000
        assert report.satisfied
        assert open_rows(connection) == (0,)


def test_a_trigger_that_keeps_the_rows_ends_the_walk(postgres: str, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        fill(connection)
        connection.execute(
            """CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER keep BEFORE UPDATE ON rows FOR EACH ROW EXECUTE FUNCTION keep()"""
        )
        report = guard().apply(postgres, Limits(budget=10))
        assert report.results[0].outcome is Outcome.FAILED
        assert "rows are left that the UPDATE does not change" in report.results[0].message


def test_several_source_rows_fill_nothing_also_where_the_models_promise_one(
    postgres: str, postgres_database: Database
) -> None:
    """The live source has no key and two owners of one id: which is right cannot be told, by a join neither."""
    with postgres_database.connect() as connection:
        fill(connection)
        connection.execute("ALTER TABLE owners DROP CONSTRAINT owners_pkey")
        connection.execute("INSERT INTO owners VALUES (5, 'another')")
        guard().apply(postgres, Limits(budget=30))
        assert connection.execute("SELECT DISTINCT owner FROM rows WHERE who IS NULL").fetchall() == [(5,)]


def test_children_that_inherit_the_source_are_seen(postgres: str, postgres_database: Database) -> None:
    """A parent's primary key does not bind its children's rows."""
    with postgres_database.connect() as connection:
        fill(connection)
        connection.execute("CREATE TABLE more () INHERITS (owners)")
        connection.execute("INSERT INTO more VALUES (5, 'another')")
        guard().apply(postgres, Limits(budget=30))
        assert connection.execute("SELECT DISTINCT owner FROM rows WHERE who IS NULL").fetchall() == [(5,)]


def test_partitions_are_walked_together(postgres: str, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        fill(connection)
        connection.execute(
            """ALTER TABLE rows RENAME TO rows_1; ALTER TABLE rows_1 ALTER owner SET NOT NULL;
            CREATE TABLE rows (LIKE rows_1) PARTITION BY RANGE (owner);
            ALTER TABLE rows ATTACH PARTITION rows_1 FOR VALUES FROM (0) TO (1000);
            CREATE TABLE rows_2 PARTITION OF rows FOR VALUES FROM (1000) TO (2000);
            INSERT INTO owners VALUES (1500, 'him'); INSERT INTO rows VALUES ('x', 1500)"""
        )
        guard().apply(postgres, Limits(budget=30))
        assert open_rows(connection) == (0,)


def test_a_stopped_walk_is_gone_on_with(
    postgres: str, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was filled stays filled; the rows themselves are the record."""
    from schema_guard.dialects.postgresql.session import PostgreSQLSession

    with postgres_database.connect() as connection:
        fill(connection)
        stop, batch = Stop(), PostgreSQLSession.batch

        def stopping(self: PostgreSQLSession, *arguments: object) -> int:
            filled = batch(self, *arguments)  # type: ignore[arg-type]
            stop.ask(15, "SIGTERM")  # after it: a batch that is asked to stop may be cancelled, and fills nothing
            return filled

        with monkeypatch.context() as patch:
            patch.setattr(PostgreSQLSession, "batch", stopping)
            (result,) = guard().apply(postgres, stop=stop).results
        assert result.outcome is Outcome.LEFT
        assert result.message.startswith("stopped by SIGTERM; ")
        assert open_rows(connection) == (ROWS - result.rows,)
        assert 0 < result.rows < ROWS
        assert guard().apply(postgres).results[0].rows == ROWS - result.rows


@pytest.mark.parametrize("form", ["", "WITHOUT ROWID"])
def test_on_sqlite_sparse_rowids_cost_nothing(tmp_path: Path, form: str) -> None:
    file = tmp_path / "rows.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(
            f"""CREATE TABLE owners (id INTEGER PRIMARY KEY, who VARCHAR(20)); INSERT INTO owners VALUES (1, 'one');
            CREATE TABLE rows (a TEXT PRIMARY KEY NOT NULL, owner INTEGER, who VARCHAR(20)) {form};
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
            INSERT INTO rows (a, owner) SELECT i, 1 FROM n;"""
        )
        if not form:
            connection.execute("INSERT INTO rows (rowid, a, owner) VALUES (9000000000000000000, 'z', 1), (-5, 'x', 1)")
    begun = time.monotonic()
    report = guard().apply(f"sqlite:///{file}")
    assert report.satisfied
    assert time.monotonic() - begun < 60, "the rowids between are not walked"
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM rows WHERE who IS NULL").fetchone() == (0,)


def test_the_pace_follows_the_time_a_batch_takes() -> None:
    pace = Pace(16)
    for _ in range(50):
        pace.took(pace.size / 10_000)  # 10,000 units a second
    assert 200 < pace.size < 400
    pace.took(LONGEST)
    assert pace.size < 300
    for _ in range(20):
        pace.failed()
    assert pace.size == 1
