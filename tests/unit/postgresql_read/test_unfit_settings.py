"""setting-unfit: under a setting of the role or the database the application's driver fails, and no repair of a table
helps. Held against what the application's own engine does."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database

MOMENT = sa.DateTime(timezone=True)
NOON = datetime.datetime(2024, 2, 3, 12, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)
CASES: dict[str, tuple[str, str, Any, Any, bool]] = {
    "moments": ("psycopg", "DateStyle = 'German'", MOMENT, NOON, True),
    "moments, psycopg2": ("psycopg2", "DateStyle = 'German'", MOMENT, NOON, False),
    "no moments": ("psycopg", "DateStyle = 'German'", sa.Integer(), 1, False),
    "intervals": ("psycopg", "IntervalStyle = 'iso_8601'", sa.Interval(), HOUR, True),
    "no intervals": ("psycopg", "IntervalStyle = 'iso_8601'", MOMENT, NOON, False),
    "bytes": ("pg8000", "bytea_output = 'escape'", sa.LargeBinary(), b"\x00a", True),
    "bytes, psycopg": ("psycopg", "bytea_output = 'escape'", sa.LargeBinary(), b"\x00a", False),
}


def models(type_: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", type_))
    return metadata


def works(engine: sa.Engine, metadata: sa.MetaData, value: Any) -> bool:
    table = metadata.tables["t"]
    try:
        with engine.connect() as connection:
            connection.execute(table.insert().values(a=value))
            connection.execute(sa.select(table)).all()
    except Exception:  # each driver has its own
        return False
    return True


def held_against_the_truth(database: Database, driver: str, type_: Any, value: Any, *, fails: bool) -> None:
    metadata = models(type_)
    engine = sa.create_engine(database.server.url(database.name, driver=driver), poolclass=sa.NullPool)
    assert works(engine, metadata, value) is not fails
    report = Guard(metadata).check(engine)
    assert report.worst == (Impact.BREAKS if fails else None)
    if fails:
        (finding,) = report.findings
        assert finding.difference.code == "setting-unfit"
        assert finding.refusal is not None
        with database.connect() as connection:
            for statement in finding.refusal.advice:
                connection.execute(statement.encode())
        assert works(engine, metadata, value)
        assert Guard(metadata).check(engine).findings == ()
    engine.dispose()


@pytest.mark.parametrize("case", CASES)
def test_a_setting_of_the_database(postgres_database: Database, case: str) -> None:
    driver, setting, type_, value, fails = CASES[case]
    models(type_).create_all(sa.create_engine(postgres_database.url, poolclass=sa.NullPool))
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET {setting}".encode())
    held_against_the_truth(postgres_database, driver, type_, value, fails=fails)


@pytest.fixture
def without_encoding(postgres_server: Cluster) -> Iterator[Database]:
    name = f"t_{uuid.uuid4().hex[:16]}"
    with Database(postgres_server, "postgres").connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII'".encode())
    database = Database(postgres_server, name)
    with database.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, a varchar)")
    yield database
    database.drop()


@pytest.mark.parametrize(("driver", "fails"), [("psycopg", True), ("psycopg2", False), ("pg8000", False)])
def test_a_database_without_encoding(without_encoding: Database, driver: str, fails: bool) -> None:
    held_against_the_truth(without_encoding, driver, sa.String(), "a", fails=fails)
