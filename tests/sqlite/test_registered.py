"""Collations and functions that only the application registers: they hinder their own tables, and nothing else."""

from __future__ import annotations

import sqlite3

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, event

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from tests.sqlite.stage import Stage, keys, refused

ADVICE = "; where the application registers it on its own connections, give the guard its engine in place of a URL"


def registered(raw: sqlite3.Connection, _: object = None) -> None:
    raw.create_collation("ci", lambda a, b: (a.lower() > b.lower()) - (a.lower() < b.lower()))
    raw.create_function("folded", 1, str.casefold, deterministic=True)


def made(stage: Stage, sql: str) -> None:
    connection = sqlite3.connect(stage.path)
    registered(connection)
    connection.executescript(sql)
    connection.close()


MODELS = MetaData()
Table("t", MODELS, Column("id", Integer, primary_key=True), Column("a", String))
OLD = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO t VALUES (1, 'x');"

OTHERS = [
    "CREATE TABLE u (n TEXT COLLATE ci UNIQUE, CHECK (folded(n) <> ''))",
    "CREATE TABLE u (n TEXT); CREATE INDEX x ON u (n COLLATE 'ci' DESC)",
    "CREATE TABLE u (n TEXT, m AS (folded(n))); CREATE UNIQUE INDEX x ON u (folded(n)) WHERE n > 'a' COLLATE [ci]",
    "CREATE TABLE u (id INTEGER, n TEXT COLLATE ci PRIMARY KEY) WITHOUT ROWID",
    "CREATE UNIQUE INDEX a ON t (a); CREATE TABLE u (n TEXT COLLATE ci REFERENCES t (a)); INSERT INTO u VALUES ('x')",
    "CREATE TABLE u (n TEXT); CREATE TRIGGER g AFTER INSERT ON u BEGIN SELECT folded(new.n); END",
    "CREATE VIEW v AS SELECT folded(a) AS a FROM t ORDER BY 1 COLLATE ci",
]


@pytest.mark.parametrize("others", OTHERS)
def test_other_tables_are_rebuilt(stage: Stage, others: str) -> None:
    made(stage, OLD + others)
    before = stage.texts()
    report = Guard(MODELS).apply(stage.engine)
    assert not report.remains(Impact.BREAKS)
    assert "nullability-differs" not in {finding.difference.code for finding in report.findings}
    assert [result.message for result in report.results if result.message] == []
    del before["t"]
    after = stage.texts()
    assert "NOT NULL" not in after.pop("t")
    assert after == before


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("b TEXT COLLATE ci", "no such collation sequence: ci"),
        ("b TEXT CHECK (folded(b) <> '')", "no such function: folded"),
        ("b TEXT); CREATE INDEX i ON t (folded(b)", "no such function: folded"),
        ("b TEXT); CREATE INDEX i ON t (b COLLATE ci", "no such collation sequence: ci"),
    ],
)
def test_its_own_table_is_refused_with_advice_and_the_others_are_not(stage: Stage, own: str, said: str) -> None:
    made(
        stage, f"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, {own}); CREATE TABLE p (id INTEGER NOT NULL)"
    )
    models = MetaData()
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("a", String),
        Column("b", String),
        Column("c", Integer, index=True),
    )
    Table("p", models, Column("id", Integer, primary_key=True))
    reasons = refused(stage.plan(models))
    assert reasons["nullability-differs t.a"] == f"SQLite says: {said}{ADVICE}"
    assert not any(key.startswith("index-missing") for key in reasons)
    report = Guard(models).apply(stage.engine)
    matter = {finding.difference.key for finding in report.findings if finding.difference.impact is not Impact.NOTES}
    assert {key for key in matter if not key.startswith("object-unknown")} == {"nullability-differs t.a"}
    assert {"ix_t_c"} <= set(stage.texts())
    event.listen(stage.engine, "connect", registered)
    stage.engine.dispose()
    assert "nullability-differs t.a" not in keys(Guard(models).apply(stage.engine))


def test_what_needs_the_collation_is_refused_before_it_is_tried(stage: Stage) -> None:
    made(stage, "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR COLLATE ci, b VARCHAR)")
    models = MetaData()
    Table(
        "t",
        models,
        Column("id", Integer, primary_key=True),
        Column("a", String(collation="ci"), index=True),
        Column("b", String(collation="ci")),
        Column("c", String(collation="ci")),
        Column("d", String, ForeignKey("fine.id")),
        Index("both", "b", "a", unique=True),
    )
    Table("u", models, Column("id", String(collation="ci"), primary_key=True))
    Table("fine", models, Column("id", String, primary_key=True))
    reasons = refused(stage.plan(models))
    assert set(reasons) == {
        "index-missing t.ix_t_a",
        "index-missing t.both",
        "collation-differs t.b",
        "column-missing t.c",
        "table-missing u",
    }
    assert set(reasons.values()) == {f"SQLite says: no such collation sequence: ci{ADVICE}"}
    report = Guard(models).apply(stage.engine)
    assert [result.message for result in report.results if result.message] == []
    assert "fine" in stage.texts()
    event.listen(stage.engine, "connect", registered)
    stage.engine.dispose()
    assert Guard(models).apply(stage.engine).satisfied
