"""What the application's engine sets when it connects does not change what the guard finds, nor what it repairs."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Backfill, Guard

BEFORE = """
CREATE TABLE p (id INTEGER PRIMARY KEY NOT NULL, who VARCHAR(20));
CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, p_id INT, n INT NOT NULL);
INSERT INTO p (who) VALUES ('a'), ('b'); INSERT INTO t (p_id, n) VALUES (1, 1), (2, 2);
CREATE TABLE log (x); CREATE TRIGGER noted AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (new.id); END;
"""
PRAGMAS = [
    "foreign_keys = ON",
    "recursive_triggers = ON",
    "ignore_check_constraints = ON",
    "case_sensitive_like = ON",
    "writable_schema = ON",
    "locking_mode = EXCLUSIVE",
    "legacy_alter_table = ON",
    "defer_foreign_keys = ON",
    "trusted_schema = OFF",
    "journal_mode = WAL",
    "synchronous = OFF",
    "secure_delete = ON",
    "busy_timeout = 1",
    "reverse_unordered_selects = ON",
    "full_column_names = ON",
    "short_column_names = OFF",
    "count_changes = ON",
    "read_uncommitted = ON",
]


def guard() -> Guard:
    metadata = sa.MetaData()
    owner = sa.Table("p", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("who", sa.String(20)))
    item = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("p_id", sa.ForeignKey("p.id"), index=True),
        sa.Column("n", sa.Integer, sa.CheckConstraint("n > 0", name="pos")),
        sa.Column("who", sa.String(20)),
        sa.Column("text", sa.String(40), server_default="it's \\ x"),
        sa.Column("listed", sa.Enum("a", "b", native_enum=False)),
        sa.UniqueConstraint("p_id", "n", name="uq"),
    )
    sa.Table("made", metadata, sa.Column("id", sa.Integer, primary_key=True))
    return Guard(metadata, backfills=[Backfill(item, {item.c.who: owner.c.who}, on=item.c.p_id == owner.c.id)])


def engine_of(file: Path, pragma: str) -> sa.Engine:
    with sqlite3.connect(file) as connection:
        connection.executescript(BEFORE)
    connection.close()
    engine = sa.create_engine(f"sqlite:///{file}")
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute(f"PRAGMA {pragma}"))
    return engine


@pytest.mark.parametrize("pragma", PRAGMAS)
def test_what_has_drifted_is_repaired_once(sqlite_file: Path, pragma: str) -> None:
    engine = engine_of(sqlite_file, pragma)
    assert len(guard().check(engine).findings) == 11
    report = guard().apply(engine)
    assert report.satisfied, [(result.step.id, result.message) for result in report.results if result.message]
    plan = guard().plan(engine)
    assert not plan.steps, [step.id for step in plan.steps]
    assert not plan.refusals
    engine.dispose()
    with sqlite3.connect(sqlite_file) as connection:
        assert connection.execute("SELECT who FROM t ORDER BY id").fetchall() == [("a",), ("b",)]
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'").fetchone() == (1,)
    connection.close()


def test_an_engine_that_only_queries_gets_refusals_and_a_warning(sqlite_file: Path) -> None:
    engine = engine_of(sqlite_file, "query_only = ON")
    report = guard().apply(engine)
    assert not report.results
    assert report.plan is not None
    assert {"query_only" in refusal.reason for refusal in report.plan.refusals} == {True}
    assert [warning for warning in report.warnings if "query_only" in warning]
    engine.dispose()
