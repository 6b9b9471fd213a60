"""What is refused of a table and a person could do comes as one script, which starts from the table as it is."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, UniqueConstraint

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from schema_guard.plan import Plan, Policy
from tests.sqlite.stage import Stage

OLD = """CREATE TABLE p (id INTEGER PRIMARY KEY);
CREATE TABLE t (id INTEGER PRIMARY KEY, -- of t
  p_id INTEGER REFERENCES p (id), old TEXT NOT NULL, older TEXT NOT NULL, a TEXT NOT NULL);
CREATE INDEX i ON t (a);
INSERT INTO p VALUES (1);
INSERT INTO t VALUES (7, 1, 'x', 'y', 'z');
"""
MODELS = MetaData()
Table("p", MODELS, Column("id", Integer, primary_key=True))
Table(
    "t",
    MODELS,
    Column("id", Integer, primary_key=True),
    Column("p_id", ForeignKey("p.id", ondelete="CASCADE")),
    Column("a", String, nullable=False),
)


def script(plan: Plan) -> str:
    """All that the refusals advise, in their order."""
    return "\n".join(statement for refusal in plan.refusals for statement in refusal.advice)


def test_one_script_changes_all_that_is_refused_and_nothing_a_second_time(stage: Stage) -> None:
    stage.script(OLD)
    plan = stage.plan(MODELS)
    assert len(plan.refusals) == 3
    assert [bool(refusal.advice) for refusal in plan.refusals] == [True, False, False]
    assert all(
        f"the statements for {plan.refusals[0].difference.object} change it too" in refusal.reason
        for refusal in plan.refusals[1:]
    )
    stage.script(script(plan))
    assert Guard(MODELS).check(stage.engine).satisfied
    done = stage.texts()
    assert "-- of t" in done["t"]
    assert stage.rows("SELECT * FROM t") == [(7, 1, "x", "y", "z")]
    with pytest.raises(sqlite3.Error, match="integer overflow"):
        stage.script(script(plan))
    assert stage.texts() == done


def test_the_script_stops_where_the_table_has_changed_since(stage: Stage) -> None:
    stage.script(OLD)
    plan = stage.plan(MODELS)
    stage.script("CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; END")
    before = stage.texts()
    with pytest.raises(sqlite3.Error, match="integer overflow"):
        stage.script(script(plan))
    assert stage.texts() == before


def test_one_script_where_rebuilds_are_forbidden(stage: Stage) -> None:
    stage.script(OLD.replace("a TEXT NOT NULL", "a TEXT"))
    plan = Guard(MODELS, policy=Policy(rebuild=False)).plan(stage.engine)
    assert plan.empty
    assert len(plan.refusals) == 4
    stage.script(script(plan))
    assert Guard(MODELS).check(stage.engine).satisfied


GROWN = MetaData()
Table(
    "t",
    GROWN,
    Column("id", Integer, primary_key=True),
    Column("kind", String),
    CheckConstraint("kind IN ('a', 'b', 'c')", name="ck"),
)


@pytest.mark.parametrize(
    "old",
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR, CONSTRAINT ck CHECK (kind IN ('a', 'b')))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR CONSTRAINT ck CHECK (t.kind IN ('a', 'b')) -- , )\n)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR, CHECK (/* , */kind IN ('a', 'b')) CHECK (id > 0))",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR CHECK (kind IN ('a', 'b')), CONSTRAINT ck CHECK (id))",
    ],
)
def test_a_list_that_has_grown_is_replaced_by_the_script(stage: Stage, old: str) -> None:
    stage.script(f"{old}; INSERT INTO t VALUES (1, 'a')")
    stage.apply(GROWN)
    with pytest.raises(sqlite3.IntegrityError):
        stage.script("INSERT INTO t VALUES (2, 'c')")
    stage.script(script(stage.plan(GROWN)))
    report = Guard(GROWN).check(stage.engine)
    assert {finding.difference.code for finding in report.findings} <= {"object-unknown"}
    assert not report.remains(Impact.BREAKS)
    stage.script("INSERT INTO t VALUES (2, 'c')")
    with pytest.raises(sqlite3.IntegrityError):
        stage.script("INSERT INTO t VALUES (3, 'd')")


@pytest.mark.parametrize(
    "holder",
    [
        "CREATE INDEX ix_t_kind ON t (id)",
        "CREATE INDEX 'ix_T_kind' ON other (x) WHERE x > 0 -- partial",
        "CREATE TABLE ix_t_kind (x)",
    ],
)
def test_a_name_that_is_held_is_freed_by_the_statements(stage: Stage, holder: str) -> None:
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, kind VARCHAR); CREATE TABLE other (x INT); {holder}")
    models = MetaData()
    Table("t", models, Column("id", Integer, primary_key=True), Column("kind", String, index=True))
    Table("other", models, Column("x", Integer))
    before = len(stage.texts())
    stage.script(script(stage.plan(models)))
    assert len(stage.texts()) == before
    stage.satisfied(models)
    assert "ix_t_kind_old" in stage.texts()


def test_the_name_of_a_constraint_holds_nothing_up(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, p_id INT, b INT, CONSTRAINT k CHECK (id > 0))"""
    )
    models = MetaData()
    Table("p", models, Column("id", Integer, primary_key=True))
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("p_id", ForeignKey("p.id", name="k")),
        Column("b", Integer),
        UniqueConstraint("b", name="k"),
    )
    report = stage.apply(models)
    assert {finding.difference.code for finding in report.findings} <= {"object-unknown"}
    assert "k" in stage.texts()
