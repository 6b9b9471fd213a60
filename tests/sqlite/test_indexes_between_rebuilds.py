"""A table that is rebuilt after one of its indexes was made is rebuilt with the index, in the same run."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

from schema_guard import Guard, Upsert
from schema_guard.report import Outcome
from tests.sqlite.stage import Stage

MODELS = MetaData()
KINDS = Table("kinds", MODELS, Column("id", Integer, primary_key=True), Column("a", String, unique=True))
ORDERS = Table(
    "orders",
    MODELS,
    Column("id", Integer, primary_key=True),
    Column("number", String),
    Column("kind", ForeignKey("kinds.a")),
    Column("said", String, nullable=False),
    UniqueConstraint("number"),
)


def test_one_run_does_all(stage: Stage) -> None:
    stage.script(
        "CREATE TABLE kinds (id INTEGER PRIMARY KEY, a VARCHAR); INSERT INTO kinds VALUES (1, 'a');"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, number VARCHAR, kind VARCHAR, said VARCHAR);"
        "INSERT INTO orders VALUES (1, 'n', 'a', 'x')"
    )
    guard = Guard(MODELS, upserts=[Upsert(ORDERS.c.number)])
    steps = [step.id for step in guard.plan(stage.engine).steps]
    assert steps == [
        "create index orders.uq_orders_number",
        "back up main",
        "rebuild orders",
        "create index kinds.uq_kinds_a",
        "rebuild orders once there is the key that it refers to",
    ]
    report = guard.apply(stage.engine)
    assert report.satisfied
    assert [result.outcome for result in report.results] == [Outcome.DONE] * len(steps)
    assert "uq_orders_number" in stage.texts()
