"""Settings of role, database or URL do not change what the guard stores, nor what it finds satisfied."""

from __future__ import annotations

import datetime
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Backfill, Guard
from tests.postgres.database import Database

SETTINGS = [
    "quote_all_identifiers = on",
    "DateStyle = 'SQL, DMY'",
    "DateStyle = 'German'",
    "IntervalStyle = 'iso_8601'",
    "bytea_output = 'escape'",
    "extra_float_digits = -5",
    "TimeZone = 'Asia/Kathmandu'",
    "search_path = ''",
    "row_security = off",
    "array_nulls = off",
    "transform_null_equals = on",
    "backslash_quote = off",
    "escape_string_warning = off",
    "xmloption = document",
    "check_function_bodies = off",
    "session_replication_role = replica",
    "statement_timeout = '20s'",
    "idle_in_transaction_session_timeout = '10s'",
    "standard_conforming_strings = off",
]


def models() -> sa.MetaData:
    metadata = sa.MetaData(schema="App")
    sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("path", sa.String(80), server_default=r"c:\new\table"),
        sa.Column("day", sa.Date, server_default="2024-02-03", nullable=False),
        sa.Column("moment", sa.DateTime(timezone=True), server_default=sa.text("'2024-02-03 04:05:06+00'")),
        sa.Column("span", sa.Interval, server_default=sa.text("'1 day 02:03:04'")),
        sa.Column("raw", sa.LargeBinary, server_default=sa.text("'\\x00ff'")),
        sa.Column("size", sa.Float, server_default=sa.text("0.1234567890123456")),
        sa.CheckConstraint(r"path <> 'a\b'", name="no_path"),
        sa.CheckConstraint("day > '2020-03-04'", name="late"),
        sa.Index("some", "path", postgresql_where=sa.text(r"path <> 'x\y' AND size > 0.5")),
        comment=r"a \ in a comment",
    )
    return metadata


def stored(database: Database) -> Any:
    with database.connect() as connection:
        connection.execute(
            "SET bytea_output = hex; SET TimeZone = UTC; SET DateStyle = ISO; SET IntervalStyle = postgres"
        )
        connection.execute('INSERT INTO "App".t DEFAULT VALUES')
        return connection.execute('SELECT path, day::text, moment::text, span::text, raw FROM "App".t').fetchone()


@pytest.mark.every_postgres
@pytest.mark.parametrize("setting", SETTINGS)
def test_all_is_stored_right_and_satisfied_afterwards(postgres_database: Database, setting: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {setting}".encode())
    guard = Guard(models())
    report = guard.apply(postgres_database.url)
    found = [finding for finding in report.findings if finding.difference.code == "setting-unfit"]
    assert bool(found) == setting.startswith(("DateStyle", "IntervalStyle"))
    report = replace(report, findings=tuple(each for each in report.findings if each not in found))
    assert report.satisfied, [finding.difference.headline for finding in report.findings]
    assert not report.plan or not report.plan.steps, "it would be done again at each boot"
    assert not report.findings
    assert stored(postgres_database) == (
        r"c:\new\table",
        "2024-02-03",
        "2024-02-03 04:05:06+00",
        "1 day 02:03:04",
        b"\x00\xff",
    )
    warned = [warning for warning in report.warnings if "standard_conforming_strings" in warning]
    assert bool(warned) == setting.startswith("standard_conforming_strings")


@pytest.mark.every_postgres
def test_another_access_method_by_default_is_no_difference(postgres_database: Database) -> None:
    """Also for a table that was made before the setting, and for one that the guard makes after it."""
    name = postgres_database.name
    guard = Guard(models())
    assert guard.apply(postgres_database.url).satisfied
    with postgres_database.connect() as connection:
        connection.execute("CREATE ACCESS METHOD own_heap TYPE TABLE HANDLER heap_tableam_handler")
        connection.execute(f"ALTER DATABASE {name} SET default_table_access_method = own_heap".encode())
    assert not guard.check(postgres_database.url).findings
    with postgres_database.connect() as connection:
        connection.execute('DROP TABLE "App".t')
    assert guard.apply(postgres_database.url).satisfied
    assert not guard.check(postgres_database.url).findings
    with postgres_database.connect() as connection:
        query = "SELECT amname FROM pg_am JOIN pg_class c ON c.relam = pg_am.oid WHERE c.relname = 't'"
        assert connection.execute(query).fetchone() == ("own_heap",)


def test_another_tablespace_by_default_is_no_difference(postgres_database: Database) -> None:
    name = postgres_database.name
    space = f"s_{name}"
    guard = Guard(models())
    assert guard.apply(postgres_database.url).satisfied
    try:
        with postgres_database.connect() as connection:
            connection.execute("SET allow_in_place_tablespaces = on")
            connection.execute(f"CREATE TABLESPACE {space} LOCATION ''".encode())
            connection.execute(f"ALTER DATABASE {name} SET default_tablespace = {space}".encode())
        assert not guard.check(postgres_database.url).findings
        with postgres_database.connect() as connection:
            connection.execute('DROP TABLE "App".t')
        assert guard.apply(postgres_database.url).satisfied
        assert not guard.check(postgres_database.url).findings
        with postgres_database.connect() as connection:
            query = "SELECT count(*) FROM pg_class c JOIN pg_tablespace s ON s.oid = c.reltablespace WHERE spcname = %s"
            assert connection.execute(query, (space,)).fetchone() != (0,)
    finally:
        with postgres_database.connect() as connection:
            connection.execute('DROP SCHEMA IF EXISTS "App" CASCADE')
            connection.execute(f"DROP TABLESPACE IF EXISTS {space}".encode())


@pytest.mark.parametrize("path", ["'app, public'", "app, public", '"a,b", public'])
def test_a_search_path_whose_list_is_one_name_is_told(postgres_database: Database, path: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute('CREATE SCHEMA "a,b"')
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = {path}".encode())
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    guard = Guard(metadata)
    warned = [each for each in guard.check(postgres_database.url).warnings if "one name" in each]
    if not path.startswith("'"):
        assert warned == []
        return
    (warning,) = warned
    fix = warning.rpartition("write ")[2].replace("SET", f"ALTER DATABASE {postgres_database.name} SET", 1)
    with postgres_database.connect() as connection:
        connection.execute(fix.encode())
    assert guard.check(postgres_database.url).warnings == ()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg", "pg8000"])
def test_a_missing_default_with_backslashes_is_set_once(postgres_database: Database, driver: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET standard_conforming_strings = off".encode())
    metadata = sa.MetaData()
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    Guard(metadata).apply(url)
    table.append_column(sa.Column("path", sa.Text, server_default="c:\\new"))
    table.append_column(sa.Column("other", sa.Text))
    Guard(metadata).apply(url)
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE t ALTER path DROP DEFAULT")
    assert Guard(metadata).apply(url).satisfied
    assert not Guard(metadata).apply(url).results
    with postgres_database.connect() as connection:
        row = connection.execute("INSERT INTO t DEFAULT VALUES RETURNING path").fetchone()
    assert row == ("c:\\new",)


def drifted() -> tuple[sa.MetaData, list[Backfill]]:
    """Models that ask for a step of nearly every kind of the database that `DRIFTED` makes."""
    metadata = sa.MetaData()
    owner = sa.Table("p", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String(20)))
    item = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("p_id", sa.ForeignKey("p.id"), index=True),
        sa.Column("n", sa.Integer, sa.CheckConstraint("n > 0", name="pos"), nullable=False, server_default="1"),
        sa.Column("who", sa.String(20)),
        sa.Column("tags", sa.ARRAY(sa.Text), server_default=sa.text("'{a,NULL}'::text[]")),
        sa.Column("text", sa.String(40), server_default="it's \\ x"),
        sa.Column("listed", sa.Enum("a", "b", native_enum=False)),
        sa.Column("kind", sa.Enum("x", "y", name="kind")),
        sa.UniqueConstraint("p_id", "n", name="uq"),
    )
    sa.Table("made", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return metadata, [Backfill(item, {item.c.who: owner.c.who}, on=item.c.p_id == owner.c.id)]


DRIFTED = """
CREATE TABLE p (id serial PRIMARY KEY, who varchar(20)); CREATE TABLE t (id serial PRIMARY KEY, p_id int, n int);
INSERT INTO p (who) SELECT 'w' || g FROM generate_series(1, 20) g; CREATE TYPE kind AS ENUM ('x');
INSERT INTO t (p_id, n) SELECT g, g FROM generate_series(1, 20) g;
"""


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "setting",
    [
        *(setting for setting in SETTINGS if setting != "search_path = ''"),
        "lc_messages = 'C'",
        "backslash_quote = on",
        "default_transaction_isolation = serializable",
        "default_transaction_deferrable = on",
        "statement_timeout = '50ms'",
        "lock_timeout = '1ms'",
        'search_path = nowhere, "$user", public',
        "search_path = pg_temp, public",
        "search_path = public, pg_catalog",
        "enable_seqscan = off",
        "client_encoding = latin1",
        "client_min_messages = debug5",
        "default_text_search_config = 'pg_catalog.german'",
    ],
)
def test_what_has_drifted_is_repaired_once(postgres_database: Database, setting: str) -> None:
    with postgres_database.connect() as connection:
        connection.execute(DRIFTED.encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {setting}".encode())
    metadata, backfills = drifted()
    guard = Guard(metadata, backfills=backfills)
    assert len(guard.check(postgres_database.url).findings) == 14
    report = guard.apply(postgres_database.url)
    assert report.satisfied, [(result.step.id, result.message) for result in report.results if result.message]
    plan = guard.plan(postgres_database.url)
    assert not plan.steps, [step.id for step in plan.steps]
    assert not plan.refusals


@pytest.mark.every_postgres
def test_a_database_that_is_read_only_by_default_is_told(postgres_database: Database) -> None:
    metadata, backfills = drifted()
    with postgres_database.connect() as connection:
        connection.execute(DRIFTED.encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET default_transaction_read_only = on".encode())
    report = Guard(metadata, backfills=backfills).apply(postgres_database.url)
    assert not report.results
    assert report.plan is not None
    assert all("default_transaction_read_only" in refusal.reason for refusal in report.plan.refusals)
    assert [warning for warning in report.warnings if warning.startswith("default_transaction_read_only is on")]


MOMENT = datetime.datetime(2024, 2, 1, 3, tzinfo=datetime.UTC)
SPAN = datetime.timedelta(days=1, hours=2)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize(
    "setting",
    ["DateStyle = 'German'", "IntervalStyle = 'iso_8601'", "IntervalStyle = 'sql_standard'", "bytea_output = 'escape'"],
)
def test_a_setting_under_which_the_driver_misreads_values_is_told(
    postgres_database: Database, driver: str, setting: str
) -> None:
    """With the statement that ends it; not where the driver reads them all the same."""
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    columns = sa.Column("moment", sa.DateTime(timezone=True)), sa.Column("span", sa.Interval)
    table = sa.Table("t", metadata, key, *columns, sa.Column("raw", sa.LargeBinary))
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {setting}".encode())
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    guard = Guard(metadata)
    guard.apply(url)

    def is_read() -> bool:
        engine = sa.create_engine(url, poolclass=NullPool)
        with engine.begin() as connection, suppress(NotImplementedError, ValueError, sa.exc.DBAPIError):
            connection.execute(table.delete())
            connection.execute(table.insert().values(moment=MOMENT, span=SPAN, raw=b"\xff"))
            row = connection.execute(sa.select(table.c.moment, table.c.span, table.c.raw)).one()
            return (row.moment, row.span, bytes(row.raw)) == (MOMENT, SPAN, b"\xff")
        return False

    report = guard.check(url)
    told = [each.rpartition(": ")[2] for each in report.warnings if each.startswith(setting.partition(" ")[0])]
    told += [each.refusal.advice[0] for each in report.findings if each.refusal is not None]
    assert bool(told) != is_read()
    for statement in told:
        with postgres_database.connect() as connection:
            connection.execute(statement.encode())
        assert is_read()
        assert not guard.check(url).warnings
        assert not guard.check(url).findings
