"""The emergency script in the sqlite3 shell itself: it does what apply does, and whatever goes wrong, rows stay."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from schema_guard.dialects import offline_dialect
from schema_guard.guard import Guard
from schema_guard.render.script import script
from tests.sqlite.stage import Stage

SHELL = shutil.which("sqlite3")

pytestmark = pytest.mark.skipif(SHELL is None, reason="the sqlite3 shell is not installed")

OLD = """CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL, b TEXT);
CREATE INDEX i ON t (a);
CREATE TABLE child (id INTEGER PRIMARY KEY, t_id INT REFERENCES t ON DELETE CASCADE);
INSERT INTO t VALUES (1, 'x', 'p'), (2, 'y', 'q');
INSERT INTO child VALUES (10, 1), (11, 2);
"""


def models(*columns: Column[str]) -> MetaData:
    """Models of a table that has to be rebuilt, and of its child."""
    metadata = MetaData()
    key = Column("id", Integer, primary_key=True)
    Table("t", metadata, key, Column("a", String), Column("b", String, nullable=False), *columns)
    parent = ForeignKey("t.id", ondelete="CASCADE")
    Table("child", metadata, Column("id", Integer, primary_key=True), Column("t_id", parent))
    return metadata


MODELS = models(Column("c", String))

WAYS = ["stdin", "read", "paste"]


def emergency(stage: Stage, metadata: MetaData = MODELS) -> str:
    return script(Guard(metadata).plan(stage.engine), offline_dialect("sqlite"))


def run(text: str, path: Path, way: str, before: str = "") -> str:
    """What the shell says on stderr; pasted, it goes on after every error."""
    assert SHELL is not None
    written = path.with_name("emergency.sql")
    written.write_text(text, encoding="utf-8")
    flags = [] if way == "stdin" else ["-interactive"]
    typed = f".read '{written}'\n" if way == "read" else text
    done = subprocess.run(
        [SHELL, "-batch", *flags, str(path)], input=before + typed, capture_output=True, text=True, check=False
    )
    return done.stderr


def intact(stage: Stage, rows: list[tuple[object, ...]]) -> None:
    """The old table with its rows and index, and the rows of the child."""
    assert stage.rows("SELECT id, a, b FROM t ORDER BY id") == rows
    assert "a TEXT NOT NULL" in stage.texts()["t"]
    assert "i" in stage.texts()
    assert stage.rows("SELECT * FROM child") == [(10, 1), (11, 2)]
    assert stage.value("PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize("way", WAYS)
def test_it_does_what_apply_does_and_nothing_a_second_time(stage: Stage, way: str) -> None:
    stage.script(OLD)
    other = Stage(stage.path.with_name("other.db"))
    other.script(OLD)
    text = emergency(stage)
    assert run(text, stage.path, way) == ""
    other.satisfied(MODELS)
    assert stage.texts() == other.texts()
    assert stage.rows("SELECT * FROM t") == other.rows("SELECT * FROM t")
    assert stage.rows("SELECT * FROM sqlite_sequence") == [("t", 2)]
    assert Guard(MODELS).check(stage.engine).satisfied
    copy = stage.path.with_name("app.db.backup-1")
    after, copied = stage.path.read_bytes(), copy.read_bytes()
    if way != "paste":  # who pastes it on after an error has the copy made again
        assert "duplicate column" in run(text, stage.path, way)
        assert (stage.path.read_bytes(), copy.read_bytes()) == (after, copied)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM main.new_t WHERE id = 2",
        "UPDATE main.new_t SET b = 'Q' WHERE id = 2",
        "UPDATE main.new_t SET b = CAST(b AS BLOB)",
        "UPDATE main.new_t SET id = 3 WHERE id = 2",
        "INSERT INTO main.new_t SELECT 3, a, b, c FROM main.new_t WHERE id = 2",
        "DELETE FROM main.new_t",
        "DROP TABLE main.new_t",
    ],
)
def test_a_copy_that_differs_never_takes_the_place(stage: Stage, way: str, damage: str) -> None:
    stage.script(OLD)
    lines = emergency(stage).splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("INSERT OR ABORT INTO main.new_t"))
    text = "\n".join([*lines[: at + 1], f"{damage};", *lines[at + 1 :]]) + "\n"
    assert run(text, stage.path, way) != ""
    intact(stage, [(1, "x", "p"), (2, "y", "q")])


@pytest.mark.parametrize("way", WAYS)
def test_a_row_that_came_since_and_does_not_fit(stage: Stage, way: str) -> None:
    """The copying itself fails, so the new table is empty."""
    stage.script(OLD)
    text = emergency(stage)
    stage.script("INSERT INTO t VALUES (3, 'z', NULL)")
    assert run(text, stage.path, way) != ""
    intact(stage, [(1, "x", "p"), (2, "y", "q"), (3, "z", None)])


@pytest.mark.parametrize("way", WAYS)
def test_a_column_that_came_since(stage: Stage, way: str) -> None:
    stage.script(OLD)
    text = emergency(stage)
    stage.script("ALTER TABLE t ADD COLUMN late TEXT; UPDATE t SET late = 'kept'")
    assert run(text, stage.path, way) != ""
    intact(stage, [(1, "x", "p"), (2, "y", "q")])
    assert stage.rows("SELECT late FROM t") == [("kept",), ("kept",)]


@pytest.mark.parametrize("way", WAYS)
def test_within_somebodys_transaction_with_foreign_keys_on(stage: Stage, way: str) -> None:
    """There foreign_keys cannot be turned off: DROP TABLE would delete the child's rows."""
    stage.script(OLD)
    assert run(emergency(stage, models()), stage.path, way, "PRAGMA foreign_keys = ON;\nBEGIN;\n") != ""
    intact(stage, [(1, "x", "p"), (2, "y", "q")])


def test_a_rebuild_that_is_done_is_not_done_again(stage: Stage) -> None:
    """Nor is the copy of the file replaced by one of the new file."""
    stage.script(OLD)
    text = emergency(stage, models())
    assert run(text, stage.path, "stdin") == ""
    copy = stage.path.with_name("app.db.backup-1")
    before = stage.path.read_bytes(), copy.read_bytes()
    assert "integer overflow" in run(text, stage.path, "stdin")
    assert (stage.path.read_bytes(), copy.read_bytes()) == before


@pytest.mark.parametrize("way", WAYS)
def test_while_somebody_else_writes(stage: Stage, way: str) -> None:
    stage.script(OLD)
    text = emergency(stage).replace(".timeout 2000", ".timeout 20")
    writer = sqlite3.connect(stage.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert "locked" in run(text, stage.path, way)
    writer.execute("ROLLBACK")
    writer.close()
    intact(stage, [(1, "x", "p"), (2, "y", "q")])


@pytest.mark.parametrize("way", WAYS)
def test_an_index_and_a_trigger_that_end_in_a_comment(stage: Stage, way: str) -> None:
    """SQLite stores that comment; a semicolon in its line would end nothing."""
    stage.script(
        f"{OLD} CREATE INDEX late ON t (b) -- for b\n;"
        "CREATE TRIGGER g AFTER DELETE ON t BEGIN SELECT 1; -- one\nEND -- of g\n;"
    )
    before = stage.texts()
    assert run(emergency(stage), stage.path, way) == ""
    assert Guard(MODELS).check(stage.engine).satisfied
    assert {name: stage.texts()[name] for name in ("late", "g")} == {name: before[name] for name in ("late", "g")}
