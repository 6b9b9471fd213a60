"""Databases in other encodings than UTF-8: names and values are read as they are; what cannot be stored is refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from schema_guard import Guard, Impact
from schema_guard.errors import one_line
from schema_guard.exit_codes import REMAINS, apply_code
from schema_guard.report import Finding, Report
from tests.environment.test_budget import DRIVERS, engine
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database

WORDS = {"LATIN1": "größe", "WIN1252": "größe", "EUC_JP": "見積", "SQL_ASCII": "größe", "UTF8": "größe見積"}
LACKING = {"LATIN1": "見積", "WIN1252": "смета", "EUC_JP": "שלום"}


def models(*words: str) -> MetaData:
    """A table with a column and a default for each word, and a table of that name."""
    metadata = MetaData()
    for word in words:
        Table(f"{word} 1", metadata, Column("id", Integer, primary_key=True), Column(word, String(20)))
    columns = [Column(f"c_{word}", String(20), server_default=f"ein {word}") for word in words]
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("harmless", Integer), *columns)
    return metadata


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres_server: Cluster) -> Iterator[Database]:
    """One in the encoding that the test is about."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    with Database(postgres_server, "postgres").connect() as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{request.param}'".encode())
    made = Database(postgres_server, name)
    with made.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    yield made
    made.drop()


def of_models(report: Report) -> list[Finding]:
    """Without that the application, as it is connected, cannot send such names, or cannot read text."""
    return [finding for finding in report.findings if finding.difference.code != "setting-unfit"]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("database", "word"), WORDS.items(), indirect=["database"])
def test_names_and_defaults_outside_of_ascii(database: Database, word: str, driver: str) -> None:
    """They are made, and found again as they are, by every driver."""
    report = Guard(models(word)).apply(engine(database.url, driver))
    assert not of_models(report)
    for other in DRIVERS:
        assert not of_models(Guard(models(word)).check(engine(database.url, other)))


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("database", "word"), LACKING.items(), indirect=["database"])
def test_what_the_encoding_lacks_is_refused_alone(database: Database, word: str, driver: str) -> None:
    """A table and a column of that name, and a default: each with the character; the harmless column is added."""
    report = Guard(models(word)).apply(engine(database.url, driver))
    assert apply_code(report) == REMAINS, report
    refused = {finding.difference.object: finding.refusal for finding in of_models(report)}
    assert {*refused} == {f"{word} 1", f"t.c_{word}"}
    for refusal in refused.values():
        assert refusal is not None
        assert "encoding" in refusal.reason
        assert "has no" in refusal.reason
    with database.connect() as connection:
        assert connection.execute("SELECT harmless FROM t").fetchall() == []


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize("database", ["SQL_ASCII"], indirect=True)
def test_bytes_that_are_no_utf8_in_a_database_without_encoding(database: Database, driver: str) -> None:
    """Another client's LATIN1 stands beside: it is told apart, shown with escapes, and hinders nothing."""
    with psycopg.connect(database.url.replace("+psycopg", "", 1), autocommit=True, client_encoding="LATIN1") as other:
        other.execute("ALTER TABLE t ADD COLUMN größe integer; CREATE TABLE ärger (id integer)")
    report = Guard(models("größe")).apply(engine(database.url, driver))
    assert all(finding.difference.impact is Impact.NOTES for finding in of_models(report))
    found = [one_line(finding.difference.object) for finding in report.findings]
    assert any("\\udcf6" in name for name in found), found


@pytest.mark.parametrize("database", ["UTF8"], indirect=True)
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_whatever_the_url_and_the_role_say(database: Database, driver: str) -> None:
    """client_encoding of the URL, and of the role in this database."""
    with database.connect() as connection:
        connection.execute(f"ALTER ROLE postgres IN DATABASE {database.name} SET client_encoding = 'LATIN1'".encode())
    for asked in ("", "?client_encoding=WIN1252", "?client_encoding=UTF8", "?options=-c%20client_encoding%3DLATIN1"):
        report = Guard(models("größe見積")).apply(engine(database.url + asked, driver))
        assert not of_models(report), (asked, report)


@pytest.mark.parametrize("database", ["LATIN1"], indirect=True)
def test_a_long_name_is_cut_as_the_server_cuts_it(database: Database) -> None:
    """At 63 bytes of its own encoding: sixty umlauts are sixty."""
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("ä" * 60, Integer))
    assert Guard(metadata).apply(database.url).satisfied
    assert Guard(metadata).check(database.url).satisfied
