"""Something was renamed in the models and nobody renamed it in the database: the way out is printed, and it works."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from tests.cli.conftest import Command, Ran
from tests.cli.test_commands import validate
from tests.postgres.database import Database

MODELS = """
from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    full_name: Mapped[str{optional}] = mapped_column(String(100){default})
    email: Mapped[str | None] = mapped_column(String(50))

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    payload: Mapped[str | None] = mapped_column(String(20))

class Mark(Base):
    __tablename__ = "marks"
    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id"))
"""
USERS = "CREATE TABLE users (id SERIAL PRIMARY KEY, {column}, email VARCHAR(50))"
RUNS = "(id SERIAL PRIMARY KEY, user_id INTEGER REFERENCES users (id), payload VARCHAR(20))"
MARKS = "CREATE TABLE marks (id SERIAL PRIMARY KEY, run_id INTEGER REFERENCES {table} (id))"
PEOPLE = "INSERT INTO users ({column}, email) VALUES ('Ann', 'a@b'), ('Bob', 'b@b')"


class Shop:
    """A database of one system, and an application on it."""

    def __init__(self, url: str, execute: Callable[[str], object], directory: Path) -> None:
        self.url, self._execute, self.directory = url, execute, directory
        self.models()

    def models(self, optional: str = " | None", default: str = "") -> None:
        (self.directory / "shop.py").write_text(MODELS.format(optional=optional, default=default))

    def run(self, *statements: str) -> None:
        for statement in statements:
            self._execute(statement.replace("SERIAL", "INTEGER") if self.url.startswith("sqlite") else statement)

    def names(self) -> list[str]:
        """What the application reads and writes, with its own models."""
        shop = sys.modules["shop"]
        engine = create_engine(self.url)
        with Session(engine) as session:
            session.add(shop.Mark(run_id=None))
            session.add(shop.User(full_name="Zoe", email=None))
            session.flush()
            found = [*session.scalars(select(shop.User.full_name).order_by(shop.User.id))]
        engine.dispose()
        return found


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, application: Path) -> Iterator[Shop]:
    if request.param == "sqlite":
        file = application / "shop.db"
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            yield Shop(f"sqlite:///{file}", lambda sql: connection.execute(sql), application)
        return
    database: Database = request.getfixturevalue("postgres_database")
    with database.connect() as connection:
        connection.autocommit = True
        yield Shop(database.url, lambda sql: connection.execute(sql.encode()), application)


def finding(ran: Ran, key: str) -> dict[str, Any]:
    validate(ran.out)
    return next(each for each in json.loads(ran.out)["differences"] if each["key"] == key)


def objects(ran: Ran) -> list[str]:
    return [each["object"] for each in json.loads(ran.out)["differences"]]


def statements(ran: Ran, key: str) -> list[str]:
    found: list[str] = finding(ran, key)["refusal"]["advice"]
    assert found
    return found


def prepared(shop: Shop, column: str = "name VARCHAR(100)") -> None:
    shop.run(
        USERS.format(column=column),
        f"CREATE TABLE runs {RUNS}",
        MARKS.format(table="runs"),
        PEOPLE.format(column="name"),
    )


KEY = "rename-suspected users.full_name"


def test_check_and_plan_show_both_as_one_finding(command: Command, shop: Shop) -> None:
    prepared(shop)
    check = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    found = finding(check, KEY)
    assert (found["impact"], found["renamed_from"], check.code) == ("breaks", "name", 1)
    assert found["evidence"]["count"] == 2
    assert objects(check) == ["users.full_name"], "not the unknown column, nor the missing one"
    for name in ("check", "plan"):
        text = command(name, "shop:Base", "--url", shop.url).out
        assert text.count("RENAME COLUMN name TO full_name;") == 1
        assert "perhaps renamed from name" in text


def test_the_statement_before_apply_is_the_whole_repair(command: Command, shop: Shop) -> None:
    prepared(shop)
    shop.run(*statements(command("check", "shop:Base", "--url", shop.url, "--format", "json"), KEY))
    after = command("apply", "shop:Base", "--url", shop.url)
    assert (after.code, "nothing to do" in after.verdict) == (0, True)
    assert shop.names() == ["Ann", "Bob", "Zoe"]


def test_apply_adds_the_empty_column_and_the_way_back_works(command: Command, shop: Shop) -> None:
    prepared(shop)
    applied = command("apply", "shop:Base", "--url", shop.url)
    assert applied.code == 0, "the application can start"
    assert "UPDATE" in applied.out
    assert shop.names() == [None, None, "Zoe"]
    shop.run("INSERT INTO users (full_name) VALUES ('Eve')")
    check = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    assert finding(check, KEY)["impact"] == "weakens"
    assert finding(check, KEY)["effect"].startswith("not provable")
    shop.run(*statements(check, KEY))
    assert shop.names() == ["Ann", "Bob", "Eve", "Zoe"]
    again = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    assert (again.code, objects(again)) == (0, ["users.name"])


def test_with_a_default_the_rows_that_have_only_that_get_their_values_back(command: Command, shop: Shop) -> None:
    shop.models("", ", server_default='nobody'")
    prepared(shop)
    assert command("apply", "shop:Base", "--url", shop.url).code == 0
    assert shop.names() == ["nobody", "nobody", "Zoe"]
    shop.run(*statements(command("check", "shop:Base", "--url", shop.url, "--format", "json"), KEY))
    assert shop.names() == ["Ann", "Bob", "Zoe"]


def test_where_no_insert_would_work_nothing_is_added(command: Command, shop: Shop) -> None:
    shop.models("")
    prepared(shop, "name VARCHAR(100) NOT NULL")
    applied = command("apply", "shop:Base", "--url", shop.url, "--format", "json")
    assert applied.code == 1
    assert json.loads(applied.out)["results"] == []
    assert objects(applied) == ["users.full_name"]
    shop.run(*statements(applied, KEY))
    assert command("apply", "shop:Base", "--url", shop.url).code == 0
    assert shop.names() == ["Ann", "Bob", "Zoe"]


def test_who_knows_better_accepts_the_suspicion(command: Command, shop: Shop) -> None:
    prepared(shop)
    applied = command("apply", "shop:Base", "--url", shop.url, "--accept", KEY, "-v")
    assert applied.code == 0
    assert "users.full_name" in applied.err
    assert f"'{KEY}' (weakens)" in applied.out


def test_without_values_there_is_nothing_to_lose(command: Command, shop: Shop) -> None:
    shop.run(USERS.format(column="name VARCHAR(100)"), f"CREATE TABLE runs {RUNS}", MARKS.format(table="runs"))
    shop.run("INSERT INTO users (email) VALUES ('a@b')")
    check = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    assert objects(check) == ["users.full_name", "users.name"]


def test_both_columns_in_use_are_no_rename(command: Command, shop: Shop) -> None:
    shop.run(USERS.format(column="name VARCHAR(100), full_name VARCHAR(100)"), f"CREATE TABLE runs {RUNS}")
    shop.run(MARKS.format(table="runs"))
    shop.run("INSERT INTO users (name, full_name) VALUES ('Ann', 'Ann Lee'), ('Bob', 'Bob Ray'), ('Cid', NULL)")
    check = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    assert (check.code, objects(check)) == (0, ["users.name"])


def test_a_table_is_not_made_empty_beside_its_rows(command: Command, shop: Shop) -> None:
    shop.run(USERS.format(column="full_name VARCHAR(100)"), f"CREATE TABLE job {RUNS}", MARKS.format(table="job"))
    shop.run(PEOPLE.format(column="full_name"), "INSERT INTO job (user_id, payload) VALUES (1, 'p')")
    applied = command("apply", "shop:Base", "--url", shop.url, "--format", "json")
    key = "rename-suspected runs"
    assert (applied.code, finding(applied, key)["renamed_from"]) == (1, "job")
    assert statements(applied, key)[0].endswith("RENAME TO runs;")
    shop.run(*statements(applied, key))
    assert command("apply", "shop:Base", "--url", shop.url).code == 0
    assert command("check", "shop:Base", "--url", shop.url, "--fail-on", "weakens").code == 0


def test_a_table_that_is_no_rename_is_made_once_that_is_accepted(command: Command, shop: Shop) -> None:
    shop.run(USERS.format(column="full_name VARCHAR(100)"), f"CREATE TABLE job {RUNS}")
    shop.run(PEOPLE.format(column="full_name"), "INSERT INTO job (user_id, payload) VALUES (1, 'p')")
    arguments = ("shop:Base", "--url", shop.url, "--accept", "rename-suspected runs")
    assert command("apply", *arguments).code == 0
    assert command("check", *arguments, "--fail-on", "weakens").code == 0


def test_the_empty_table_beside_the_full_one_gives_way(command: Command, shop: Shop) -> None:
    shop.run(USERS.format(column="full_name VARCHAR(100)"), f"CREATE TABLE job {RUNS}")
    shop.run(f"CREATE TABLE runs {RUNS}", MARKS.format(table="runs"))
    shop.run(PEOPLE.format(column="full_name"), "INSERT INTO job (user_id, payload) VALUES (1, 'p')")
    check = command("check", "shop:Base", "--url", shop.url, "--format", "json")
    key = "rename-suspected runs"
    assert (check.code, finding(check, key)["impact"]) == (0, "weakens")
    shop.run(*statements(check, key))
    assert command("apply", "shop:Base", "--url", shop.url).code == 0
    after = command("check", "shop:Base", "--url", shop.url, "--fail-on", "weakens", "--format", "json")
    assert (after.code, objects(after)) == (0, [])
    shop.run("INSERT INTO runs (payload) VALUES ('q')", "INSERT INTO marks (run_id) VALUES (1)")
