"""Copies of the file: a free name is found past whatever lies beside it; only the guard's own oldest are removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table

from schema_guard.dialects.sqlite.backup import backup_name, make_backup
from schema_guard.dialects.sqlite.own_backups import KEPT
from schema_guard.errors import StepError
from schema_guard.guard import Guard
from schema_guard.report import Outcome
from tests.sqlite.stage import Stage

MODELS = MetaData()
Table("t", MODELS, Column("id", Integer, primary_key=True), Column("a", String))
OLD = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL); INSERT INTO t VALUES (1, 'x');"


def beside(stage: Stage, number: int) -> Path:
    return Path(f"{stage.path}.backup-{number}")


def numbers(stage: Stage) -> list[int]:
    return sorted(int(path.name.rpartition("-")[2]) for path in stage.backups())


def rebuilt(stage: Stage, number: int) -> None:
    """Once more, from rows that differ."""
    stage.script(f"DROP TABLE IF EXISTS t; {OLD} UPDATE t SET a = '{number}'")
    report = Guard(MODELS).apply(stage.engine)
    assert report.satisfied
    assert {result.outcome for result in report.results} == {Outcome.DONE}


def unreadable(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0)


@pytest.mark.parametrize(
    "other",
    [
        unreadable,
        Path.mkdir,
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path),
        os.mkfifo,
        lambda path: path.write_text("not a database"),
    ],
)
def test_a_free_name_is_found_past_anything(stage: Stage, other: object) -> None:
    assert callable(other)
    stage.script(OLD)
    other(beside(stage, 1))
    rebuilt(stage, 1)
    rebuilt(stage, 2)
    assert numbers(stage) == [1, 2, 3]
    assert os.path.lexists(beside(stage, 1))


def test_an_equal_copy_that_cannot_be_read_holds_nothing_up(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the tests run as root, who can read everything."""

    def denied(*_: object, **__: object) -> bool:
        raise PermissionError

    stage.script(OLD)
    rebuilt(stage, 1)
    monkeypatch.setattr("filecmp.cmp", denied)
    rebuilt(stage, 2)
    assert numbers(stage) == [1, 2]


def test_the_newest_of_its_own_are_kept(stage: Stage) -> None:
    for number in range(1, KEPT + 4):
        rebuilt(stage, number)
    assert numbers(stage) == list(range(4, KEPT + 4))
    assert backup_name(str(stage.path)) == str(beside(stage, KEPT + 4))
    assert Stage(beside(stage, KEPT + 3)).rows("SELECT a FROM t") == [(str(KEPT + 3),)]


def test_what_is_not_its_own_is_never_removed(stage: Stage) -> None:
    beside(stage, 1).write_text("by hand")
    rebuilt(stage, 1)
    beside(stage, 2).write_bytes(beside(stage, 2).read_bytes())  # restored there by somebody: another time
    os.utime(beside(stage, 2), ns=(0, 0))
    for number in range(2, KEPT + 4):
        rebuilt(stage, number)
    assert numbers(stage)[:2] == [1, 2]
    assert len(numbers(stage)) == KEPT + 2


@pytest.mark.parametrize("content", ["my own notes\n", "", None])
def test_a_file_of_the_lists_name_is_left_alone(stage: Stage, content: str | None) -> None:
    taken = Path(f"{stage.path}.backups")
    taken.mkdir() if content is None else taken.write_text(content)
    for number in range(1, KEPT + 2):
        rebuilt(stage, number)
    assert taken.is_dir() if content is None else taken.read_text() == content
    assert len(numbers(stage)) == KEPT + 1


def test_a_name_that_is_taken_meanwhile_is_not_overwritten(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.script(OLD)
    target = beside(stage, 1)
    monkeypatch.setattr("os.path.lexists", lambda _: False)
    target.write_text("just made")
    with pytest.raises(StepError, match="exists already and is not overwritten"):
        make_backup(str(stage.path), str(target), 1.0)
    assert target.read_text() == "just made"


def test_the_plan_says_where_and_how_many(stage: Stage) -> None:
    stage.script(OLD)
    step = Guard(MODELS).plan(stage.engine).steps[0]
    assert step.why == f"a copy of the file before its first rebuild: {beside(stage, 1)}; the newest 3 are kept"
