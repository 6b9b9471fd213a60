"""The statement that is shown for a partitioned table without a partition makes INSERTs work."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact, Policy
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, prepare


@pytest.mark.every_postgres
@pytest.mark.parametrize("how", ["RANGE", "LIST", "HASH"])
def test_the_statement_makes_a_partition_for_every_row(postgres_database: Database, how: str) -> None:
    models = sa.MetaData(schema="My App")
    sa.Table("T x", models, sa.Column("id", sa.Integer, primary_key=True), postgresql_partition_by=f"{how} (id)")
    report = apply(postgres_database, models)
    (finding,) = report.findings
    assert (finding.difference.code, finding.difference.impact) == ("partition-missing", Impact.BREAKS)
    assert finding.refusal is not None
    for statement in finding.refusal.advice:
        prepare(postgres_database, statement)
    assert Guard(models).check(postgres_database.url).satisfied
    prepare(postgres_database, 'INSERT INTO "My App"."T x" DEFAULT VALUES')


@pytest.mark.every_postgres
def test_the_query_writes_what_no_partition_of_a_hash_takes(postgres_database: Database) -> None:
    models = sa.MetaData(schema="My App")
    sa.Table("T x", models, sa.Column("id", sa.Integer, primary_key=True), postgresql_partition_by="HASH (id)")
    prepare(postgres_database, 'CREATE SCHEMA "My App"')
    prepare(postgres_database, 'CREATE TABLE "My App"."T x" (id serial PRIMARY KEY) PARTITION BY HASH (id)')
    for number, bounds in enumerate(("MODULUS 2, REMAINDER 0", "MODULUS 6, REMAINDER 3")):
        create = f'CREATE TABLE "My App".p{number} PARTITION OF "My App"."T x" FOR VALUES WITH ({bounds})'
        prepare(postgres_database, create)
    (finding,) = apply(postgres_database, models).findings
    assert (finding.difference.code, finding.difference.impact) == ("partition-missing", Impact.BREAKS)
    assert finding.refusal is not None
    (query,) = finding.refusal.advice
    with postgres_database.connect() as connection:
        written = [str(row[0]) for row in connection.execute(query.encode()).fetchall()]
        assert [statement.partition(" FOR ")[0] for statement in written] == [
            f'CREATE TABLE "My App"."T x_{remainder}" PARTITION OF "My App"."T x"' for remainder in (1, 5)
        ]
        for statement in written:
            connection.execute(statement.encode())
        for _ in range(60):
            connection.execute('INSERT INTO "My App"."T x" DEFAULT VALUES')
    assert Guard(models).check(postgres_database.url).satisfied


@pytest.mark.parametrize("rows", [1, 9, 95, 1000])
def test_the_number_that_a_refusal_names_suffices(postgres_database: Database, rows: int) -> None:
    models = sa.MetaData()
    sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.BigInteger))
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, n smallint)")
    prepare(postgres_database, f"INSERT INTO t (n) SELECT i FROM generate_series(1, {rows}) AS i")
    (finding,) = apply(postgres_database, models).findings
    assert finding.refusal is not None
    number, _, _ = finding.refusal.reason.partition("rewrite_below = ")[2].partition(" ")
    assert rows < int(number) <= 3 * rows + 3
    assert apply(postgres_database, models, Policy(rewrite_below=int(number))).satisfied


@pytest.mark.every_postgres
def test_the_last_partition_is_being_detached(postgres_database: Database) -> None:
    """A DETACH PARTITION CONCURRENTLY that was cut off leaves it: no row is stored there any more."""
    models = sa.MetaData()
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("t", models, key, sa.Column("n", sa.Integer, index=True), postgresql_partition_by="RANGE (id)")
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, n int) PARTITION BY RANGE (id)")
    prepare(postgres_database, "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (9)")
    prepare(postgres_database, "CREATE INDEX ix_t_n ON t (n)")
    prepare(postgres_database, "INSERT INTO t DEFAULT VALUES")
    guard = Guard(models)
    assert guard.check(postgres_database.url).satisfied
    with postgres_database.connect(autocommit=False) as reader, postgres_database.connect() as detaching:
        reader.execute("SELECT * FROM t")
        detaching.execute("SET lock_timeout = '300ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            detaching.execute("ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY")
    with pytest.raises(psycopg.errors.CheckViolation):
        prepare(postgres_database, "INSERT INTO t DEFAULT VALUES")
    (finding,) = guard.check(postgres_database.url).findings
    assert (finding.difference.code, finding.difference.impact) == ("partition-missing", Impact.BREAKS)
    assert finding.refusal is not None
    assert finding.refusal.reason.startswith("the DETACH PARTITION CONCURRENTLY of t1 is not finished")
    for statement in finding.refusal.advice:
        prepare(postgres_database, statement)
    prepare(postgres_database, "INSERT INTO t DEFAULT VALUES")
    report = guard.apply(postgres_database.url)
    assert report.worst is Impact.NOTES  # t1 is a table that the models don't know
    assert not report.results
