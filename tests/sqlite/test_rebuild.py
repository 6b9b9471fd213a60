"""A rebuild changes what it is for, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from schema_guard.dialects.sqlite.session import SQLiteSession
from schema_guard.difference import Impact
from schema_guard.errors import StepError
from schema_guard.guard import Guard
from schema_guard.report import Outcome
from tests.sqlite.stage import Stage, outcomes, starting, statements


def loosened(name: str = "t", *columns: Column[object]) -> MetaData:
    """Models of a table whose column `a` may be NULL."""
    metadata = MetaData()
    Table(name, metadata, Column("id", Integer, primary_key=True), Column("a", String), *columns)
    return metadata


def test_every_other_word_of_the_table_stays(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t ( -- our table
          id INTEGER PRIMARY KEY AUTOINCREMENT, /* the key */
          a TEXT COLLATE NOCASE NOT NULL, extra BLOB DEFAULT x'00',
          CHECK (extra <> x'01') CONSTRAINT named UNIQUE (id, a, extra) ON CONFLICT IGNORE);
        INSERT INTO t VALUES (3, 'x', x'ff');"""
    )
    before = stage.texts()["t"]
    stage.satisfied(loosened())
    assert stage.texts()["t"] == before.replace("CREATE TABLE t", 'CREATE TABLE "t"').replace(" NOT NULL", "")
    assert stage.rows("SELECT id, a, hex(extra) FROM t") == [(3, "x", "FF")]


def test_the_autoincrement_mark_is_kept_even_of_deleted_rows(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL);
        INSERT INTO t VALUES (1, 'x'), (99, 'gone'); DELETE FROM t WHERE id = 99;"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM sqlite_sequence") == [("t", 99)]
    stage.script("INSERT INTO t (a) VALUES ('next')")
    assert stage.value("SELECT max(id) FROM t") == 100


def test_the_mark_of_an_empty_table_is_kept(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL);
        INSERT INTO t VALUES (7, 'gone'); DELETE FROM t;"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM sqlite_sequence") == [("t", 7)]


def test_implicit_rowids_are_kept(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id VARCHAR PRIMARY KEY NOT NULL, a TEXT NOT NULL);
        INSERT INTO t (rowid, id, a) VALUES (5, 'p', 'x'), (17, 'q', 'y');"""
    )
    metadata = MetaData()
    Table("t", metadata, Column("id", String, primary_key=True), Column("a", String))
    stage.satisfied(metadata)
    assert stage.rows("SELECT rowid, id, a FROM t") == [(5, "p", "x"), (17, "q", "y")]


def test_a_column_named_rowid_is_only_a_column(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id VARCHAR PRIMARY KEY NOT NULL, a TEXT NOT NULL, rowid TEXT, oid INT);
        INSERT INTO t (_rowid_, id, a, rowid, oid) VALUES (5, 'p', 'x', 'r', 1), (17, 'q', 'y', NULL, 2);"""
    )
    metadata = MetaData()
    Table("t", metadata, Column("id", String, primary_key=True), Column("a", String))
    stage.satisfied(metadata)
    assert stage.rows("SELECT _rowid_, id, a, rowid, oid FROM t") == [(5, "p", "x", "r", 1), (17, "q", "y", None, 2)]


def test_all_names_of_the_rowid_may_be_taken(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id VARCHAR PRIMARY KEY, a TEXT NOT NULL, rowid, oid, _rowid_);
        INSERT INTO t VALUES ('p', 'x', 1, 2, 3), (NULL, 'y', NULL, NULL, NULL);"""
    )
    metadata = MetaData()
    Table("t", metadata, Column("id", String, primary_key=True, nullable=True), Column("a", String))
    stage.apply(metadata)
    assert stage.rows("SELECT * FROM t ORDER BY a") == [("p", "x", 1, 2, 3), (None, "y", None, None, None)]
    assert "NOT NULL" not in stage.texts()["t"]


def test_indexes_and_triggers_come_back_word_for_word(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT);
        CREATE TABLE log (what TEXT);
        CREATE UNIQUE INDEX i1 ON t (lower(a), b DESC) WHERE b > 0;
        CREATE INDEX i2 ON t (a COLLATE RTRIM);
        CREATE TRIGGER g1 AFTER UPDATE OF a ON t WHEN new.a <> old.a BEGIN INSERT INTO log VALUES ('t;' || new.a); END;
        CREATE TRIGGER g2 BEFORE DELETE ON t BEGIN INSERT INTO log VALUES ('RAISE -- '); END;
        CREATE TRIGGER g3 AFTER INSERT ON log BEGIN UPDATE t SET b = b + 1; END;
        INSERT INTO t VALUES (1, 'x', 1);"""
    )
    before = {name: sql for name, sql in stage.texts().items() if name != "t"}
    stage.satisfied(loosened())
    after = {name: sql for name, sql in stage.texts().items() if name != "t"}
    assert after == before
    assert stage.rows("SELECT * FROM t") == [(1, "x", 1)]
    stage.script("UPDATE t SET a = 'y'")
    assert stage.rows("SELECT * FROM log") == [("t;y",)]


def test_views_over_the_table_stay(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
        CREATE VIEW v AS SELECT a FROM t;
        CREATE VIEW broken AS SELECT gone FROM nowhere;
        CREATE TRIGGER i INSTEAD OF INSERT ON v BEGIN INSERT INTO t (a) VALUES (new.a); END;
        INSERT INTO v VALUES ('x');"""
    )
    stage.satisfied(loosened())
    stage.script("INSERT INTO v VALUES ('y')")
    assert stage.rows("SELECT * FROM v") == [("x",), ("y",)]


def test_children_keep_their_rows_and_their_parent(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, up INT REFERENCES t (id) ON DELETE CASCADE);
        CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INT REFERENCES t ON DELETE CASCADE);
        INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', 1);
        INSERT INTO child VALUES (10, 1), (11, 2);"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM child") == [(10, 1), (11, 2)]
    assert stage.rows("SELECT * FROM t") == [(1, "x", None), (2, "y", 1)]
    assert "REFERENCES t ON" in stage.texts()["child"]
    assert "REFERENCES t (id)" in stage.texts()["t"]
    assert stage.rows("PRAGMA foreign_key_check") == []


def test_rows_that_violate_an_old_foreign_key_are_no_obstacle(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, p_id INT REFERENCES p (id));
        INSERT INTO t VALUES (1, 'x', 77);"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM t") == [(1, "x", 77)]


def test_a_foreign_key_to_nothing_is_no_obstacle_where_it_is_not_enforced(tmp_path: Path) -> None:
    stage = Stage(tmp_path / "loose.db", foreign_keys=False)
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, q INT REFERENCES gone (x));
        INSERT INTO t VALUES (1, 'x', 8);"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM t") == [(1, "x", 8)]


def test_without_rowid_and_strict(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (k TEXT COLLATE NOCASE, id INTEGER NOT NULL, a TEXT NOT NULL, PRIMARY KEY (k, id))
          STRICT, WITHOUT ROWID;
        INSERT INTO t VALUES ('b', 1, 'x'), ('A', 2, 'y');"""
    )
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("k", String(collation="NOCASE"), primary_key=True),
        Column("id", Integer, primary_key=True),
        Column("a", String),
        Column("n", Integer, nullable=False, server_default="4"),
        CheckConstraint("n > 1", name="ck"),
    )
    stage.satisfied(metadata)
    assert stage.texts()["t"].endswith("STRICT, WITHOUT ROWID")
    assert "n INTEGER DEFAULT '4' NOT NULL" in stage.texts()["t"]
    assert stage.rows("SELECT * FROM t") == [("A", 2, "y", 4), ("b", 1, "x", 4)]


def test_generated_columns_are_computed_not_copied(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, g INT AS (length(a)) STORED, a TEXT NOT NULL, h AS (id + 1));
        INSERT INTO t (id, a) VALUES (1, 'xyz');"""
    )
    stage.satisfied(loosened("t", Column("s", Integer, Computed("id * 2", persisted=True))))
    assert stage.rows("SELECT g, a, h, s FROM t") == [(3, "xyz", 2, 2)]


def test_a_full_text_index_over_the_table_still_finds(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL);
        CREATE VIRTUAL TABLE ft USING fts5(a, content='t', content_rowid='id');
        CREATE TRIGGER ai AFTER INSERT ON t BEGIN INSERT INTO ft(rowid, a) VALUES (new.id, new.a); END;
        INSERT INTO t VALUES (4, 'hello world');"""
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT rowid FROM ft WHERE ft MATCH 'world'") == [(4,)]


def test_hostile_names(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE "we""ird 'ta%ble:x" (id INTEGER PRIMARY KEY, "select" TEXT NOT NULL, "a.b;--" INT, [größe] INT);
        CREATE INDEX "in""dex" ON "we""ird 'ta%ble:x" ("a.b;--");
        CREATE TRIGGER "trig'ger" AFTER INSERT ON "we""ird 'ta%ble:x" BEGIN SELECT 1; END;
        CREATE TABLE "new_we""ird 'ta%ble:x" (x);
        INSERT INTO "we""ird 'ta%ble:x" VALUES (1, 'it''s', 2, 3);"""
    )
    metadata = MetaData()
    Table(
        "we\"ird 'ta%ble:x",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("select", String),
        Column("a.b;--", Integer, ForeignKey("we\"ird 'ta%ble:x.id")),
        Column("größe", Integer, server_default=text("7")),
        Column("line\nbreak %s", String(3), index=True),
        CheckConstraint("größe < 99", name="ck %(x)s :y"),
        UniqueConstraint("select", "größe", name="uq ?"),
    )
    before = stage.rows('SELECT * FROM "we""ird \'ta%ble:x"')
    report = stage.apply(metadata)
    # The row refers to a row that is not there: that alone is refused.
    assert {finding.difference.code for finding in report.findings if finding.difference.impact} == {
        "foreign-key-missing"
    }
    assert [row[:4] for row in stage.rows('SELECT * FROM "we""ird \'ta%ble:x"')] == before
    assert {'in"dex', "trig'ger", "new_we\"ird 'ta%ble:x", "uq ?"} <= set(stage.texts())


def test_on_conflict_clauses_drop_no_row(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY ON CONFLICT REPLACE, a TEXT NOT NULL ON CONFLICT IGNORE,
          b INT CHECK (b > 0) UNIQUE ON CONFLICT REPLACE);
        INSERT INTO t VALUES (1, 'x', 1), (2, 'y', 2);"""
    )
    report = stage.apply(loosened())
    assert {finding.difference.code for finding in report.findings if finding.difference.impact is Impact.WEAKENS} == {
        "primary-key-differs"
    }
    assert stage.rows("SELECT count(*) FROM t") == [(2,)]
    assert "ON CONFLICT REPLACE" in stage.texts()["t"]
    assert "ON CONFLICT IGNORE" not in stage.texts()["t"]


def test_one_rebuild_for_everything_that_is_certain(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE p (id INTEGER PRIMARY KEY);
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT, p_id INT);
        INSERT INTO t VALUES (1, 'x', 'y', NULL);"""
    )
    metadata = MetaData()
    Table("p", metadata, Column("id", Integer, primary_key=True))
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("a", String),
        Column("b", String, nullable=False, server_default="q"),
        Column("p_id", ForeignKey("p.id", ondelete="CASCADE")),
        CheckConstraint("a <> b", name="ck"),
    )
    plan = stage.plan(metadata)
    assert [step.id for step in plan.steps] == ["back up main", "rebuild t"]
    assert starting("DROP TABLE", statements(plan)) == ["DROP TABLE temp.t", "DROP TABLE t"]
    stage.satisfied(metadata)
    stored = stage.texts()["t"]
    assert "b TEXT DEFAULT 'q' NOT NULL" in stored
    assert "CONSTRAINT ck CHECK (a <> b)" in stored
    assert "FOREIGN KEY(p_id) REFERENCES p (id) ON DELETE CASCADE" in stored


def test_what_analyze_found_is_kept(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); CREATE INDEX i ON t (a); CREATE TABLE other (x);
        CREATE INDEX o ON other (x); INSERT INTO other VALUES (1);
        INSERT INTO t VALUES (1, 'x'), (2, 'x'), (3, 'y'); ANALYZE"""
    )
    before = stage.rows("SELECT * FROM sqlite_stat1 ORDER BY tbl")
    stage.satisfied(loosened())
    assert stage.rows("SELECT * FROM sqlite_stat1 ORDER BY tbl") == before


def test_a_child_that_would_lose_its_row_stops_the_rebuild(stage: Stage) -> None:
    """With a key of another collation, for which no difference asks."""
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT COLLATE NOCASE NOT NULL UNIQUE);
        CREATE TABLE child (a TEXT REFERENCES t (a));
        INSERT INTO t VALUES (1, 'x'); INSERT INTO child VALUES ('X'), ('never there')"""
    )
    step = stage.plan(loosened()).steps[-1]
    worse = tuple(text.replace(" COLLATE NOCASE", "") for text in step.statements)
    session = SQLiteSession(stage.engine)
    with pytest.raises(StepError, match=r"nothing was changed, it is not true that .*child finds its rows"):
        session.execute(replace(step, statements=worse), 1.0, 5.0, lambda _: None)
    assert "COLLATE NOCASE" in stage.texts()["t"]
    assert set(stage.texts()) == {"t", "child"}
    session.execute(step, 1.0, 5.0, lambda _: None)
    session.close()
    assert "NOT NULL" not in stage.texts()["t"]


def test_the_connections_settings_are_restored_and_shown(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)")
    shown = statements(stage.plan(loosened()))
    assert shown[-2:] == ["PRAGMA legacy_alter_table = OFF", "PRAGMA foreign_keys = ON"]
    stage.engine.dispose()
    without = Stage(stage.path, foreign_keys=False)
    assert statements(without.plan(loosened()))[-1] == "PRAGMA legacy_alter_table = OFF"


def test_attached_databases_are_rebuilt_in_their_place(stage: Stage) -> None:
    from sqlalchemy import event

    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO t VALUES (1, 'main')")
    other = Stage(stage.path.with_name("other file.db"))
    other.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL);
        CREATE INDEX i ON t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;
        INSERT INTO t VALUES (5, 'other')"""
    )
    event.listen(stage.engine, "connect", lambda raw, _: raw.execute(f"ATTACH '{other.path}' AS aux"))
    metadata = MetaData(schema="aux")
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", String), Column("b", String, index=True))
    Table("fresh", metadata, Column("id", Integer, primary_key=True), Column("b", String, index=True))
    stage.satisfied(metadata)
    assert other.rows("SELECT * FROM t") == [(5, "other", None)]
    assert set(other.texts()) == {"t", "i", "g", "sqlite_sequence", "ix_aux_t_b", "fresh", "ix_aux_fresh_b"}
    assert set(stage.texts()) == {"t"}
    assert "NOT NULL" in stage.texts()["t"]
    assert other.path.with_name("other file.db.backup-1").exists()


def test_a_table_of_very_many_columns(stage: Stage) -> None:
    """Whose rows are compared in more terms than SQLite takes in one row."""
    many = [f"c{number}" for number in range(1500)]
    stage.script(
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, {', '.join(many)});"
        " INSERT INTO t (id, a, c1499) VALUES (1, 'x', 7)"
    )
    stage.satisfied(loosened())
    assert stage.rows("SELECT id, a, c1499 FROM t") == [(1, "x", 7)]


def test_rows_that_never_kept_the_tables_own_promise_are_said_to_be_so(stage: Stage) -> None:
    stage.script(
        """PRAGMA ignore_check_constraints = ON;
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT NOT NULL CHECK (b > 0));
        INSERT INTO t VALUES (1, 'x', 0);"""
    )
    report = Guard(loosened()).apply(stage.engine)
    assert outcomes(report) == [Outcome.DONE, Outcome.FAILED]  # the backup's success is no reason for another round
    assert report.results[1].message == (
        f"{stage.path}: rows of t don't keep what the table promises (CHECK constraint failed: b > 0); nothing was"
        " changed: find them with PRAGMA integrity_check, fix them and run again"
    )
    assert stage.rows("SELECT * FROM t") == [(1, "x", 0)]


def test_a_rebuild_that_fails_at_every_start_leaves_one_copy(stage: Stage) -> None:
    """An application that is started again and again must not fill the disk; a copy that differs stays."""
    stage.script(
        """PRAGMA ignore_check_constraints = ON;
        CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT NOT NULL CHECK (b > 0));
        INSERT INTO t VALUES (1, 'x', 0);"""
    )
    for _ in range(3):
        Guard(loosened()).apply(stage.engine)
    assert len(stage.backups()) == 1
    stage.script("INSERT INTO t VALUES (2, 'y', 1)")
    Guard(loosened()).apply(stage.engine)
    assert len(stage.backups()) == 2


def test_a_null_where_the_table_says_not_null_is_said_of_the_table_itself(stage: Stage) -> None:
    stage.script(
        """CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT);
        INSERT INTO t VALUES (1, 'x', NULL);
        PRAGMA writable_schema = ON;
        UPDATE sqlite_master SET sql = 'CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b INT NOT NULL)';"""
    )
    report = Guard(loosened()).apply(stage.engine)
    assert "(NOT NULL constraint failed: t.b)" in report.results[1].message
