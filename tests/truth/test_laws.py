"""The laws find what they are there for: a verdict that is not true, and a step that takes something away."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from tests.scenarios.on_sqlite import SqliteStage
from tests.truth.entities import world_of
from tests.truth.ideal import in_memory, of_application
from tests.truth.laws import State, lost
from tests.truth.places import OnSqlite, sqlite_image, tried
from tests.truth.trial import Trial, setting

FEWER = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(10))"


def models(*more: str) -> sa.MetaData:
    metadata = sa.MetaData()
    columns = [sa.Column(name, sa.String(10)) for name in ("name", *more)]
    sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def trial(stage: SqliteStage, guarded: sa.MetaData, used: sa.MetaData) -> Trial:
    """A guard of some models, and an application that uses others."""
    tables = list(used.tables.values())
    on_connect = setting("PRAGMA foreign_keys = ON")
    statements = of_application(world_of(tables, stage.database.dialect), in_memory(tables, on_connect))
    return Trial(Guard(guarded), stage, stage.database, stage.database, statements, on_connect)


@pytest.fixture
def stage(sqlite_file: Path) -> SqliteStage:
    return SqliteStage(sqlite_file)


def test_a_break_that_is_not_told_is_found(stage: SqliteStage) -> None:
    stage.set_up(FEWER)
    with closing(stage):
        wrong = trial(stage, models(), models("email")).violations()
    assert wrong[0] == "before: can start, but these statements fail"
    assert any("no such column: users.email" in line for line in wrong)


def test_a_break_that_is_none_is_found(stage: SqliteStage) -> None:
    stage.set_up(FEWER)
    with closing(stage):
        wrong = trial(stage, models("email"), models()).violations()
    assert wrong[0] == "before: breaks, but every statement works"


def test_a_true_verdict_and_a_good_step_violate_nothing(stage: SqliteStage) -> None:
    stage.set_up(FEWER)
    with closing(stage):
        put = trial(stage, models("email"), models("email"))
        assert put.violations() == []
        assert put.steps == 1


def test_what_a_change_takes_away_is_found(stage: SqliteStage) -> None:
    stage.set_up(FEWER)
    with closing(stage):
        put = trial(stage, models(), models())
        before = put.state("before", put.statements)
        stage.query("CREATE TRIGGER closed BEFORE DELETE ON users BEGIN SELECT RAISE(ABORT, 'closed'); END")
        failed = tried(OnSqlite(sqlite_image(stage.file)), put.statements)
    gone = lost(before, State("after the trigger", before.report, failed))
    assert gone[0] == "after the trigger: what worked before fails"
    assert "  users: delete: IntegrityError: (sqlite3.IntegrityError) closed" in gone
