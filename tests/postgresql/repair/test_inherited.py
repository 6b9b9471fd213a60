"""A model of a partition, or of a table that inherits: its columns are its parent's."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Integer, MetaData, String, Table

from schema_guard import Guard, Impact
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan

pytestmark = pytest.mark.every_postgres


@pytest.mark.parametrize(
    "sql",
    [
        'CREATE TABLE "Up" (id int, a varchar(20)) PARTITION BY RANGE (id);'
        ' CREATE TABLE t PARTITION OF "Up" (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (10)',
        'CREATE TABLE "Up" (id int, a varchar(20)); CREATE TABLE t (PRIMARY KEY (id)) INHERITS ("Up")',
    ],
)
def test_an_inherited_type_is_changed_at_the_parent(postgres_database: Database, sql: str) -> None:
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True, autoincrement=False), Column("a", String(80)))
    with postgres_database.connect() as connection:
        connection.execute(sql.encode())
        (refusal,) = plan(postgres_database, models).refusals
        assert refusal.reason == 'the column is inherited from "Up", which has to be altered instead'
        (statement,) = refusal.advice
        connection.execute(statement.encode())
    assert plan(postgres_database, models).refusals == ()


def columns(*, nullable: bool, **options: Any) -> list[Column[Any]]:
    return [
        Column("id", Integer, primary_key=True, autoincrement=True),
        Column("k", Integer, primary_key=True, autoincrement=False),
        Column("a", String(80), server_default="new", nullable=nullable),
        Column("b", Integer, **options),
    ]


@pytest.mark.parametrize("first", ["t", "up"])
def test_a_partition_follows_its_partitioned_table(postgres_database: Database, first: str) -> None:
    """Both are mapped, and lack the same: it is repaired once, whichever comes first in the models."""
    models = MetaData()
    for name in sorted(("t", "up"), key=lambda name: name != first):
        options: dict[str, Any] = {"postgresql_partition_by": "LIST (k)"} if name == "up" else {}
        Table(name, models, *columns(nullable=False), **options)
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE TABLE up (id int, k int, a varchar(20) DEFAULT 'old', PRIMARY KEY (id, k)) PARTITION BY LIST (k);"
            " CREATE TABLE t PARTITION OF up FOR VALUES IN (1);"
            " INSERT INTO up (id, k) VALUES (4, 1)"
        )
        found = plan(postgres_database, models)
        assert found.refusals == ()
        assert {step.object.partition(".")[0] for step in found.steps} == {"up"}
        report = apply(postgres_database, models)
        assert report.satisfied
        assert plan(postgres_database, models).empty
        connection.execute("INSERT INTO t (k) VALUES (1)")
        connection.execute("INSERT INTO up (k) VALUES (1)")
        assert connection.execute("SELECT id, a FROM up ORDER BY id").fetchall() == [(4, "old"), (5, "new"), (6, "new")]


def test_what_the_models_do_not_know_keeps_its_own_default(postgres_database: Database) -> None:
    """ALTER TABLE reaches what inherits from the table: its own default and NOT NULL are left alone."""
    models = MetaData()
    Table("up", models, *columns(nullable=True))
    with postgres_database.connect() as connection:
        connection.execute(
            "CREATE TABLE up (id serial, k int, a varchar(80) DEFAULT 'old' NOT NULL, b int, PRIMARY KEY (id, k));"
            " CREATE TABLE t () INHERITS (up); ALTER TABLE t ALTER a SET DEFAULT 'own', ALTER a SET NOT NULL"
        )
        assert apply(postgres_database, models).worst is Impact.NOTES
        connection.execute("INSERT INTO t (k) VALUES (1)")
        connection.execute("INSERT INTO up (k) VALUES (2)")
        connection.execute("INSERT INTO up (k, a) VALUES (3, NULL)")
        assert connection.execute("SELECT a FROM up ORDER BY k").fetchall() == [("own",), ("new",), (None,)]
        with pytest.raises(psycopg.errors.NotNullViolation):
            connection.execute("INSERT INTO t (k, a) VALUES (4, NULL)")


@pytest.mark.every_postgres
@pytest.mark.parametrize("partitioned", [True, False])
def test_an_identity_column_that_cannot_be_added(postgres_database: Database, partitioned: bool) -> None:
    """Refused before it is tried, with what does it step by step."""
    models, major = sa.MetaData(), int(postgres_database.server.version.partition(".")[0])
    key, number = sa.Column("id", sa.Integer, primary_key=True), sa.Column("n", sa.Integer, sa.Identity(start=5))
    sa.Table("top", models, key, number, postgresql_partition_by="RANGE (id)" if partitioned else None)
    with postgres_database.connect() as connection:
        how = " PARTITION BY RANGE (id)" if partitioned else ""
        connection.execute(f"CREATE TABLE top (id serial PRIMARY KEY){how}".encode())
        connection.execute(
            "CREATE TABLE low PARTITION OF top DEFAULT" if partitioned else "CREATE TABLE low () INHERITS (top)"
        )
        guard = Guard(models)
        report = guard.apply(postgres_database.url)
        if partitioned and major >= 17:
            assert report.satisfied
            return
        assert not report.results
        assert report.plan is not None
        (refusal,) = report.plan.refusals
        assert "adds no identity column to" in refusal.reason
        connection.execute("INSERT INTO top DEFAULT VALUES")
        added, then = refusal.advice
        connection.execute(added.encode())
        connection.execute("UPDATE top SET n = 1")
        connection.execute(then.partition(": ")[2].encode())
        assert guard.apply(postgres_database.url).worst is not Impact.BREAKS
        assert connection.execute("INSERT INTO top DEFAULT VALUES RETURNING n").fetchone() == (5,)
