"""--include, --exclude and `info={"schema_guard": "ignore"}`: what is not guarded is neither checked nor repaired."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, Ran, url_of
from tests.cli.test_commands import validate
from tests.postgres.database import Database

MODELS = """
from sqlalchemy import Enum, ForeignKey, Index, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(30))
    secret: Mapped[str | None] = mapped_column(String(30), info={"schema_guard": "ignore"}, index=True)

class Account(Base):
    __tablename__ = "legacy_accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    mood: Mapped[str] = mapped_column(Enum("a", "b", name="legacy_mood"))

class Note(Base):
    __tablename__ = "notes"
    __table_args__ = (Index("legacy_ix", "account_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("legacy_accounts.id"))

class Scratch(Base):
    __tablename__ = "scratch"
    __table_args__ = {"info": {"schema_guard": "ignore"}}
    id: Mapped[int] = mapped_column(primary_key=True)
"""
BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, tenant INTEGER NOT NULL)",
    "CREATE TABLE legacy_accounts (id INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE notes (id INTEGER NOT NULL PRIMARY KEY, account_id INTEGER)",
    "CREATE TABLE foreign_one (id INTEGER)",
    "CREATE UNIQUE INDEX legacy_other ON users (tenant)",
)
TOML = '[tool.schema-guard]\nexclude = ["legacy_accounts", "foreign_*", "index:legacy_*", "column:users.tenant"]\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, application: Path) -> str:
    """Other people's tables, and drift in those that are left out as well as in those that are not."""
    (application / "shop.py").write_text(MODELS)
    if request.param == "sqlite":
        return url_of(application, BEFORE)
    database: Database = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        connection.execute(";".join(BEFORE).replace("id INTEGER NOT NULL PRIMARY", "id SERIAL PRIMARY").encode())
    return database.url


def left_out(ran: Ran) -> set[str]:
    validate(ran.out)
    return {f"{each['kind']} {each['name']}" for each in json.loads(ran.out)["left_out"]}


def keys(ran: Ran) -> set[str]:
    return {each["key"] for each in json.loads(ran.out)["differences"]}


def test_what_is_excluded_is_neither_checked_nor_repaired(command: Command, application: Path, url: str) -> None:
    (application / "pyproject.toml").write_text(TOML)
    arguments = ("shop:Base", "--url", url)
    found = command("check", *arguments, "--format", "json")
    # the foreign key to an excluded table is still checked
    assert keys(found) == {"column-missing users.name", "foreign-key-missing notes.fk(account_id) to legacy_accounts"}
    types = {"type legacy_mood"} if url.startswith("postgresql") else set()
    parts = {"column users.secret", "index users.ix_users_secret", "index notes.legacy_ix"}
    assert left_out(found) == {"table legacy_accounts", "table scratch", *parts, *types}

    check = command("check", *arguments)
    (line,) = [line for line in check.out.splitlines() if line.startswith("not checked, excluded: ")]
    assert f"{5 + len(types)} objects of the models (table legacy_accounts, table scratch, " in line
    assert "warning" not in check.out
    assert "2 tables expected" in check.out
    script = command("sql", "shop:Base", "--dialect", "postgresql").out
    assert "legacy_mood" not in script
    assert "scratch" not in script

    applied = command("apply", *arguments)
    assert applied.code == 0, applied
    assert "the database has all" not in applied.out
    after = command("check", *arguments, "--fail-on", "notes")
    assert (after.code, after.verdict.partition(" ·")[0]) == (0, "satisfied")
    whole = command("check", "shop:Base", "--url", url, "--format", "json", "--include", "legacy_*")
    assert keys(whole) == set(), "what is excluded stays so"


def test_what_stands_on_an_excluded_column_is_no_finding(
    command: Command, application: Path, postgres_database: Database
) -> None:
    """An unknown UNIQUE, CHECK or index there is as little checked as the column."""
    (application / "shop.py").write_text(MODELS)
    arguments = ("shop:Base", "--url", postgres_database.url, "--exclude", "column:users.tenant")
    assert command("apply", *arguments).code == 0
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE users ADD tenant integer CHECK (tenant > 0) UNIQUE")
        connection.execute("CREATE INDEX ON users (secret); ALTER TABLE users ADD CHECK (secret <> '')")
        connection.execute("ALTER TABLE users ADD CHECK (name <> 'x')")
    assert keys(command("check", *arguments, "--format", "json")) == {"object-unknown users.users_name_check:CHECK"}


def test_what_is_included_is_all_that_is_guarded(
    command: Command, application: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = command("check", "shop:Base", "--url", url, "--include", "notes", "--format", "json")
    assert {key for key in keys(found) if "notes" not in key} == set()
    assert left_out(found) >= {"table users", "table legacy_accounts"}
    monkeypatch.setenv("SCHEMA_GUARD_INCLUDE", "legacy_*, table:users")
    monkeypatch.setenv("SCHEMA_GUARD_EXCLUDE", "users")
    other = command("check", "shop:Base", "--url", url, "--format", "json")
    assert keys(other)
    assert all("legacy_" in key for key in keys(other)), other
    assert "table users" in left_out(other)


def test_a_frozen_file_knows_what_is_excluded(command: Command, application: Path, url: str) -> None:
    (application / "pyproject.toml").write_text(TOML)
    assert command("freeze", "shop:Base", "-o", "shop.json").code == 0
    expected = keys(command("check", "shop:Base", "--url", url, "--format", "json"))
    (application / "pyproject.toml").unlink()
    frozen = command("check", "shop.json", "--url", url, "--format", "json")
    assert keys(frozen) == expected
    assert "table scratch" in left_out(frozen)
    more = command("check", "shop.json", "--url", url, "--format", "json", "--exclude", "users")
    assert keys(more) == {key for key in expected if "users" not in key}


def test_another_release_is_not_held_against_what_is_excluded(command: Command, application: Path) -> None:
    """`compat`: what this release does not repair cannot break the other one."""
    plain = MODELS.replace('tablename__ = "notes"', 'tablename__ = "notes"\n    at: Mapped[int{}] = mapped_column()')
    (application / "old.py").write_text(plain.replace("{}", " | None"))
    (application / "shop.py").write_text(plain.replace("{}", ""))
    assert command("freeze", "old:Base", "-o", "old.json").code == 0
    whole = command("compat", "shop:Base", "--against", "old.json")
    assert (whole.code, "notes" in whole.out) == (1, True), whole
    without = command("compat", "shop:Base", "--against", "old.json", "--exclude", "notes")
    assert without.code == 0, without


def test_a_pattern_that_names_nothing_is_told(command: Command, application: Path) -> None:
    (application / "shop.py").write_text(MODELS)
    url = url_of(application, BEFORE)
    typo = ("--exclude", "legacy_acount", "--exclude", "index:legacy_x*", "--exclude", "spatial_ref_sys")
    ran = command("check", "shop:Base", "--url", url, *typo, "--exclude", "foreign_one")
    warnings = [line for line in ran.out.splitlines() if line.startswith("warning: exclude")]
    assert len(warnings) == 2
    assert "the nearest name is 'legacy_accounts'" in warnings[0]
    assert "'index:legacy_x*' (--exclude): nothing in the models" in warnings[1]


@pytest.mark.parametrize("command_name", ["check", "plan", "apply"])
@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("legacy_acounts", "include 'legacy_acounts' (--include): the models have no table of this name"),
        ("users, nots", "so it would guard none; the nearest name is 'notes'"),
        ("foreign_one", "the models have no table of this name"),
        ("schema:audit", "include 'schema:audit' (--include): the models have no schema of this name"),
    ],
)
def test_an_included_table_that_the_models_lack_is_an_error(
    command: Command, application: Path, url: str, command_name: str, pattern: str, says: str
) -> None:
    """It would guard less than was meant, and exit 0."""
    ran = command(command_name, "shop:Base", "--url", url, "--include", pattern)
    assert (ran.code, ran.out) == (2, ""), ran
    assert says in ran.err


def test_an_emergency_script_of_nothing_is_an_error(command: Command, application: Path) -> None:
    (application / "shop.py").write_text(MODELS)
    ran = command("sql", "shop:Base", "--dialect", "postgresql", "--include", "user")
    assert (ran.code, ran.out) == (2, ""), ran
    assert "the nearest name is 'users'" in ran.err


def test_each_release_has_its_own_tables_to_include(command: Command, application: Path) -> None:
    """`compat`: the other one may not have the table yet."""
    (application / "old.py").write_text(MODELS)
    (application / "shop.py").write_text(MODELS.replace('"notes"', '"letters"'))
    assert command("freeze", "old:Base", "-o", "old.json").code == 0
    ran = command("compat", "shop:Base", "--against", "old.json", "--include", "letters")
    assert ran.code == 0, ran


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--exclude", "tabel:x"), "'tabel' is not a kind of object here; known are schema:, table:"),
        (("--include", "index:x"), "known are schema:, table: or none"),
        (("--include", ""), "--include has no value"),
        (("--exclude", " , "), "--exclude: is empty: expected patterns such as"),
    ],
)
def test_a_kind_that_is_none_or_no_pattern_at_all(
    command: Command, application: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = command("check", "shop:Base", "--url", "sqlite:///shop.db", *arguments)
    assert ran.code == 2
    assert says in ran.err


def test_a_foreign_key_waits_for_an_excluded_table_that_is_missing(
    command: Command, application: Path, url: str
) -> None:
    """Nothing is tried that fails."""
    arguments: tuple[Any, ...] = ("shop:Base", "--url", url, "--include", "scratch*", "--include", "notes")
    (application / "shop.py").write_text(
        MODELS.replace('"legacy_accounts"', '"gone"').replace("legacy_accounts.id", "gone.id")
    )
    ran = command("apply", *arguments, "--format", "json")
    assert ran.code == 0, ran
    results = json.loads(ran.out)["results"]
    assert {each["outcome"] for each in results} <= {"done"}, results
    if url.startswith("postgresql"):
        (refusal,) = [each["refusal"] for each in json.loads(ran.out)["differences"] if each["refusal"]]
        assert refusal["reason"] == "waits for table gone, which cannot be provided: it is missing"
