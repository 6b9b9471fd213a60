"""Enums in another schema, two of one name, renamed labels: what statements of the application really do decides."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Enum, Integer, MetaData, Table, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard.difference import Impact
from schema_guard.guard import Guard
from schema_guard.report import Report
from tests.postgres.database import Database


def ran(database: Database, driver: str, statements: list[Any]) -> bool:
    """Whether all of them work with that driver; nothing is kept."""

    def work(connection: sa.Connection) -> None:
        for statement in statements:
            connection.execute(statement)
        connection.rollback()

    async def work_async() -> None:
        engine = create_async_engine(database.server.url(database.name, driver=driver), poolclass=sa.NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(work)

    try:
        if driver == "asyncpg":
            asyncio.run(work_async())
        else:
            url = database.server.url(database.name, driver=driver)
            with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
                work(connection)
    except sa.exc.DBAPIError:
        return False
    return True


def engine_of(database: Database, driver: str) -> Any:
    url = database.server.url(database.name, driver=driver)
    make = create_async_engine if driver == "asyncpg" else sa.create_engine
    return make(url, poolclass=sa.NullPool)


def impacts(report: Report) -> dict[str, Impact]:
    return {finding.difference.code: finding.difference.impact for finding in report.findings}


@pytest.mark.parametrize("array", [False, True])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_another_schema_matters_where_statements_name_the_type(
    postgres_database: Database, driver: str, array: bool
) -> None:
    """SQLAlchemy 2.1 lets an Enum take its MetaData's schema, 2.0 made it as public.st."""
    metadata = MetaData(schema="app")
    state = Enum("x", "y", name="st", schema="app")
    table = Table(
        "u", metadata, Column("id", Integer, primary_key=True), Column("st", ARRAY(state) if array else state)
    )
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA app; CREATE TYPE public.st AS ENUM ('x', 'y')")
        connection.execute(f"CREATE TABLE app.u (id serial PRIMARY KEY, st public.st{'[]' if array else ''})".encode())
    value: Any = ["x", "y"] if array else "x"
    statements = [
        table.insert().values(st=value),
        table.update().values(st=value),
        select(table).where(table.c.st == value),
        select(table).where(table.c.st.in_([value])),
        table.delete().where(table.c.st == value),
    ]
    works = ran(postgres_database, driver, statements)
    assert works is (driver != "asyncpg" and not array)
    report = Guard(metadata).apply(engine_of(postgres_database, driver))
    assert report.results == ()
    assert impacts(report) == {"type-differs": Impact.NOTES if works else Impact.BREAKS}
    if works:
        return
    (refusal,) = (finding.refusal for finding in report.findings)
    assert refusal is not None
    with postgres_database.connect() as connection:
        for statement in refusal.advice:
            connection.execute(statement.encode())
    assert ran(postgres_database, driver, statements)
    assert Guard(metadata).check(engine_of(postgres_database, driver)).findings == ()


@pytest.mark.parametrize("labels", ["'b', 'a', 'c'", "'a', 'c'"])
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
@pytest.mark.parametrize("type_", [Enum("a", "b", native_enum=False), sa.String(20)])
def test_a_list_of_values_or_text_over_a_native_enum(
    postgres_database: Database, driver: str, labels: str, type_: Any
) -> None:
    """SQLAlchemy sends a value of a non-native Enum without a type, and the server takes it as a label."""
    metadata = MetaData()
    table = Table("u", metadata, Column("id", Integer, primary_key=True), Column("st", type_))
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TYPE st AS ENUM ({labels})".encode())
        connection.execute("CREATE TABLE u (id serial PRIMARY KEY, st st)")
    statements = [
        table.insert().values([{"st": "a"}, {"st": "b"}]),
        table.insert().values(st=None),
        table.update().values(st="b"),
        select(table).where(table.c.st == "b"),
        select(table).where(table.c.st.in_(["a", "b"])),
        table.delete().where(table.c.st == "b"),
    ]
    if not isinstance(type_, Enum):
        statements.append(table.insert().values(st="any other text"))
    works = ran(postgres_database, driver, statements)
    assert works is (isinstance(type_, Enum) and "'b'" in labels)
    report = Guard(metadata).check(engine_of(postgres_database, driver))
    assert impacts(report)["type-differs"] is (Impact.WEAKENS if works else Impact.BREAKS)


def shared() -> MetaData:
    metadata = MetaData()
    for name, labels in {"a": ("x", "y"), "b": ("y", "z")}.items():
        state = Enum(*labels, name="st")
        Table(name, metadata, Column("id", Integer, primary_key=True), Column("st", state))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", ["", "CREATE TYPE st AS ENUM ('x', 'y')", "CREATE TYPE st AS ENUM ('z', 'y', 'x')"])
def test_two_enums_of_one_name_share_a_type_with_the_labels_of_both(postgres_database: Database, before: str) -> None:
    with postgres_database.connect() as connection:
        if before:
            connection.execute(f"{before}; CREATE TABLE a (id serial PRIMARY KEY, st st)".encode())
    metadata = shared()
    assert Guard(metadata).apply(postgres_database.url).satisfied
    tables = metadata.tables
    pairs = {"a": ("x", "y"), "b": ("y", "z")}
    assert ran(postgres_database, "psycopg", [tables[t].insert().values(st=v) for t, vs in pairs.items() for v in vs])


def renamed(*labels: str) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("st", Enum(*labels, name="st")))
    return metadata


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("NEW", "IN PROGRESS", "done"), ("new", "in_progress", "done")),
        (("open", "shut"), ("open", "closed")),
    ],
)
def test_a_renamed_label_is_not_added_while_rows_hold_the_old_one(
    postgres_database: Database, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    """Added, it could no longer be renamed; the advice is run as it is printed, and then all is well."""
    metadata = renamed(*new)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TYPE st AS ENUM ({', '.join(map(repr, old))})".encode())
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY, st st)")
        connection.execute(f"INSERT INTO t (st) SELECT unnest(ARRAY[{', '.join(map(repr, old))}]::st[])".encode())
        report = Guard(metadata).apply(postgres_database.url)
        assert report.results == ()
        (unreadable,) = (each for each in report.findings if each.difference.code == "rows-unreadable")
        changed = len(set(old) - set(new))
        assert unreadable.evidence is not None
        assert unreadable.evidence.count == changed
        assert unreadable.difference.impact is Impact.BREAKS
        assert not read(postgres_database, metadata)
        refusals = [each.refusal for each in report.findings if each.refusal is not None]
        for statement in (advice for refusal in refusals for advice in refusal.advice):
            connection.execute(statement.encode())
    assert Guard(metadata).check(postgres_database.url).findings == ()
    assert read(postgres_database, metadata)


def read(database: Database, metadata: MetaData) -> bool:
    engine = sa.create_engine(database.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        try:
            connection.execute(select(metadata.tables["t"])).all()
        except LookupError:
            return False
    return True


def test_a_label_is_added_where_no_row_holds_an_old_one_or_nothing_pairs_up(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE st AS ENUM ('NEW', 'done'); CREATE TABLE t (id serial PRIMARY KEY, st st)")
        assert not impacts(Guard(renamed("new", "done")).apply(postgres_database.url)).keys() - {"enum-value-unknown"}
        connection.execute("INSERT INTO t (st) VALUES ('NEW')")
        report = Guard(renamed("new", "done", "later", "never")).apply(postgres_database.url)
    assert [result.step.object for result in report.results] == ["st.later", "st.never"]
    assert impacts(report)["rows-unreadable"] is Impact.BREAKS
    assert not read(postgres_database, renamed("new", "done", "later", "never"))


def test_text_where_an_enum_is_expected_is_read_through(postgres_database: Database) -> None:
    metadata = renamed("new", "done")
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE st AS ENUM ('new', 'done'); CREATE TABLE t (id serial PRIMARY KEY, st varchar)")
        connection.execute("INSERT INTO t (st) VALUES ('new'), (NULL)")
        assert impacts(Guard(metadata).check(postgres_database.url)) == {"type-differs": Impact.WEAKENS}
        assert read(postgres_database, metadata)
        connection.execute("INSERT INTO t (st) VALUES ('gone')")
    assert impacts(Guard(metadata).check(postgres_database.url))["rows-unreadable"] is Impact.BREAKS
    assert not read(postgres_database, metadata)
