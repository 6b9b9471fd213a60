"""A key that lost what gives its values: the sequence that stands there may be of any kind."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

pytestmark = pytest.mark.every_postgres

KEYS = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (5);"


def models(*items: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, *items, primary_key=True))
    return metadata


@pytest.mark.parametrize(
    ("before", "given"),
    [
        ("", [6, 7]),
        ("CREATE SEQUENCE t_id_seq AS smallint OWNED BY t.id", [6, 7]),
        ("CREATE SEQUENCE t_id_seq MAXVALUE 7 CYCLE OWNED BY t.id", [6, 7]),
        ("CREATE SEQUENCE t_id_seq INCREMENT -1 OWNED BY t.id", [-1, -2]),
        ("CREATE SEQUENCE t_id_seq AS smallint OWNED BY t.id; SELECT setval('t_id_seq', 32767)", [32768, 32769]),
    ],
    ids=["none", "smallint", "cycles", "descends", "smallint at its end"],
)
def test_the_sequence_is_taken_up(postgres_database: Database, before: str, given: list[int]) -> None:
    prepare(postgres_database, f"{KEYS} {before}")
    assert apply(postgres_database, models()).satisfied
    with postgres_database.connect() as connection:
        insert = "INSERT INTO t DEFAULT VALUES RETURNING id"
        assert [connection.execute(insert).fetchone() for _ in given] == [(value,) for value in given]


@pytest.mark.parametrize(
    ("before", "identity"),
    [
        ("CREATE SEQUENCE t_id_seq MAXVALUE 3 OWNED BY t.id", None),
        ("CREATE SEQUENCE t_id_seq MAXVALUE 5 OWNED BY t.id; SELECT setval('t_id_seq', 5)", None),
        ("INSERT INTO t VALUES (2147483647)", None),
        ("INSERT INTO t VALUES (2147483647)", sa.Identity()),
        ("", sa.Identity(maxvalue=3)),
    ],
    ids=["ends before the keys", "exhausted", "the column is full", "full, identity", "identity ends before"],
)
def test_a_sequence_without_a_value_left_is_told(
    postgres_database: Database, before: str, identity: sa.Identity | None
) -> None:
    """No step fails, and the verdict is true: INSERT fails until somebody makes room."""
    prepare(postgres_database, f"{KEYS} {before}")
    report = apply(postgres_database, models(*([identity] if identity is not None else [])))
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    assert {f.difference.code for f in report.findings if f.difference.impact.name == "BREAKS"} == {"sequence-behind"}


def test_identity_of_a_partition(postgres_database: Database) -> None:
    """Since 17 only the partitioned table has one."""
    partitioned = "CREATE TABLE p (id int NOT NULL, k int) PARTITION BY LIST (k)"
    prepare(postgres_database, f"{partitioned}; CREATE TABLE t PARTITION OF p (PRIMARY KEY (id)) DEFAULT")
    metadata = models(sa.Identity())
    planned = plan(postgres_database, metadata)
    if planned.steps:
        assert postgres_database.server.version < "17"
        assert apply(postgres_database, metadata).satisfied
        return
    (refusal,) = planned.refusals
    assert refusal.reason == "a partition has the identity columns of its partitioned table"
    prepare(
        postgres_database,
        refusal.advice[0].removeprefix("-- of its partitioned table: ").replace("ALTER TABLE ..", "ALTER TABLE p"),
    )
    assert apply(postgres_database, metadata).satisfied
