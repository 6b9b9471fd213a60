"""A change of type that only a person makes: rows whose text cannot be cast are counted before he tries it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tests.postgres.database import Database
from tests.postgresql.repair.stage import plan, prepare

TYPES: dict[str, tuple[Any, str, str]] = {
    "integer": (sa.Integer(), "12", "twelve"),
    "smallint": (sa.SmallInteger(), "12", "40000"),
    "date": (sa.Date(), "2020-02-20", "2021-02-29"),
    "uuid": (sa.Uuid(), "00000000-0000-0000-0000-000000000001", "1"),
    "jsonb": (JSONB(), "{}", "{"),
}


@pytest.mark.every_postgres
@pytest.mark.parametrize("type_", TYPES)
def test_rows_that_cannot_be_cast(postgres_database: Database, type_: str) -> None:
    """PostgreSQL 16 and later know it without an error for the first of them."""
    wanted, good, bad = TYPES[type_]
    made = "CREATE TABLE t (id serial PRIMARY KEY, a varchar)"
    prepare(postgres_database, f"{made}; INSERT INTO t (a) VALUES ('{good}'), (NULL), ('{bad}')")
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", wanted))
    found = [each for each in plan(postgres_database, metadata).refusals if each.difference.code == "type-differs"]
    (refusal,) = found
    *query, statement = refusal.advice
    with pytest.raises(psycopg.DataError):
        prepare(postgres_database, statement.removeprefix("-- then: "))
    knows = not postgres_database.server.version.startswith("14")
    assert refusal.reason.endswith(", and 1 row cannot be cast (key 3)") is knows
    assert statement.startswith("-- then: ") is knows, "what is pasted does not fail"
    with postgres_database.connect() as connection:
        for each in query:
            assert connection.execute(each.encode()).fetchall() == [(3,)]
    prepare(postgres_database, f"UPDATE t SET a = '{good}' WHERE id = 3")
    (refusal,) = plan(postgres_database, metadata).refusals
    assert "cannot be cast" not in refusal.reason
    (statement,) = refusal.advice
    prepare(postgres_database, statement)
    assert plan(postgres_database, metadata).refusals == ()
