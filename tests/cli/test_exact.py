"""A database that holds exactly what a frozen file expects is known by the file's digests."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_loaded_modules import SATISFIED
from tests.cli.test_remember import at_once
from tests.postgres.database import Database
from tests.postgres.server_log import ServerLog, sent

FIGURES = re.compile(r"[\d.]+ m?s, \d catalog quer(y|ies)")


@pytest.fixture
def url(application: Path, command: Command, postgres_database: Database) -> str:
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    with postgres_database.connect() as connection:
        for statement in SATISFIED:
            connection.execute(statement.replace("id INTEGER NOT NULL PRIMARY KEY", "id SERIAL PRIMARY KEY").encode())
    return postgres_database.url.replace("+psycopg", "+psycopg2")


@pytest.mark.parametrize("name", ["check", "apply"])
def test_the_command_says_the_same_and_loads_little(name: str, command: Command, url: str) -> None:
    code, said, names = at_once(name, "expected.json", "--url", url)
    assert code == 0
    assert "psycopg2" in names
    assert not {"click", "sqlalchemy", "alembic", "shop", "rich"} & names
    told = command(name, "expected.json", "--url", url)
    assert told.err == ""
    assert (told.code, FIGURES.sub("", told.out)) == (code, FIGURES.sub("", said))
    assert "1 catalog query" in said


@pytest.mark.parametrize("name", ["check", "apply"])
@pytest.mark.parametrize("how", ["an argument", "remembered", "pyproject.toml"])
def test_on_sqlite_too(name: str, how: str, application: Path, command: Command) -> None:
    """A file keeps nothing of a check, so that --remember changes nothing."""
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    url = f"sqlite:///{application / 'shop.db'}"
    assert command("apply", "shop:Base", "--url", url).code == 0
    words = ["expected.json", "--url", url]
    if how == "remembered" and name == "check":
        words.append("--remember")
    if how == "pyproject.toml":
        (application / "pyproject.toml").write_text(
            f'[tool.schema-guard]\ntarget = "expected.json"\nurl = "{url}"\nremember = true\n'
        )
        words = []
    code, said, names = at_once(name, *words)
    assert code == 0
    assert not {"click", "sqlalchemy", "alembic", "shop", "rich"} & names
    told = command(name, *words)
    assert told.err == ""
    assert (told.code, FIGURES.sub("", told.out)) == (code, FIGURES.sub("", said))


@pytest.mark.parametrize("name", ["check", "apply"])
def test_what_is_not_as_plain_on_sqlite_is_left_to_the_command(name: str, application: Path, command: Command) -> None:
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    url = f"sqlite:///{application / 'shop.db'}"
    assert "click" in at_once(name, "expected.json", "--url", url)[2], "there is no file"
    assert command("apply", "shop:Base", "--url", url).code == 0
    assert "click" not in at_once(name, "expected.json", "--url", url)[2]
    assert "click" in at_once(name, "expected.json", "--url", f"{url}?timeout=5")[2]
    with closing(sqlite3.connect(application / "shop.db")) as connection:
        connection.execute("DROP INDEX ix_proposals_visitor")
    code, said, names = at_once(name, "expected.json", "--url", url)
    assert "click" in names
    assert ("ix_proposals_visitor" in said, code) == (True, 0)


def test_what_differs_is_left_to_the_command(application: Path, url: str, postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE proposals ADD COLUMN other int")
    assert " 1 note " in at_once("check", "expected.json", "--url", url)[1]
    with postgres_database.connect() as connection:
        connection.execute("DROP INDEX ix_proposals_visitor")
    assert "1 difference weakens it" not in at_once("apply", "expected.json", "--url", url, "--budget=20s")[1]
    assert at_once("check", "expected.json", "--url", url, "--fail-on", "weakens")[0] == 0, "it was repaired"
    file = application / "expected.json"
    file.write_text(file.read_text().replace("VARCHAR(64)", "VARCHAR(65)"))
    for name in ("check", "apply"):
        assert at_once(name, "expected.json", "--url", url)[0] == 2, "it was edited"


@pytest.mark.parametrize("change", ["ALTER TABLE proposals ADD COLUMN other int", "DROP INDEX ix_proposals_visitor"])
def test_the_digests_are_asked_once(change: str, url: str, postgres_database: Database) -> None:
    """What the quick look found is what the whole check begins with."""
    with postgres_database.connect() as connection:
        connection.execute(change.encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET log_statement = 'all'".encode())
    log = ServerLog(postgres_database)
    assert "click" in at_once("check", "expected.json", "--url", url)[2]
    asked = [statement for _, statement in sent(log, postgres_database) if "SELECT 'default'" in statement]
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("check", ("-v",)),
        ("check", ("--exclude", "users")),
        ("apply", ("--dry-run",)),
        ("apply", ("--ddl-url", "URL")),
        ("apply", ("--remember",)),
    ],
)
def test_other_options_are_left_to_the_command(name: str, words: tuple[str, ...], url: str) -> None:
    options = [url if word == "URL" else word for word in words]
    assert "click" in at_once(name, "expected.json", "--url", url, *options)[2]


@pytest.mark.parametrize(
    "setting", ["history = true", 'exclude = ["users"]', "comments = false", 'accept = ["column-missing a.b"]']
)
def test_so_are_settings(setting: str, application: Path, url: str) -> None:
    (application / "pyproject.toml").write_text(f"[tool.schema-guard]\n{setting}\n")
    assert "click" in at_once("apply", "expected.json", "--url", url)[2]


def test_and_a_chain_at_hand(application: Path, url: str) -> None:
    """Migrations may be behind what the database says of them, which apply tells; check does not look."""
    (application / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    assert "click" in at_once("apply", "expected.json", "--url", url)[2]
    assert "click" not in at_once("check", "expected.json", "--url", url)[2]
