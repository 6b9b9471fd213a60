"""`schema-guard freeze`: a file in place of the models, in every command."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from schema_guard import Guard
from schema_guard.frozen_text import digest
from schema_guard.sources.frozen.document import _text
from tests.cli.conftest import Command, url_of
from tests.postgres.database import Database

BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
    "INSERT INTO users VALUES (1)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id))",
    "INSERT INTO proposals VALUES (1, 1)",
)


@pytest.fixture
def file(application: Path, command: Command) -> Path:
    """The file of the application, which cannot be imported any more."""
    made = command("freeze", "shop:Base", "-o", "expected.json")
    assert (made.code, made.out) == (0, "")
    (application / "shop.py").write_text("raise RuntimeError('the application was imported')")
    return application / "expected.json"


@pytest.mark.usefixtures("file")
def test_check_plan_apply_and_run_take_the_file(application: Path, command: Command) -> None:
    url = url_of(application, BEFORE)
    assert command("check", "expected.json", "--url", url).code == 1
    planned = command("plan", "expected.json", "--url", url)
    assert "ADD COLUMN visitor" in planned.out
    applied = command("apply", "expected.json", "--url", url)
    assert applied.code == 0, applied.out
    checked = command("check", "expected.json", "--url", url, "--fail-on", "notes")
    assert checked.code == 0, checked.out
    rows = sqlite3.connect(application / "shop.db").execute("SELECT id, user_id, visitor FROM proposals").fetchall()
    assert rows == [(1, 1, None)]


def test_what_pyproject_accepts_is_frozen(application: Path, command: Command) -> None:
    """With reason, name and day, and without the place: the file is the same on each machine."""
    key = "column-missing proposals.visitor"
    accepted = f'{{key = "{key}", reason = "later", by = "ops", expires = 2999-12-31}}'
    (application / "pyproject.toml").write_text(f"[tool.schema-guard]\naccept = [{accepted}]\n")
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    (application / "pyproject.toml").unlink()
    assert str(application) not in (application / "expected.json").read_text()
    found = command("check", "expected.json", "--url", url_of(application, BEFORE), "-v")
    assert f"accepted: '{key}' (breaks): later, by ops, until 2999-12-31" in found.out
    assert found.code == 0


@pytest.mark.usefixtures("file")
def test_on_postgresql_names_are_found_by_the_search_path(command: Command, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA app; CREATE TABLE app.users (id serial PRIMARY KEY)")
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET search_path = app, public".encode())
    applied = command("apply", "expected.json", "--url", postgres_database.url)
    assert applied.code == 0, applied.out
    with postgres_database.connect() as connection:
        tables = connection.execute("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('app', 'public')")
        assert sorted(tables.fetchall()) == [("app", "proposals"), ("app", "users")]


@pytest.mark.usefixtures("file")
def test_the_other_commands(application: Path, command: Command) -> None:
    url = url_of(application, BEFORE)
    assert "CREATE TABLE" in command("sql", "expected.json", "--dialect", "postgresql").out
    revision = command("revision", "expected.json", "-m", "x", "--url", url, "--sql-preview")
    assert revision.code == 2
    assert "holds what the models expect, not the models: give module:attribute" in revision.err
    doctor = command("doctor", "expected.json", "--url", url)
    assert "no Alembic configuration" in doctor.out + doctor.err or doctor.code in (0, 1)
    again = command("freeze", "expected.json")
    assert again.out == (application / "expected.json").read_text()


def test_check_says_what_changed(application: Path, command: Command) -> None:
    missing = command("freeze", "shop:Base", "--check", "-o", "expected.json")
    assert missing.code == 1
    assert "expected.json is not there: write it with schema-guard freeze shop:Base -o expected.json\n" in missing.err
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    assert command("freeze", "shop:Base", "--check", "-o", "expected.json").code == 0
    text = (application / "expected.json").read_text()
    changed = command("freeze", "shop:Base.metadata", "--check", "-o", "expected.json")
    assert changed.code == 0, "the same models by another name"
    (application / "expected.json").write_text(text.replace("VARCHAR(64)", "VARCHAR(32)"))
    differs = command("freeze", "shop:Base", "--check", "-o", "expected.json", "--exclude", "table:old *")
    assert differs.code == 1
    assert re.search(r"^\+.*VARCHAR\(64\)", differs.out, re.MULTILINE)
    again = "write it again with schema-guard freeze shop:Base --exclude 'table:old *' -o expected.json\n"
    assert again in differs.err
    assert (application / "expected.json").read_text() != text, "--check writes nothing"


def _edited(text: str) -> str:
    return text.replace("VARCHAR(64)", "VARCHAR(32)")


def _of_another_format(text: str) -> str:
    return json.dumps({**json.loads(text), "schema_guard_expectations": 99})


def _with_an_unknown_field(text: str) -> str:
    data = json.loads(text)
    data["expected"]["sqlite"]["tables"][0]["colour"] = "red"
    return json.dumps(data)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_edited, "is damaged, or was edited by hand"),
        (lambda text: text[: len(text) // 2], "is not a JSON document"),
        (lambda _: "{}", "is not a frozen file"),
        (lambda _: "[" * 100_000, "is not a JSON document"),
        (lambda _: "\udcff", "is not a JSON document"),
        (_of_another_format, "has the format 99, this version of schema-guard reads 1"),
        (_with_an_unknown_field, "is damaged, or was edited by hand"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line(
    file: Path, command: Command, damage: Callable[[str], str], reason: str
) -> None:
    file.write_bytes(damage(file.read_text()).encode("utf-8", "surrogateescape"))
    refused = command("apply", "expected.json", "--url", url_of(file.parent, BEFORE))
    assert refused.code == 2
    assert reason in refused.err
    assert refused.err.count("\n") == 1, refused.err


def test_an_edited_file_is_taken_when_told(file: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(_edited(file.read_text()))
    monkeypatch.setenv("SCHEMA_GUARD_ALLOW_EDITED", "1")
    applied = command("apply", "expected.json", "--url", url_of(file.parent, BEFORE))
    assert applied.code == 0, applied.err
    [table] = sqlite3.connect(file.parent / "shop.db").execute("SELECT sql FROM sqlite_master WHERE name = 'proposals'")
    assert "VARCHAR(32)" in table[0]
    file.write_text(_with_an_unknown_field(file.read_text()))
    refused = command("check", "expected.json", "--url", url_of(file.parent))
    assert (refused.code, "table knows no colour" in refused.err.lower()) == (2, True), refused.err


def test_a_file_of_a_newer_version_is_one_line(file: Path, command: Command) -> None:
    """Its hash fits, and a part of it that is asked for is of another form; the other parts are not looked at."""
    data = json.loads(_with_an_unknown_field(file.read_text()))
    del data["hash"]
    file.write_text(json.dumps({**data, "hash": digest(_text(data))}))
    refused = command("check", "expected.json", "--url", url_of(file.parent))
    assert refused.code == 2
    assert refused.err == (f"schema-guard: {file} cannot be read as format 1: schema.tables: Table knows no colour\n")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"expected": None}, "expected: None is not an object"),
        ({"expected": {}}, "it has nothing for postgresql, sqlite"),
        ({"policy": []}, "[] is not an object"),
        ({"policy": {"colour": 1}}, "Policy knows no colour"),
        ({"policy": {"rewrite_below": "many"}}, "policy.rewrite_below: 'many' is not of the type int"),
        ({"heads": 3}, "3 is not a list"),
        ({"name": None}, "None is not of the type str"),
        ({"expected": {"postgresql": {}, "sqlite": {"tables": [{"columns": []}]}}}, "schema.tables: Table has no name"),
    ],
)
def test_what_was_edited_to_nonsense_is_one_line(
    file: Path, command: Command, monkeypatch: pytest.MonkeyPatch, changed: dict[str, object], reason: str
) -> None:
    monkeypatch.setenv("SCHEMA_GUARD_ALLOW_EDITED", "1")
    file.write_text(json.dumps({**json.loads(file.read_text()), **changed}))
    refused = command("check", "expected.json", "--url", url_of(file.parent))
    assert refused.err == f"schema-guard: {file} cannot be read as format 1: {reason}\n"
    assert refused.code == 2


@pytest.mark.parametrize("key", ["name", "policy", "accept", "heads", "expected"])
def test_what_lacks_a_part_is_one_line(file: Path, command: Command, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("SCHEMA_GUARD_ALLOW_EDITED", "1")
    data = json.loads(file.read_text())
    del data[key]
    file.write_text(json.dumps(data))
    refused = command("check", "expected.json", "--url", url_of(file.parent))
    assert refused.err == f"schema-guard: {file} cannot be read as format 1: it has no {key}\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_harm(file: Path, command: Command, encoding: str) -> None:
    file.write_text(file.read_text(), encoding=encoding, newline="\r\n")
    assert command("apply", "expected.json", "--url", url_of(file.parent, BEFORE)).code == 0


def test_a_missing_file_is_one_line(command: Command) -> None:
    refused = command("check", "nowhere.json", "--url", "sqlite://")
    assert refused.code == 2
    assert "nowhere.json cannot be read: No such file" in refused.err


def test_in_python(file: Path) -> None:
    report = Guard.frozen(file).apply(url_of(file.parent, BEFORE))
    assert report.satisfied


def test_a_typo_in_the_environment_is_said(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCHEMA_GUARD_BUGDET", "3s")
    ran = command("check", "shop:Base", "--url", "sqlite://")
    assert "SCHEMA_GUARD_BUGDET sets nothing; did you mean 'SCHEMA_GUARD_BUDGET'?" in ran.err
