"""A key that the models leave to SQLite, in a table that does not give it: only INTEGER PRIMARY KEY is a rowid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, Identity, Integer, MetaData, SmallInteger, String, Table, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, registry

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.sqlite.stage import Stage

MODELS = MetaData()
Table("t", MODELS, Column("id", Integer, primary_key=True), Column("a", String))


@pytest.mark.parametrize("declared", ["BIGINT PRIMARY KEY", "BIGINT", "INT PRIMARY KEY", "PRIMARY KEY", "NUMERIC"])
def test_integers_become_the_rowid(stage: Stage, declared: str) -> None:
    stage.script(f"CREATE TABLE t (id {declared}, a TEXT); INSERT INTO t VALUES (3, 'x'), (8, 'y')")
    stage.satisfied(MODELS)
    stage.script("INSERT INTO t (a) VALUES ('next')")
    assert stage.rows("SELECT id, a FROM t") == [(3, "x"), (8, "y"), (9, "next")]


@pytest.mark.parametrize("primary_key", [" PRIMARY KEY", ""])
@pytest.mark.parametrize("values", ["('x', 1), ('2', 2)", "('1', 1), ('2', 2)", "(x'61', 1)"])
def test_other_values_are_refused_before_anything_is_copied_for_them(
    stage: Stage, primary_key: str, values: str
) -> None:
    """Also text that looks like a number: it would become another value, and rows that refer to it would not."""
    stage.script(f"CREATE TABLE t (id TEXT{primary_key}, a TEXT); INSERT INTO t VALUES {values}")
    kept = stage.rows("SELECT id, typeof(id), a FROM t")
    stage.apply(MODELS)
    backups = stage.backups()
    report = Guard(MODELS).apply(stage.engine)
    assert (report.results, stage.backups()) == ((), backups), "nothing is tried again at the next boot"
    (given,) = [
        finding for finding in report.findings if finding.difference.code in ("default-differs", "identity-differs")
    ]
    assert given.refusal is not None
    assert "something other than an integer" in given.refusal.reason
    assert len(stage.rows(given.refusal.advice[0])) == len(kept)
    assert stage.rows("SELECT id, typeof(id), a FROM t") == kept


def test_a_key_that_is_not_given_yet_gets_not_null_with_it(stage: Stage) -> None:
    """Between two rebuilds no row could be inserted: until then rows without a key were stored with NULL."""
    stage.script("CREATE TABLE t (id SERIAL PRIMARY KEY, a TEXT); INSERT INTO t VALUES (3, 'x')")
    assert [step.id for step in stage.plan(MODELS).steps if step.resolves] == ["rebuild t once the rows allow it"]
    stage.satisfied(MODELS)


def test_a_key_that_cannot_be_given_stays_nullable(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id VARCHAR PRIMARY KEY, a TEXT); INSERT INTO t VALUES ('x', 'x')")
    (refusal,) = [each for each in stage.plan(MODELS).refusals if each.difference.code == "nullability-differs"]
    assert refusal.reason.endswith("are stored with NULL now, and would be refused: nothing gives it")
    stage.apply(MODELS)
    stage.script("INSERT INTO t (a) VALUES ('y')")


@pytest.mark.parametrize("declared", ["BIGINT", "INT NOT NULL"])
def test_what_an_insert_without_a_key_ends_with_is_told(stage: Stage, declared: str) -> None:
    class Row:
        pass

    stage.script(f"CREATE TABLE t (id {declared}, a TEXT)")
    models = MetaData()
    registry().map_imperatively(Row, MODELS.tables["t"].to_metadata(models))
    found = [each.difference for each in Guard(models).check(stage.engine).findings]
    (effect,) = [each.effect for each in found if each.code in ("default-differs", "identity-differs")]
    with Session(stage.engine) as session:
        session.add(Row())
        if "NOT NULL" in declared:
            assert "INSERT of Row fails (NOT NULL constraint failed)" in effect
            with pytest.raises(IntegrityError, match="NOT NULL constraint failed"):
                session.commit()
            return
        session.commit()
    assert "INSERT of Row stores NULL as the key, and the row cannot be loaded" in effect
    with Session(stage.engine) as session:
        assert [row is None for row in session.scalars(select(Row))] == [True]


BIG = [
    lambda: Column("id", BigInteger, primary_key=True),
    lambda: Column("id", SmallInteger, primary_key=True),
    lambda: Column("id", BigInteger, Identity(), primary_key=True),
]


def models(key: Column[int], **options: Any) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, key, Column("a", String), **options)
    return metadata


@pytest.mark.parametrize("key", BIG)
@pytest.mark.parametrize("declared", ["BIGINT NOT NULL, a TEXT, PRIMARY KEY (id)", "BIGINT PRIMARY KEY, a TEXT", ""])
def test_a_key_that_the_models_leave_to_sqlite_and_that_is_no_rowid_breaks(
    stage: Stage, key: Callable[[], Column[int]], declared: str
) -> None:
    """BIGINT is no INTEGER there: SQLAlchemy leaves the key out, and nothing gives it."""
    if declared:
        stage.script(f"CREATE TABLE t (id {declared})")
    report = stage.apply(models(key()))
    assert report.remains(Impact.BREAKS)
    (given,) = [each for each in report.findings if each.difference.code == "default-differs"]
    assert given.refusal is not None
    assert "map it as BigInteger().with_variant(Integer, 'sqlite'), or with autoincrement=False" in given.refusal.reason
    table = models(key()).tables["t"]
    if "BIGINT PRIMARY" in declared:
        with stage.engine.begin() as connection:
            connection.execute(insert(table).values(a="x"))
        assert stage.rows("SELECT id, a FROM t") == [(None, "x")]
    else:
        with pytest.raises(IntegrityError, match="NOT NULL constraint failed"), stage.engine.begin() as connection:
            connection.execute(insert(table).values(a="x"))


def test_what_is_advised_for_it_works(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id BIGINT NOT NULL, a TEXT, PRIMARY KEY (id))")
    given = models(Column("id", BigInteger, primary_key=True, autoincrement=False))
    assert Guard(given).check(stage.engine).findings == ()
    numbered = models(Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    stage.satisfied(numbered)
    with stage.engine.begin() as connection:
        connection.execute(insert(numbered.tables["t"]).values(a="x"))
    assert stage.rows("SELECT * FROM t") == [(1, "x")]


def test_a_rowid_serves_a_bigger_type_of_the_models(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    assert Guard(models(Column("id", BigInteger, primary_key=True))).check(stage.engine).findings == ()


def test_autoincrement_of_another_type_is_refused_before_it_is_tried(stage: Stage) -> None:
    metadata = models(Column("id", BigInteger, primary_key=True), sqlite_autoincrement=True)
    (refusal,) = stage.plan(metadata).refusals
    assert refusal.reason.startswith("AUTOINCREMENT is for INTEGER PRIMARY KEY alone; SQLite gives keys only to")
    assert stage.apply(metadata).results == ()
