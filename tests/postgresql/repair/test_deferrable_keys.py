"""A key that is DEFERRABLE serves neither ON CONFLICT nor a foreign key: both are told before anything is tried."""

from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, Table, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INT4RANGE
from sqlalchemy.schema import SchemaItem

from schema_guard import Guard, Upsert
from schema_guard.difference import Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

UPSERT = "INSERT INTO t (id, code) VALUES (1, 1) ON CONFLICT (code) DO UPDATE SET code = excluded.code"


def models(*more: SchemaItem) -> tuple[MetaData, Table]:
    metadata = MetaData()
    key = Column("id", Integer, primary_key=True, autoincrement=False)
    table = Table("t", metadata, key, Column("code", Integer), *more)
    return metadata, table


def works(database: Database, statement: str) -> bool:
    with database.connect(autocommit=False) as connection:
        try:
            connection.execute(statement.encode())
        except psycopg.Error:
            return False
        connection.rollback()
    return True


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "there",
    [
        "CONSTRAINT c UNIQUE (code) DEFERRABLE",
        "CONSTRAINT c UNIQUE (code) DEFERRABLE INITIALLY DEFERRED",
        "CONSTRAINT c UNIQUE (code) DEFERRABLE, CONSTRAINT beside UNIQUE (code)",
        "CHECK (code > 0)",
        "CONSTRAINT more UNIQUE (code, id)",
    ],
)
def test_an_upsert_that_nothing_serves_breaks_and_the_advice_makes_it_work(
    postgres_database: Database, there: str
) -> None:
    metadata, table = models()
    prepare(postgres_database, f"CREATE TABLE t (id INT PRIMARY KEY, code INT, {there})")
    guard = Guard(metadata, upserts=[Upsert(table.c.code)])
    assert not works(postgres_database, UPSERT)
    report = guard.apply(postgres_database.url)
    assert report.results == ()
    (finding,) = [found for found in report.findings if found.difference.code == "upsert-unserved"]
    assert finding.difference.impact is Impact.BREAKS
    assert finding.refusal is not None
    prepare(postgres_database, finding.refusal.advice[0])
    assert works(postgres_database, UPSERT)
    assert guard.check(postgres_database.url).worst is not Impact.BREAKS


def test_an_upsert_that_the_models_serve_is_told_once(postgres_database: Database) -> None:
    metadata, table = models(UniqueConstraint("code", name="u"))
    prepare(postgres_database, "CREATE TABLE t (id INT PRIMARY KEY, code INT)")
    guard = Guard(metadata, upserts=[Upsert(table.c.code)])
    assert [found.difference.code for found in guard.check(postgres_database.url).findings] == ["unique-missing"]
    assert guard.apply(postgres_database.url).satisfied
    assert works(postgres_database, UPSERT)


def test_what_only_the_where_of_a_partial_index_decides_is_not_provable(postgres_database: Database) -> None:
    metadata, table = models(Index("u", "code", unique=True, postgresql_where=text("code > 0")))
    prepare(postgres_database, "CREATE TABLE t (id INT PRIMARY KEY, code INT)")
    guard = Guard(metadata, upserts=[Upsert(table.c.code)])
    guard.apply(postgres_database.url)
    (finding,) = guard.check(postgres_database.url).findings
    assert (finding.difference.code, finding.difference.impact) == ("upsert-unserved", Impact.WEAKENS)
    assert finding.difference.effect.startswith("not provable: ")


@pytest.mark.every_postgres
@pytest.mark.parametrize("key", ["PRIMARY KEY (id) DEFERRABLE", "UNIQUE (id) DEFERRABLE"])
@pytest.mark.parametrize("child", ["", "CREATE TABLE c (id INT PRIMARY KEY, t_id INT)"])
def test_a_foreign_key_to_a_deferrable_key_is_not_tried(postgres_database: Database, key: str, child: str) -> None:
    metadata = MetaData()
    primary = "PRIMARY" in key
    unique = [] if primary else [UniqueConstraint("id", deferrable=True)]
    Table("t", metadata, Column("id", Integer, primary_key=primary, nullable=False, autoincrement=False), *unique)
    Table("c", metadata, Column("id", Integer, primary_key=True), Column("t_id", ForeignKey("t.id")))
    prepare(postgres_database, f"CREATE TABLE t (id INT NOT NULL, {key}); {child}")
    guard = Guard(metadata)
    report = guard.apply(postgres_database.url)
    assert all(not result.step.id.startswith("add-foreign-key") for result in report.results)
    (finding,) = [found for found in report.findings if found.difference.code == "foreign-key-missing"]
    assert finding.refusal is not None
    assert "DEFERRABLE" in finding.refusal.reason
    prepare(postgres_database, finding.refusal.advice[0])
    report = guard.apply(postgres_database.url)
    assert not [found for found in report.findings if found.difference.code == "foreign-key-missing"]


def test_a_deferrable_key_that_is_created_with_its_table_takes_no_foreign_key(postgres_database: Database) -> None:
    metadata = MetaData()
    unique = UniqueConstraint("code", deferrable=True, name="u")
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("code", Integer), unique)
    Table("c", metadata, Column("id", Integer, primary_key=True), Column("t_code", ForeignKey("t.code")))
    report = Guard(metadata).apply(postgres_database.url)
    assert {result.step.id for result in report.results} == {"create-table t", "create-table c"}
    (finding,) = report.findings
    assert finding.refusal is not None
    assert "DEFERRABLE" in finding.refusal.reason


@pytest.mark.newest_postgres
@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        (UniqueConstraint("code", postgresql_nulls_not_distinct=True), "UNIQUE (code)"),
        (UniqueConstraint("code", deferrable=True, name="c"), "CONSTRAINT c UNIQUE (code)"),
        (Index("c", text("code NULLS FIRST"), unique=True, postgresql_nulls_not_distinct=True), "UNIQUE (code)"),
    ],
    ids=["NULLs alike", "deferrable", "index, NULLs alike"],
)
def test_an_upsert_that_another_unique_serves_does_not_break(
    postgres_database: Database, wanted: SchemaItem, there: str
) -> None:
    """The models ask for more than is there, but ON CONFLICT works."""
    metadata, table = models(wanted)
    prepare(postgres_database, f"CREATE TABLE t (id INT PRIMARY KEY, code INT, {there})")
    assert works(postgres_database, UPSERT)
    report = Guard(metadata, upserts=[Upsert(table.c.code)]).check(postgres_database.url)
    assert [finding.difference.impact for finding in report.findings][:1] == [Impact.WEAKENS]
    assert report.worst is Impact.WEAKENS
    assert not any("ON CONFLICT" in finding.difference.effect for finding in report.findings)


@pytest.mark.newest_postgres
def test_a_primary_key_without_overlaps_refuses_more(postgres_database: Database) -> None:
    metadata = MetaData()
    columns = [Column(name, INT4RANGE, primary_key=True) for name in ("room", "during")]
    Table("stays", metadata, *columns)
    prepare(
        postgres_database,
        "CREATE TABLE stays (room int4range, during int4range, PRIMARY KEY (room, during WITHOUT OVERLAPS));"
        "INSERT INTO stays VALUES ('[1,2)', '[1,5)')",
    )
    assert not works(postgres_database, "INSERT INTO stays VALUES ('[1,2)', '[2,9)')")
    (finding,) = Guard(metadata).check(postgres_database.url).findings
    assert finding.difference.impact is Impact.WEAKENS
    assert finding.difference.headline == "primary key tells rows apart by WITHOUT OVERLAPS, the models by equality"
    assert finding.difference.effect.startswith("not provable: ")
