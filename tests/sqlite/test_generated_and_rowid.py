"""What a rebuild copies when a column becomes generated, or the key becomes the rowid."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import Column, Computed, Integer, MetaData, String, Table

from schema_guard.dialects import open_session
from schema_guard.difference import Impact
from schema_guard.errors import StepError
from tests.sqlite.stage import Stage


def generated() -> MetaData:
    metadata = MetaData()
    made = Column("made", String, Computed("upper(a)", persisted=True))
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", String), made)
    return metadata


def keyed() -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", String))
    return metadata


def test_an_ordinary_column_of_an_empty_table_becomes_generated(stage: Stage) -> None:
    """The copy names no column that the new table computes."""
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, a TEXT, made TEXT)")
    stage.satisfied(generated())
    stage.script("INSERT INTO t (a) VALUES ('x')")
    assert stage.rows("SELECT made FROM t") == [("X",)]


def test_a_row_that_came_in_between_keeps_its_value(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY NOT NULL, a TEXT, made TEXT)")
    rebuild = next(step for step in stage.plan(generated()).steps if step.rewrites)
    stage.script("INSERT INTO t VALUES (1, 'x', 'written')")
    with closing(open_session(stage.engine)) as session, pytest.raises(StepError):
        session.execute(rebuild, 1.0, 30.0, list[str]().append)
    assert stage.rows("SELECT made FROM t") == [("written",)]


def test_the_key_and_the_rowid_are_one_rebuild(stage: Stage) -> None:
    stage.script("CREATE TABLE t (id INTEGER NOT NULL, a TEXT); INSERT INTO t VALUES (5, 'x')")
    assert len([step for step in stage.plan(keyed()).steps if step.rewrites]) == 1
    stage.satisfied(keyed())


@pytest.mark.parametrize("name", ["rowid", "OID", "_rowid_"])
@pytest.mark.parametrize("create", ["TABLE t (a TEXT)", "VIRTUAL TABLE t USING fts5(a)"])
def test_the_rowid_is_there_although_no_definition_names_it(stage: Stage, create: str, name: str) -> None:
    """Models map it to have a key for a table without one; the application's statements reach it by that name."""
    metadata = MetaData()
    table = Table("t", metadata, Column(name, Integer, primary_key=True), Column("a", String))
    stage.script(f"CREATE {create}; INSERT INTO t (a) VALUES ('x')")
    assert all(difference.impact is Impact.NOTES for difference in stage.plan(metadata).differences)
    with stage.engine.begin() as connection:
        assert connection.execute(table.insert().values(a="y")).inserted_primary_key == (2,)
        assert connection.execute(table.select()).all() == [(1, "x"), (2, "y")]


def test_a_table_without_rowid_has_no_such_name(stage: Stage) -> None:
    metadata = MetaData()
    Table("t", metadata, Column("rowid", Integer, primary_key=True), Column("a", String))
    stage.script("CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID")
    assert "column-missing t.rowid" in {difference.key for difference in stage.plan(metadata).differences}
