"""AUTOINCREMENT that the models ask for: without it the key of a deleted row may be given again."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.sqlite.stage import Stage, keys

MODELS = MetaData()
Table(
    "t",
    MODELS,
    Column("id", Integer, primary_key=True),
    Column("a", String),
    sqlite_autoincrement=True,
)
KEY = "identity-differs t.id"


@pytest.mark.parametrize(
    "old",
    [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
        "CREATE TABLE t (id INTEGER NOT NULL, a TEXT, PRIMARY KEY (id /* no , */) ON CONFLICT FAIL -- end\n)",
        "CREATE TABLE t ('id' integer CONSTRAINT k PRIMARY KEY ASC ON CONFLICT ABORT -- not AUTOINCREMENT\n, a TEXT)",
        "CREATE TABLE t (id INTEGER NOT NULL, a TEXT, CONSTRAINT k PRIMARY KEY (id DESC))",
    ],
)
def test_it_is_added_by_a_rebuild_and_goes_on_behind_the_highest_key(stage: Stage, old: str) -> None:
    stage.script(f"{old}; INSERT INTO t VALUES (3, 'x'), (8, 'y')")
    report = Guard(MODELS).check(stage.engine)
    assert keys(report) == {KEY}
    assert report.findings[0].difference.impact is Impact.WEAKENS
    assert report.findings[0].difference.headline == "is without AUTOINCREMENT, the models expect AUTOINCREMENT"
    stage.satisfied(MODELS)
    assert stage.rows("SELECT * FROM sqlite_sequence") == [("t", 8)]
    stage.script("DELETE FROM t WHERE id = 8; INSERT INTO t (a) VALUES ('next')")
    assert stage.rows("SELECT id, a FROM t") == [(3, "x"), (9, "next")]


def test_a_mark_that_is_left_of_the_table_counts(stage: Stage) -> None:
    """As when AUTOINCREMENT was lost in a rebuild by other means."""
    stage.script(
        """CREATE TABLE other (id INTEGER PRIMARY KEY AUTOINCREMENT);
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (3, 'x');
        INSERT INTO other VALUES (2); INSERT INTO sqlite_sequence VALUES ('t', 41);"""
    )
    stage.satisfied(MODELS)
    assert sorted(stage.rows("SELECT * FROM sqlite_sequence")) == [("other", 2), ("t", 41)]


def test_an_empty_table(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    stage.satisfied(MODELS)
    stage.script("INSERT INTO t (a) VALUES ('first')")
    assert stage.rows("SELECT id FROM t") == [(1,)]


@pytest.mark.parametrize("declared", ["INTEGER", "INT", "BIGINT"])
def test_with_a_key_that_is_missing_too(stage: Stage, declared: str) -> None:
    stage.script(f"CREATE TABLE t (id {declared}, a TEXT); INSERT INTO t VALUES (7, 'x')")
    stage.satisfied(MODELS)
    assert stage.rows("SELECT * FROM sqlite_sequence") == [("t", 7)]


def test_more_than_the_models_ask_for_is_no_difference(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)")
    plain = MetaData()
    Table("t", plain, Column("id", Integer, primary_key=True), Column("a", String))
    assert keys(Guard(plain).check(stage.engine)) == set()


def test_a_table_without_rowid_is_refused(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, a TEXT) WITHOUT ROWID")
    report = stage.apply(MODELS)
    assert "default-differs t.id" in keys(report)


HIGHEST = 2**63 - 1


@pytest.mark.parametrize("gone", [True, False])
def test_after_the_highest_key_there_is_no_other(stage: Stage, gone: bool) -> None:
    """Every INSERT fails then; the printed statements end that."""
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)")
    stage.script(f"INSERT INTO t VALUES (3, 'x'), ({HIGHEST}, 'y');{'DELETE FROM t WHERE id > 3' if gone else ''}")
    (finding,) = Guard(MODELS).check(stage.engine).findings
    assert finding.difference.impact is Impact.BREAKS
    assert finding.difference.headline == "AUTOINCREMENT has no number left: the highest key that there is was given"
    assert finding.difference.effect == "INSERT of t fails (database or disk is full)"
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        stage.script("INSERT INTO t (a) VALUES ('next')")
    assert finding.refusal is not None
    stage.script("\n".join(finding.refusal.advice))
    stage.satisfied(MODELS)
    stage.script("INSERT INTO t (a) VALUES ('next')")
    assert stage.rows("SELECT id FROM t") == ([(3,), (4,)] if gone else [(3,), (4,), (5,)])


def test_it_is_not_added_where_no_insert_would_find_a_key(stage: Stage) -> None:
    """Without it SQLite looks for a key that is free."""
    stage.script(f"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES ({HIGHEST}, 'y')")
    report = Guard(MODELS).apply(stage.engine)
    (finding,) = report.findings
    assert finding.difference.key == KEY
    assert finding.refusal is not None
    assert "with AUTOINCREMENT no INSERT could get another" in finding.refusal.reason
    stage.script("INSERT INTO t (a) VALUES ('next')")
