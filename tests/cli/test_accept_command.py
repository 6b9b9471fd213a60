"""`schema-guard accept`: a baseline in pyproject.toml, after which only what is new counts."""

from __future__ import annotations

import json
import sqlite3
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, url_of
from tests.cli.test_accept import BEFORE, KEY
from tests.postgres.database import Database

FOREIGN = (
    "CREATE TABLE legacy_one (id INTEGER)",
    "CREATE TABLE legacy_two (id INTEGER)",
    "CREATE INDEX legacy_ix ON users (tenant)",
)
CHECK = ("check", "shop:Base", "--fail-on", "notes", "--url")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, application: Path) -> str:
    """Two tables of somebody else's, and drift of our own."""
    if request.param == "sqlite":
        return url_of(application, (*BEFORE, *FOREIGN))
    database: Database = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        connection.execute(";".join((*BEFORE, *FOREIGN)).encode())
    return database.url


def entries(application: Path) -> list[Any]:
    found = tomllib.loads((application / "pyproject.toml").read_text())["tool"]["schema-guard"]["accept"]
    assert isinstance(found, list)
    return found


def test_a_baseline_and_what_is_new(command: Command, application: Path, url: str) -> None:
    """After it `check --fail-on notes` exits with 0; what comes later counts; what went is told in one line."""
    (application / "pyproject.toml").write_text("[tool.ruff] # of ruff\nline-length = 100\n")
    found = {each["key"] for each in json.loads(command(*CHECK, url, "--format", "json").out)["differences"]}
    ran = command(
        "accept", "shop:Base", "--url", url, "--reason", "before 2020", "--by", "ops", "--expires", "2999-01-31"
    )
    assert ran.code == 0, ran
    assert f"breaks   '{KEY}'" in ran.out
    assert "apply would repair" in ran.out
    assert {each["key"] for each in entries(application)} == found
    assert {each["reason"] for each in entries(application)} == {"before 2020"}
    assert (application / "pyproject.toml").read_text().startswith("[tool.ruff] # of ruff\n")

    check = command(*CHECK, url)
    assert check.code == 0
    assert f"{len(found)} accepted" in check.verdict
    assert f"accepted: '{KEY}' (breaks): before 2020, by ops, until 2999-01-31" in check.out
    assert "(-v lists all)" in check.out
    assert "legacy_one" not in check.out
    assert "warning" not in check.out
    listed = json.loads(command(*CHECK, url, "--format", "json").out)
    assert (listed["accepted"], {each["key"] for each in listed["differences"]}) == (len(found), found)
    assert "nothing to accept" in command("accept", "shop:Base", "--url", url).out


def test_only_what_a_pattern_names_and_prune(command: Command, application: Path) -> None:
    url = url_of(application, (*BEFORE, *FOREIGN))
    ran = command("accept", "shop:Base", "--url", url, "--only", "table-unknown legacy_*", "--only", KEY)
    assert (ran.code, sorted(entries(application))) == (
        0,
        [KEY, "table-unknown legacy_one", "table-unknown legacy_two"],
    )
    assert command("accept", "shop:Base", "--url", url, "--prune").out.startswith("nothing to take out")
    with sqlite3.connect(application / "shop.db") as connection:
        connection.execute("DROP TABLE legacy_one")
    connection.close()
    check = command("check", "shop:Base", "--url", url)
    (warning,) = [line for line in check.out.splitlines() if line.startswith("warning: accept")]
    assert warning.endswith(
        "no such difference now: 'table-unknown legacy_one'; the command `accept --prune` removes it"
    )
    pruned = command("accept", "shop:Base", "--url", url, "--prune")
    assert (pruned.code, pruned.out.splitlines()[0]) == (0, "taken out: 'table-unknown legacy_one'")
    assert sorted(entries(application)) == [KEY, "table-unknown legacy_two"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--only", "column-unknown users.tenants"), "the nearest key is 'column-unknown users.tenant'"),
        (("--expires", "soon"), "--expires expected a day such as 2026-12-31"),
        (("--expires", "2020-01-01"), "has passed"),
        (("--prune", "--by", "me"), "does not go with"),
    ],
)
def test_what_is_refused_writes_nothing(
    command: Command, application: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = command("accept", "shop:Base", "--url", url_of(application, BEFORE), *arguments)
    assert ran.code == 2
    assert says in ran.err
    assert not (application / "pyproject.toml").exists()


def test_an_empty_database_prunes_nothing(command: Command, application: Path) -> None:
    text = f"[tool.schema-guard]\naccept = ['{KEY}']\n"
    (application / "pyproject.toml").write_text(text)
    ran = command("accept", "shop:Base", "--url", url_of(application), "--prune")
    assert ran.code == 2
    assert "no table of the models is at" in ran.err
    assert (application / "pyproject.toml").read_text() == text
