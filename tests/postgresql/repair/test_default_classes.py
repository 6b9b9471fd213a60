"""An index whose models name no operator class, over a type that has no default one: refused, or satisfied by hand."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import JSON, Column, Index, Integer, MetaData, String, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, CIDR, HSTORE, INET, JSONB, TSVECTOR, UUID
from sqlalchemy.dialects.postgresql.base import PGDialect

from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

pytestmark = pytest.mark.every_postgres


def models(type_: Any, method: str, ops: str | None = None, expression: bool = False) -> MetaData:
    metadata = MetaData()
    table = Table("t", metadata, Column("id", Integer, primary_key=True), Column("x", type_))
    key = func.lower(table.c.x) if expression else table.c.x
    Index("ix", key, postgresql_using=method, postgresql_ops={"x": ops} if ops else {})
    return metadata


@pytest.mark.parametrize("declared", ["text", "varchar(80)"])
@pytest.mark.parametrize("method", ["gin", "gist"])
@pytest.mark.parametrize("name", ["ix", "ix_by_hand"])
def test_a_live_index_satisfies(postgres_database: Database, declared: str, method: str, name: str) -> None:
    """Whoever made it chose the operator class that the models leave open."""
    prepare(postgres_database, f"CREATE EXTENSION pg_trgm; CREATE TABLE t (id serial PRIMARY KEY, x {declared})")
    prepare(postgres_database, f"CREATE INDEX {name} ON t USING {method} (x {method}_trgm_ops)")
    type_ = Text() if declared == "text" else String(80)
    assert apply(postgres_database, models(type_, method)).findings == ()


def test_a_live_index_of_another_class_than_the_default_does_not(postgres_database: Database) -> None:
    """Of jsonb there is a default one: jsonb_path_ops serves no `?` operator."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, x jsonb)")
    prepare(postgres_database, "CREATE INDEX ix_paths ON t USING gin (x jsonb_path_ops)")
    (step,) = plan(postgres_database, models(JSONB, "gin")).steps
    assert step.statements == ("CREATE INDEX CONCURRENTLY ix ON public.t USING gin (x)",)


@pytest.mark.parametrize(
    ("type_", "method", "expression", "advice"),
    [
        (Text, "gin", False, ["CREATE EXTENSION pg_trgm;", "postgresql_ops={'x': 'gin_trgm_ops'}"]),
        (String(80), "gin", False, ["CREATE EXTENSION pg_trgm;", "postgresql_ops={'x': 'gin_trgm_ops'}"]),
        (Text, "gin", True, ["CREATE EXTENSION pg_trgm;", "lower(x) gin_trgm_ops"]),
        (Text, "gist", False, ["CREATE EXTENSION btree_gist;"]),
        (Integer, "gin", False, ["CREATE EXTENSION btree_gin;"]),
        (UUID, "gist", False, ["CREATE EXTENSION btree_gist;"]),
        (INET, "gist", False, ["postgresql_ops={'x': 'inet_ops'}"]),
        (JSON, "gin", False, ["gin has no operator class for json"]),
        (JSON, "btree", False, ["btree has no operator class for json"]),
        (JSON, "hash", False, ["hash has no operator class for json"]),
        (JSONB, "brin", False, ["brin has no operator class for jsonb"]),
        (Integer, "spgist", False, ["spgist has no operator class for integer"]),
    ],
)
def test_without_one_it_is_refused(
    postgres_database: Database, type_: Any, method: str, expression: bool, advice: list[str]
) -> None:
    """Nothing is tried; what the refusal says to do is done."""
    metadata = models(type_, method, expression=expression)
    text = type_ if not isinstance(type_, type) else type_()
    declared = text.compile(dialect=PGDialect())  # type: ignore[no-untyped-call]
    prepare(postgres_database, f"CREATE TABLE t (id serial PRIMARY KEY, x {declared})")
    report = apply(postgres_database, metadata)
    assert report.results == ()
    (refusal,) = (finding.refusal for finding in report.findings)
    assert refusal is not None
    assert refusal.reason.endswith(f'no default operator class for access method "{method}"')
    assert len(refusal.advice) == len(advice)
    assert all(line.endswith(said) for line, said in zip(refusal.advice, advice, strict=True))
    extensions = [line for line in refusal.advice if line.startswith("CREATE EXTENSION")]
    prepare(postgres_database, "".join(extensions))
    if advice[-1].startswith("CREATE EXTENSION"):
        assert apply(postgres_database, metadata).satisfied
    if "'" in advice[-1]:
        assert apply(postgres_database, models(type_, method, advice[-1].split("'")[3])).satisfied


@pytest.mark.parametrize("there", ["", "CREATE TABLE t (id serial PRIMARY KEY)"])
def test_with_the_column_or_the_table_missing(postgres_database: Database, there: str) -> None:
    prepare(postgres_database, there or "SELECT 1")
    report = apply(postgres_database, models(Text, "gin"))
    assert {result.outcome for result in report.results} == {"done"}
    (finding,) = report.findings
    assert finding.difference.code == "index-missing"
    assert finding.refusal is not None


@pytest.mark.parametrize(
    ("type_", "method"),
    [
        (JSONB, "gin"),
        (TSVECTOR, "gin"),
        (TSVECTOR, "gist"),
        (ARRAY(Integer), "gin"),
        (ARRAY(Text), "gin"),
        (Text, "hash"),
        (String(8), "hash"),
        (String(8), "brin"),
        (String(8), "spgist"),
        (Integer, "brin"),
        (CIDR, "spgist"),
        (HSTORE, "gin"),
        (HSTORE, "btree"),
    ],
)
def test_with_a_default_one_it_is_made(postgres_database: Database, type_: Any, method: str) -> None:
    prepare(postgres_database, "CREATE EXTENSION hstore")
    assert apply(postgres_database, models(type_, method)).satisfied
