"""The emergency script: pasted into psql or sqlite3 it fixes what can be fixed, twice, and locks nothing in vain."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
)

from schema_guard.dialects import offline_dialect
from schema_guard.difference import Impact
from schema_guard.guard import Guard
from schema_guard.render.script import offline_script, script
from schema_guard.render.sql import plan_sql
from schema_guard.sources.sqlalchemy.backfills import Backfill
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.postgres.database import Database

DRIFTED = """
CREATE TYPE state AS ENUM ('new', 'old');
CREATE TABLE "User" (id int PRIMARY KEY, email varchar(9), age int NOT NULL, state state);
INSERT INTO "User" SELECT i, 'u' || i, i, 'new' FROM generate_series(1, 9) i;
CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL, email text);
INSERT INTO orders SELECT i, i FROM generate_series(1, 9) i;
"""


def models() -> MetaData:
    metadata = MetaData()
    user = Table(
        "User",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("email", String(99), nullable=False),
        Column("age", Integer, CheckConstraint("age >= 0", name="grown:up $guard$ % x")),
        Column("state", Enum("new", "at:once", "o'ld", "old", name="state"), server_default="new", nullable=False),
        Column("has 'it'\n\"all\" $guard$", String(3)),
        UniqueConstraint("email", name="one_email"),
        comment="a :name, a \\ and $guard$",
    )
    Index("ix_lower", func.lower(user.c.email), unique=True)
    Table(
        "orders",
        metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("user_id", ForeignKey("User.id", name="to_user")),
        Column("email", String, index=True),
    )
    Table("fresh", metadata, Column("id", Integer, primary_key=True), Column("order_id", ForeignKey("orders.id")))
    return metadata


def backfills(metadata: MetaData) -> list[Backfill]:
    user, orders = metadata.tables["User"], metadata.tables["orders"]
    return [Backfill(orders, {orders.c.email: user.c.email}, on=orders.c.user_id == user.c.id)]


def offline(metadata: MetaData, dialect: str, fills: list[Backfill] | None = None) -> str:
    words = offline_dialect(dialect)
    return offline_script(expect(models_of(metadata), fills or [], words), words)


def paste(database: Database, text: str) -> tuple[str, str]:
    """What psql prints, on its standard output and error, as a person would run it."""
    server = database.server
    done = subprocess.run(
        [f"{server.programs}/psql", "-X", "-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", database.name],
        check=False,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stdout, done.stderr


def paths() -> MetaData:
    """A backslash in each kind of string that a statement holds."""
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("path", String, CheckConstraint(r"path <> 'a\b'", name="no_path"), server_default="c:\\new\\table"),
        Column("kind", Enum("a\\n", "b", name="kind"), server_default="a\\n"),
        comment="a \\n in a comment",
    )
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", ["", "CREATE TABLE t (id serial PRIMARY KEY)"], ids=["empty", "drifted"])
@pytest.mark.parametrize("kind", ["offline", "online", "plan"])
def test_a_backslash_stays_one_where_the_database_reads_it_otherwise(
    postgres_database: Database, before: str, kind: str
) -> None:
    with postgres_database.connect() as connection:
        connection.execute(before.encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET standard_conforming_strings = off".encode())
    guard = Guard(paths())
    url = postgres_database.url
    match kind:
        case "offline":
            text = offline(paths(), "postgresql")
        case "online":
            text = script(guard.plan(url), offline_dialect("postgresql"))
        case _:
            text = plan_sql(guard.check(url), guard.plan(url))
    _, err = paste(postgres_database, text)
    assert not err
    report = guard.check(url)
    assert not report.findings, [finding.difference.headline for finding in report.findings]
    with postgres_database.connect() as connection:
        connection.execute("INSERT INTO t DEFAULT VALUES")
        assert connection.execute("SELECT path, kind::text FROM t").fetchone() == ("c:\\new\\table", "a\\n")


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", ["", DRIFTED], ids=["empty", "drifted"])
def test_offline_script_satisfies_a_database_and_may_be_run_twice(postgres_database: Database, before: str) -> None:
    """After it the guard finds nothing; the second time it sends nothing but questions."""
    with postgres_database.connect() as connection:
        connection.execute(before.encode())
    text = offline(models(), "postgresql", backfills(models()))
    out, err = paste(postgres_database, text)
    assert not err
    assert "(0 rows)" in out
    report = Guard(models(), backfills=backfills(models())).check(postgres_database.url)
    assert report.satisfied, report.findings
    out, err = paste(postgres_database, text)
    assert not err
    assert not {"ALTER", "CREATE", "COMMENT", "DO"} & set(out.split())
    with postgres_database.connect() as connection:
        rows = connection.execute("SELECT count(*) FROM orders WHERE email IS NULL").fetchone()
    assert rows == (0,)


@pytest.mark.every_postgres
def test_offline_script_touches_no_table_of_a_satisfied_database(postgres_database: Database) -> None:
    """Another session holds every table exclusively: the script does not even notice."""
    Guard(models()).apply(postgres_database.url)
    with postgres_database.connect(autocommit=False) as connection:
        connection.execute('LOCK TABLE "User", orders, fresh IN ACCESS EXCLUSIVE MODE')
        out, err = paste(postgres_database, offline(models(), "postgresql"))
    assert not err
    assert "(0 rows)" in out


@pytest.mark.every_postgres
def test_a_hindered_object_does_not_stop_the_others(postgres_database: Database) -> None:
    """Duplicates and NULLs keep two constraints away; all else is done, and the listing names what is missing."""
    with postgres_database.connect() as connection:
        connection.execute(DRIFTED.encode())
        connection.execute("""INSERT INTO "User" VALUES (98, 'u1', 1, 'new'), (99, NULL, -1, 'new')""")
    out, _ = paste(postgres_database, offline(models(), "postgresql"))
    listing = out[out.index("still missing") :]
    for missing in ("UNIQUE (email) missing", "nullable, the models say NOT NULL", "CHECK (age >= 0) missing"):
        assert missing in listing
    report = Guard(models()).check(postgres_database.url)
    assert not report.count(Impact.BREAKS)
    weak = [finding.difference for finding in report.findings if finding.difference.impact is Impact.WEAKENS]
    assert {difference.code for difference in weak} == {
        "unique-missing",
        "index-missing",
        "nullability-differs",
        "check-missing",
    }


@pytest.mark.every_postgres
def test_script_of_a_plan_is_what_apply_would_do(postgres_database: Database) -> None:
    """With a database at hand, its own plan; afterwards the guard has nothing to do."""
    with postgres_database.connect() as connection:
        connection.execute(DRIFTED.encode())
    guard = Guard(models())
    text = script(guard.plan(postgres_database.url), offline_dialect("postgresql"))
    _, err = paste(postgres_database, text)
    assert not err
    assert guard.check(postgres_database.url).satisfied


def test_an_index_that_a_failed_run_left_invalid_is_fixed(postgres_database: Database) -> None:
    """The first run leaves an INVALID index because of duplicates that appear meanwhile; the next builds it again."""
    with postgres_database.connect() as connection:
        connection.execute(DRIFTED.encode())
        connection.execute("""INSERT INTO "User" VALUES (98, 'u1', 1, 'new')""")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute('CREATE UNIQUE INDEX CONCURRENTLY ix_lower ON "User" (lower(email))')
        connection.execute('DELETE FROM "User" WHERE id = 98')
    paste(postgres_database, offline(models(), "postgresql"))
    assert Guard(models()).check(postgres_database.url).satisfied


def without_commands(text: str) -> str:
    """The script without the shell's own commands, which the library does not know."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("."))


def test_an_incomplete_copy_is_never_put_in_place(tmp_path: Path) -> None:
    """A row that came after the plan and does not fit stops the rebuild; the table is as it was."""
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE t (id integer PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1);")
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", Integer, nullable=False))
    text = script(Guard(metadata).plan(f"sqlite:///{path}"), offline_dialect("sqlite"))
    assert text.count(".bail on") == text.count(".bail off") > 0
    connection.executescript("INSERT INTO t VALUES (2, NULL)")
    with pytest.raises(sqlite3.IntegrityError):
        connection.executescript(without_commands(text))
    connection.rollback()
    assert connection.execute("SELECT * FROM t").fetchall() == [(1, 1), (2, None)]
    connection.close()


@pytest.mark.parametrize("times", [1, 2])
def test_sqlite_offline_creates_what_is_not_there(tmp_path: Path, times: int) -> None:
    """Tables and indexes, as often as one likes."""
    with sqlite3.connect(tmp_path / "x.db") as connection:
        for _ in range(times):
            connection.executescript(offline(models(), "sqlite"))
    connection.close()
    assert Guard(models()).check(f"sqlite:///{tmp_path / 'x.db'}").satisfied


def test_sqlite_with_a_file_does_exactly_what_it_lacks(tmp_path: Path) -> None:
    """The plan's own statements, a transaction for each step."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.executescript(
        'CREATE TABLE "User" (id integer PRIMARY KEY, email varchar(9)); INSERT INTO "User" VALUES (1, \'a\');'
    )
    guard = Guard(models())
    connection.executescript(without_commands(script(guard.plan(url), offline_dialect("sqlite"))))
    assert connection.execute('SELECT id, email FROM "User"').fetchall() == [(1, "a")]
    connection.close()
    assert not guard.check(url).count(Impact.BREAKS)
