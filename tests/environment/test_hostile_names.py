"""Hostile names reach neither SQL nor the terminal unquoted, whichever command and format prints them."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from pathlib import Path

import pytest

from schema_guard import Guard
from tests.environment.hostile import NAMES, TARGET, metadata
from tests.faults.victim import Victims
from tests.postgres.database import Database

DRIFT = "CREATE TABLE users (id integer PRIMARY KEY); INSERT INTO users VALUES (1);\n"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _drifted(comments: bool) -> str:
    """Each table without its second column; the live constraint has a hostile name that the models don't know."""
    script = DRIFT
    for name in NAMES:
        unknown = _quoted(f"live {name}")
        script += f"CREATE TABLE {_quoted(name)} (id integer PRIMARY KEY, {_quoted(name)} varchar(40), "
        script += f"{unknown} integer, CONSTRAINT {unknown} CHECK (id < 1000000));\n"
        script += f"INSERT INTO {_quoted(name)} (id) VALUES (1), (2);\n"
        if comments:
            text = "E'" + f"live {name}".replace("\\", "\\\\").replace("'", "''") + "'"
            script += f"COMMENT ON COLUMN {_quoted(name)}.{unknown} IS {text};\n"
    return script


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Victims:
    return Victims(tmp_path_factory.mktemp("victims"))


def _prove_clean(printed: str) -> None:
    """Nothing that a terminal obeys: no control, format or bidi character but the end of a line."""
    bad = {char for char in printed if char != "\n" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")}
    assert not bad, f"{[hex(ord(char)) for char in bad]} in {printed[:2000]!r}"


def _everything(victims: Victims, url: str) -> str:
    """Every command and format that reads; returns the script of `sql`."""
    for command, *arguments in (["check"], ["check", "-v"], ["plan"], ["plan", "-v"], ["plan", "--format", "sql"]):
        ended = victims.run(command, TARGET, "--url", url, *arguments)
        assert ended.code in (0, 1), ended.err
        _prove_clean(ended.err)
        if "sql" not in arguments:
            _prove_clean(ended.out)
    for command in ("check", "plan"):
        json.loads(victims.run(command, TARGET, "--url", url, "--format", "json").out)
    script = victims.run("sql", TARGET, "--url", url)
    assert script.code == 0, script.err
    return script.out


def _prove_only_strangers_remain(url: str) -> None:
    """The database has CHECKs of its own that the models don't know; they may reject a row, and are left alone."""
    codes = {finding.difference.code for finding in Guard(metadata).check(url).findings}
    assert codes <= {"object-unknown", "column-unknown"}


def _applied(victims: Victims, url: str) -> None:
    ended = victims.run("apply", TARGET, "--url", url)
    assert ended.code == 0, ended.out + ended.err
    _prove_clean(ended.out)
    _prove_clean(ended.err)
    _prove_only_strangers_remain(url)


def test_apply_on_postgresql(postgres_database: Database, victims: Victims) -> None:
    """Every repair lands, and the table of users is still there."""
    done = postgres_database.server.psql(postgres_database.name, text=_drifted(comments=True))
    assert done.returncode == 0, done.stderr
    _everything(victims, postgres_database.url)
    _applied(victims, postgres_database.url)
    with postgres_database.connect() as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)


def test_the_script_on_postgresql(postgres_database: Database, victims: Victims) -> None:
    """psql runs the emergency script, twice, and it does what apply does."""
    server, name = postgres_database.server, postgres_database.name
    assert server.psql(name, text=_drifted(comments=True)).returncode == 0
    script = _everything(victims, postgres_database.url)
    offline = victims.run("sql", TARGET, "--dialect", "postgresql").out
    for text in (script, script, offline):
        done = server.psql(name, text=text)
        assert done.returncode == 0, done.stderr
    _prove_only_strangers_remain(postgres_database.url)


def test_apply_on_sqlite(sqlite_file: Path, victims: Victims) -> None:
    """Every repair lands, and the table of users is still there."""
    with sqlite3.connect(sqlite_file) as connection:
        connection.executescript(_drifted(comments=False))
    url = f"sqlite:///{sqlite_file}"
    _everything(victims, url)
    _applied(victims, url)
    with sqlite3.connect(sqlite_file) as connection:
        assert connection.execute("SELECT count(*) FROM users").fetchone() == (1,)
