"""The history: only where it was asked for, only of runs that did something, and never reported as unknown."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, inspect

from schema_guard import Guard
from schema_guard.history.release import VARIABLES, release_of
from schema_guard.history.table import CREATE
from schema_guard.integrations.alembic import HISTORY
from schema_guard.names import HISTORY_TABLE
from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE
from tests.postgres.database import Database

LOGS = Path(__file__).resolve().parents[2] / "docs" / "logs.md"
SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "schema-guard-1.json"


def tables(url: str) -> set[str]:
    engine = create_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, application: Path) -> str:
    if request.param == "sqlite":
        return url_of(application, BEFORE)
    database: Database = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        for statement in BEFORE:
            connection.execute(statement.encode())
    return database.url


def test_a_run_is_recorded_and_shown(url: str, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMA_GUARD_RELEASE", "it's v1.4 \\ 100%")
    assert command("apply", "shop:Base", "--url", url, "--history").code == 0
    assert command("apply", "shop:Base", "--url", url, "--history").code == 0, "nothing to do: nothing is written"
    document = json.loads(command("history", "shop:Base", "--url", url, "--format", "json").out)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    (run,) = document["runs"]
    assert run["release"] == "it's v1.4 \\ 100%"
    assert run["host"]
    assert run["can_start"] is True
    assert run["at"].endswith("Z")
    assert ("proposals.visitor", "done") in {(step["object"], step["outcome"]) for step in run["steps"]}
    assert any("ADD COLUMN visitor" in sql for step in run["steps"] for sql in step["statements"])
    text = command("history", "shop:Base", "--url", url, "-v")
    assert "release it's v1.4 \\ 100%" in text.out
    assert "ADD COLUMN visitor" in text.out
    assert "\\n" not in text.out, "a statement of several lines is shown as such"
    assert text.verdict == "1 run · exit 0"
    for name in ("check", "plan"):
        assert HISTORY_TABLE not in command(name, "shop:Base", "--url", url, "-v").out


def test_nothing_is_made_where_nobody_asked(url: str, command: Command) -> None:
    assert command("apply", "shop:Base", "--url", url).code == 0
    assert HISTORY_TABLE not in tables(url)
    assert command("history", "shop:Base", "--url", url).verdict.startswith("no run is recorded")


def test_the_settings_switch_it_on(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    (application / "pyproject.toml").write_text('[tool.schema-guard]\nhistory = true\nrelease = "r1"\n')
    assert command("apply", "shop:Base", "--url", url).code == 0
    assert "release r1" in command("history", "shop:Base", "--url", url).out


def test_that_it_cannot_be_written_changes_nothing_else(command: Command, application: Path) -> None:
    url = url_of(application, (*BEFORE, f"CREATE TABLE {HISTORY_TABLE} (id INTEGER PRIMARY KEY)"))
    ran = command("apply", "shop:Base", "--url", url, "--history")
    assert ran.code == 0
    assert "warning: the history was not written: " in ran.out


def test_in_python(application: Path) -> None:
    url = f"sqlite:///{application / 'a.db'}"
    metadata = MetaData()
    Table("item", metadata, Column("id", Integer, primary_key=True))
    guard = Guard(metadata)
    assert guard.recording("v2").apply(url).worst is None
    with closing(sqlite3.connect(application / "a.db")) as connection:
        assert connection.execute(f"SELECT release, can_start FROM {HISTORY_TABLE}").fetchall() == [("v2", 1)]


def test_the_release_is_what_somebody_said_or_the_host() -> None:
    assert release_of("mine", dict.fromkeys(VARIABLES, "theirs")) == "mine"
    assert [release_of(None, {name: "theirs"}) for name in VARIABLES] == ["theirs"] * len(VARIABLES)
    assert release_of(None, {}) == ""


def test_its_statements_are_documented() -> None:
    text = LOGS.read_text(encoding="utf-8")
    assert all(statement.format(table=HISTORY_TABLE) in text for statement in CREATE.values())
    assert all(f"`{name}`" in text for name in VARIABLES)
    assert HISTORY == HISTORY_TABLE
