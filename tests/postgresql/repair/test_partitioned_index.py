"""An index of a partitioned table is built without blocking writers, and goes on where a run was killed."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors

from schema_guard import Guard
from schema_guard.report import Outcome, Report
from tests.postgres.database import Database

pytestmark = pytest.mark.every_postgres

EVENTS = """
CREATE SCHEMA "of 2025";
CREATE TABLE events (id int, year int, kind text, PRIMARY KEY (id, year, kind)) PARTITION BY RANGE (year);
CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM (2024) TO (2025);
CREATE TABLE "of 2025"."Events %s ""2025"" with a name that is nearly sixty-three bytes" PARTITION OF events
  FOR VALUES FROM (2025) TO (2026) PARTITION BY LIST (kind);
CREATE TABLE events_2025_a PARTITION OF "of 2025"."Events %s ""2025"" with a name that is nearly sixty-three bytes"
  FOR VALUES IN ('a');
CREATE TABLE events_2025_rest PARTITION OF "of 2025"."Events %s ""2025"" with a name that is nearly sixty-three bytes"
  DEFAULT;
INSERT INTO events VALUES (1, 2024, 'a'), (2, 2025, 'a'), (3, 2025, 'b'), (4, 2025, 'c');
"""
INVALID = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


def models(*, unique: bool = False, columns: tuple[str, ...] = ("kind", "year")) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table(
        "events",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Index("Ix of %kinds", *columns, unique=unique),
        postgresql_partition_by="RANGE (year)",
    )
    return metadata


def outcomes(report: Report) -> set[Outcome]:
    return {result.outcome for result in report.results}


@pytest.fixture
def connection(postgres_database: Database) -> psycopg.Connection[tuple[object, ...]]:
    connection = postgres_database.connect()
    connection.execute(EVENTS.encode())
    return connection


@pytest.mark.parametrize("unique", [False, True])
def test_every_partition_gets_its_own(
    postgres: str, connection: psycopg.Connection[tuple[object, ...]], unique: bool
) -> None:
    """Also partitions of partitions; the parent's is valid in the end, and a new partition gets it by itself."""
    with connection:
        guard = Guard(models(unique=unique))
        plan = guard.plan(postgres)
        built = [text for step in plan.steps for text in step.statements if text.startswith("CREATE")]
        assert all(" ON ONLY " in text or " CONCURRENTLY " in text for text in built)
        assert len(built) == 5
        report = guard.apply(postgres)
        assert outcomes(report) <= {Outcome.DONE, Outcome.ALREADY}, report.results
        assert report.satisfied
        assert connection.execute(INVALID.encode()).fetchone() == (0,)
        connection.execute("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM (2026) TO (2027)")
        assert guard.check(postgres).satisfied


def test_it_goes_on_where_it_was(postgres: str, connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """After each number of statements; an INVALID index of a partition is cleared away and built again."""
    with connection:
        guard = Guard(models())
        texts = [text for step in guard.plan(postgres).steps for text in step.statements]
        for done in range(1, len(texts)):
            for text in texts[:done]:
                connection.execute(text.encode())
            connection.execute(
                """UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (
                   SELECT i.indexrelid FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                   WHERE c.relkind = 'r' AND c.relname LIKE 'events%' AND NOT i.indisprimary AND NOT EXISTS (
                     SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid) )"""
            )
            report = guard.apply(postgres)
            assert report.satisfied, (done, [(r.outcome, r.message) for r in report.results])
            assert connection.execute(INVALID.encode()).fetchone() == (0,)
            connection.execute('DROP INDEX "Ix of %kinds"')


def test_a_unique_one_without_the_partition_key_is_not_begun(
    postgres: str, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    with connection:
        report = Guard(models(unique=True, columns=("id",))).apply(postgres)
        (told,) = [finding.refusal.reason for finding in report.findings if finding.refusal]
        said = "unique constraint on partitioned table must include all partitioning columns"
        assert told.startswith(f"the server refuses it: {said}")
        assert not report.results
        with pytest.raises(errors.FeatureNotSupported):
            connection.execute("CREATE UNIQUE INDEX ON ONLY events (id)")


def test_an_index_that_a_person_attached_serves(
    postgres: str, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    """Whatever its name: none is built beside it, and no step fails."""
    with connection:
        connection.execute('CREATE INDEX "Ix of %%kinds" ON ONLY events (kind, year)', ())
        connection.execute("CREATE INDEX by_hand ON events_2024 (kind, year)")
        connection.execute('ALTER INDEX "Ix of %%kinds" ATTACH PARTITION by_hand', ())
        report = Guard(models()).apply(postgres)
        assert outcomes(report) <= {Outcome.DONE, Outcome.ALREADY}, report.results
        assert report.satisfied
        of_table = "SELECT count(*) FROM pg_indexes WHERE tablename = 'events_2024' AND indexname <> 'events_2024_pkey'"
        assert connection.execute(of_table.encode()).fetchone() == (1,)
        assert connection.execute(INVALID.encode()).fetchone() == (0,)
