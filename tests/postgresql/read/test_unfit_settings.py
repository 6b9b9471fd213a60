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


def models(type_: Any, *others: str) -> sa.MetaData:
    metadata = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("t", metadata, key, sa.Column("a", type_), *(sa.Column(name, sa.Integer) for name in others))
    return metadata


def works(engine: sa.Engine, metadata: sa.MetaData, value: Any) -> bool:
    table = metadata.tables["t"]
    try:
        with engine.connect() as connection:
            others = {column.name: None for column in table.columns if not column.primary_key}
            connection.execute(table.insert().values({**others, "a": value}))
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


def test_a_database_without_encoding(without_encoding: Database) -> None:
    held_against_the_truth(without_encoding, "psycopg", sa.String(), "a", fails=True)


@pytest.mark.parametrize("driver", ["psycopg2", "pg8000"])
def test_text_outside_of_ascii_in_a_database_without_encoding(without_encoding: Database, driver: str) -> None:
    """These drivers take it for ASCII: what the application writes is not known, what names it has is."""
    engine = sa.create_engine(without_encoding.server.url(without_encoding.name, driver=driver), poolclass=sa.NullPool)
    metadata = models(sa.String())
    assert works(engine, metadata, "a")
    assert not works(engine, metadata, "ä")
    (finding,) = Guard(metadata).check(engine).findings
    assert (finding.difference.code, finding.difference.impact) == ("setting-unfit", Impact.WEAKENS)
    metadata = models(sa.String(), "größe")
    report = Guard(metadata).apply(engine)
    assert not works(engine, metadata, "a")
    (finding,) = report.findings
    assert (finding.difference.code, finding.difference.impact) == ("setting-unfit", Impact.BREAKS)
    assert finding.refusal is not None
    with without_encoding.connect() as connection:
        for statement in finding.refusal.advice:
            connection.execute(statement.encode())
    assert works(engine, metadata, "ä")
    report = Guard(metadata).check(engine)
    assert report.findings == ()
    assert any("no UTF-8" in warning for warning in report.warnings)
    with without_encoding.connect() as connection:
        connection.execute(r"INSERT INTO t (a) VALUES (E'\xfc')")
    assert not works(engine, metadata, "a"), "what the warning is about"


def test_names_in_the_words_of_the_application_where_nothing_is_converted(without_encoding: Database) -> None:
    """In a database without encoding a name is the bytes that the application sends."""
    url = without_encoding.server.url(without_encoding.name, driver="psycopg") + "?client_encoding=LATIN1"
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    metadata = models(sa.String(), "größe")
    assert not works(engine, metadata, "ä")
    assert not any(f.difference.impact is Impact.BREAKS for f in Guard(metadata).apply(engine).findings)
    assert works(engine, metadata, "ä")


@pytest.fixture
def latin(postgres_server: Cluster) -> Iterator[Database]:
    name = f"t_{uuid.uuid4().hex[:16]}"
    with Database(postgres_server, "postgres").connect() as connection:
        made = f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(made.encode())
    database = Database(postgres_server, name)
    yield database
    database.drop()


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
def test_psycopg2_takes_the_names_of_parameters_for_utf_8(latin: Database, driver: str) -> None:
    """SQLAlchemy names a parameter as its column; the name of a table is no parameter."""
    metadata = models(sa.Integer(), "größe")
    sa.Table("maße", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = sa.create_engine(latin.server.url(latin.name, driver=driver), poolclass=sa.NullPool)
    report = Guard(metadata).apply(engine)
    assert works(engine, metadata, 1) is (driver != "psycopg2")
    assert report.worst is (Impact.BREAKS if driver == "psycopg2" else None)
    for finding in report.findings:
        assert finding.refusal is not None
        with latin.connect() as connection:
            connection.execute(finding.refusal.advice[0].encode())
    assert works(engine, metadata, 1)
    assert Guard(metadata).check(engine).findings == ()


@pytest.mark.parametrize("driver", ["psycopg", "pg8000"])
def test_names_that_the_encoding_of_the_client_lacks(postgres_database: Database, driver: str) -> None:
    name = postgres_database.name
    metadata = models(sa.Integer(), "größe")
    with postgres_database.connect() as connection:
        connection.execute(f"ALTER DATABASE {name} SET client_encoding = 'LATIN1'".encode())
    engine = sa.create_engine(postgres_database.server.url(name, driver=driver), poolclass=sa.NullPool)
    Guard(metadata).apply(engine)
    assert works(engine, metadata, 1)
    assert Guard(metadata).check(engine).findings == ()
    metadata = models(sa.Integer(), "größe", "見積")
    (finding,) = Guard(metadata).apply(engine).findings
    assert finding.difference.impact is Impact.BREAKS
    assert not works(engine, metadata, 1)
    assert finding.refusal is not None
    with postgres_database.connect() as connection:
        connection.execute(finding.refusal.advice[0].encode())
    assert works(engine, metadata, 1)
    assert Guard(metadata).check(engine).findings == ()
