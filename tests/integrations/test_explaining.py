"""An error that comes from a difference says so, and which command ends it; every other error stays as it is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, ForeignKey, String, create_engine, event, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column
from sqlalchemy.sql import Executable

from schema_guard import ConfigurationError, Guard, explain
from schema_guard.integrations.explaining import Explainer, commands_with
from schema_guard.integrations.failed import Failed, Problem, failed_on
from tests.postgres.database import Database


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "item"
    __table_args__ = (CheckConstraint("count >= 0", name="ck_count"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(String(20))
    count: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(20), server_default="plain")
    odd: Mapped[str | None] = mapped_column('a "b"%c.d', String(20))


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("item.id"))


COLUMNS: dict[str, str | None] = {
    "id": "INTEGER PRIMARY KEY",
    "name": "VARCHAR(20)",
    "count": "INTEGER NOT NULL",
    "kind": "VARCHAR(20) DEFAULT 'plain' NOT NULL",
    'a "b"%c.d': "VARCHAR(20)",
}


def make(engine: Engine, changed: dict[str, str | None] | None = None, *more: str) -> None:
    """The table of the models, with other columns; None leaves one out."""
    quote = engine.dialect.identifier_preparer.quote_identifier
    columns = {**COLUMNS, **(changed or {})}
    parts = [f"{quote(name).replace('%%', '%')} {type_}" for name, type_ in columns.items() if type_ is not None]
    parts.append("CONSTRAINT ck_count CHECK (count >= 0)")
    statement = f"CREATE TABLE item ({', '.join((*parts, *more))})"
    with engine.begin() as connection:
        connection.execute(text(statement))


def notes(engine: Engine, statement: Executable | Item) -> list[str]:
    """What the error of that statement says more; the transaction's own connection is the only one."""
    opened: list[object] = []
    event.listen(engine, "connect", lambda *arguments: opened.append(arguments))
    with Session(engine) as session:
        if isinstance(statement, Item):
            session.add(statement)
        with pytest.raises(DBAPIError) as raised:
            session.execute(text("SELECT 1") if isinstance(statement, Item) else statement)
    assert len(opened) <= 1
    return list(getattr(raised.value, "__notes__", []))


@pytest.fixture(params=["sqlite", "psycopg", "psycopg2", "pg8000"])
def engine(request: pytest.FixtureRequest, sqlite_file: Path) -> Iterator[Engine]:
    """An engine whose pool has one connection, and an error of which is explained."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{sqlite_file}")
    else:
        database: Database = request.getfixturevalue("postgres_database")
        url = database.server.url(database.name, driver=request.param)
        engine = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=1)
    explain(engine, Guard(Base), "shop:Base")
    yield engine
    engine.dispose()


def test_a_missing_column(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    make(engine, {"name": None})
    for failing in (select(Item), Item(id=1), select(aliased(Item)), text("SELECT name FROM item")):
        (note,) = notes(engine, failing)
        assert note.startswith("schema-guard: item.name: the models have this column (VARCHAR(20)), the database")
        assert "; `schema-guard apply shop:Base` adds it, `schema-guard plan shop:Base` shows how" in note
    assert [record.getMessage() for record in caplog.records if record.name == "schema_guard"] == [note]


def test_a_missing_table(engine: Engine) -> None:
    for failing in (select(Item), Item(id=1), text("DELETE FROM item")):
        (note,) = notes(engine, failing)
        assert note.startswith("schema-guard: item: the models have this table, the database")


@pytest.mark.parametrize(
    ("changed", "more", "begins"),
    [
        ({"name": "VARCHAR(20) NOT NULL"}, "", "item.name: NOT NULL in the database, but the models let it be NULL; "),
        ({"x": "INTEGER NOT NULL"}, "", "item.x: NOT NULL in the database, and the models, which don't know "),
        (
            {"kind": "VARCHAR(20) NOT NULL"},
            "",
            "item.kind: the models leave the value of this column to the database, ",
        ),
        ({}, "CONSTRAINT ck_other CHECK (count > 5)", "item.ck_other: a CHECK in the database that the models don't"),
    ],
    ids=["null", "unknown", "default", "check"],
)
def test_a_row_that_is_rejected(engine: Engine, changed: dict[str, str | None], more: str, begins: str) -> None:
    make(engine, changed, *([more] if more else []))
    (note,) = notes(engine, Item(id=1))
    assert note.startswith(f"schema-guard: {begins}")


def test_an_odd_name(engine: Engine) -> None:
    make(engine, {'a "b"%c.d': None})
    (note,) = notes(engine, select(Item))
    assert note.startswith('schema-guard: item.a "b"%c.d: the models have this column')


def test_what_the_models_account_for_is_not_explained(engine: Engine) -> None:
    """Their own CHECK, their own NOT NULL, a table and a column that they don't know, a subquery without the column."""
    make(engine)
    assert notes(engine, Item(id=1, count=-1)) == []
    for statement in (
        "INSERT INTO item (id, count, kind) VALUES (1, NULL, 'x')",
        "INSERT INTO item (id, count, kind) VALUES (1, 1, NULL)",
        "INSERT INTO item (id, kind) VALUES (1, 'x')",
        "SELECT nome FROM item",
        "SELECT 1 FROM items",
        "SELECT anon_1.name FROM (SELECT id FROM item) AS anon_1",
        "SELEC 1",
    ):
        assert notes(engine, text(statement)) == [], statement


def test_asynchronous_drivers(postgres_database: Database, sqlite_file: Path) -> None:
    async def ask(engine: AsyncEngine) -> list[str]:
        explain(engine, Guard(Base))
        async with AsyncSession(engine) as session:
            with pytest.raises(SQLAlchemyError) as raised:
                await session.execute(select(Item))
        await engine.dispose()
        return list(raised.value.__notes__)

    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE item (id int PRIMARY KEY)")
    url = postgres_database.server.url(postgres_database.name, driver="asyncpg")
    with sqlite3.connect(sqlite_file) as made:
        made.execute("CREATE TABLE item (id INTEGER NOT NULL PRIMARY KEY)")
    made.close()
    for engine in (create_async_engine(url), create_async_engine(f"sqlite+aiosqlite:///{sqlite_file}")):
        (note,) = asyncio.run(ask(engine))
        assert note.startswith("schema-guard: item.name: the models have this column")
        assert "`schema-guard apply` adds it" in note


def test_asyncpg_tells_the_column_and_the_constraint(postgres_database: Database) -> None:
    make(
        create_engine(postgres_database.url), {"name": "VARCHAR(20) NOT NULL"}, "CONSTRAINT ck_other CHECK (count > 5)"
    )

    async def ask() -> list[str]:
        engine = create_async_engine(postgres_database.server.url(postgres_database.name, driver="asyncpg"))
        explain(engine, Guard(Base))
        found = []
        for item in (Item(id=1, count=9), Item(id=1, name="a")):
            async with AsyncSession(engine) as session:
                session.add(item)
                with pytest.raises(SQLAlchemyError) as raised:
                    await session.flush()
                found += raised.value.__notes__
        await engine.dispose()
        return found

    null, check = asyncio.run(ask())
    assert null.startswith("schema-guard: item.name: NOT NULL in the database, but the models let it be NULL")
    assert check.startswith("schema-guard: item.ck_other: a CHECK in the database that the models don't know")


def test_what_is_accepted_or_not_guarded(sqlite_file: Path) -> None:
    for guard, said in (
        (Guard(Base, accept=["table-missing item"]), ["this is accepted, so the guard leaves it alone"]),
        (Guard(Base, accept=["table-missing note"]), ["`schema-guard apply` makes it"]),
        (Guard(Base, exclude=["item"]), []),
    ):
        engine = create_engine(f"sqlite:///{sqlite_file}")
        explain(engine, guard)
        found = notes(engine, select(Item))
        assert len(found) == len(said)
        assert all(part in note for part, note in zip(said, found, strict=True))


def test_it_can_be_ended_and_is_not_said_twice(sqlite_file: Path) -> None:
    engine = create_engine(f"sqlite:///{sqlite_file}")
    first, second = explain(engine, Guard(Base)), explain(engine, Guard(Base))
    assert len(notes(engine, select(Item))) == 1
    first()
    second()
    assert notes(engine, select(Item)) == []


def test_a_mistake_of_ours_leaves_the_error_as_it_is(sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(Base)
    engine = create_engine(f"sqlite:///{sqlite_file}")
    explain(engine, guard)
    monkeypatch.setattr(guard, "source", None)
    assert notes(engine, select(Item)) == []


def test_what_is_no_engine_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="got str"):
        explain("sqlite://", Guard(Base))


def test_a_server_in_another_language() -> None:
    """The SQLSTATE and the fields are the same; of a missing column the message holds the name."""

    class Error(Exception):
        sqlstate = "42703"

    found = failed_on(Error("Spalte item.name existiert nicht"), "postgresql")
    assert found == Failed(Problem.NO_COLUMN, "", said="Spalte item.name existiert nicht")
    line = Explainer(Guard(Base), "postgresql", commands_with("")).line(
        Error("Spalte item.name existiert nicht"), "SELECT item.name FROM item"
    )
    assert line.startswith("schema-guard: item.name: ")
