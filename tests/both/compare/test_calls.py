"""Functions that only the application's own statements call: `default=func.x()`. No catalog names them."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, column_property, mapped_column
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact
from schema_guard.address import parse_address
from schema_guard.difference import FunctionMissing
from schema_guard.report import Report
from schema_guard.sources.frozen import frozen, text_of
from tests.postgres.database import Database

BEFORE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR, b VARCHAR, c VARCHAR, d INTEGER, e TIMESTAMP)"


def models(**columns: Any) -> sa.MetaData:
    metadata = sa.MetaData()
    kinds = {"d": sa.Integer, "e": sa.DateTime}
    made = [sa.Column(name, kinds.get(name, sa.String), **given) for name, given in columns.items()]
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False), *made)
    return metadata


UNKNOWN = {
    "a": {"default": sa.func.no_such_function()},
    "b": {"onupdate": sa.text("no_such_function(id)")},
    "c": {"default": sa.select(sa.func.lower(sa.func.no_such_function(1))).scalar_subquery()},
}
KNOWN = {
    "a": {"default": sa.func.lower("X"), "onupdate": sa.text("upper(a)")},
    "d": {"default": sa.select(sa.func.count()).select_from(sa.table("t")).scalar_subquery()},
    "e": {"default": sa.func.now(), "onupdate": sa.func.current_timestamp()},
}


def told(report: Report) -> list[tuple[str, Impact]]:
    """All but notes."""
    found = [finding.difference for finding in report.findings if finding.difference.impact is not Impact.NOTES]
    assert all(isinstance(difference, FunctionMissing) for difference in found)
    return [(difference.key, difference.impact) for difference in found]


def keys(impact: Impact) -> list[tuple[str, Impact]]:
    return [(f"function-missing {name}", impact) for name in ("t.a:insert", "t.b:update", "t.c:insert")]


def prepared(engine: sa.Engine) -> sa.Engine:
    with engine.begin() as connection:
        connection.exec_driver_sql(BEFORE)
    return engine


@pytest.mark.newest_postgres
def test_on_postgresql(postgres_database: Database, tmp_path: Path) -> None:
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    guard = Guard(models(**UNKNOWN))
    report = guard.apply(engine)
    assert told(report) == keys(Impact.BREAKS)
    refused = {refusal.reason for refusal in report.plan.refusals} if report.plan else set()
    assert refused == {
        "function no_such_function() does not exist",
        "function no_such_function(integer) does not exist",
    }
    file = tmp_path / "release.json"
    file.write_text(text_of(frozen(guard.source)), encoding="utf-8")
    assert told(Guard.frozen(file).check(engine)) == told(report)
    table = guard.models.tables[0]
    for statement in (table.insert(), table.update()):
        with engine.begin() as connection, pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
            connection.execute(statement, {"id": 1, "a": "x"})
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE FUNCTION no_such_function() RETURNS text LANGUAGE sql AS 'SELECT NULL'")
        connection.exec_driver_sql("CREATE FUNCTION no_such_function(int) RETURNS text LANGUAGE sql AS 'SELECT NULL'")
    assert guard.check(engine).satisfied
    assert Guard(models(**KNOWN)).check(engine).satisfied


def test_a_schema_that_is_missing(postgres_database: Database) -> None:
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    report = Guard(models(a={"default": sa.func.nowhere.made(3)})).check(engine)
    assert told(report) == [("function-missing t.a:insert", Impact.BREAKS)]


def test_on_sqlite(sqlite_file: Path) -> None:
    engine = prepared(sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool))
    guard = Guard(models(**UNKNOWN))
    assert told(guard.apply(engine)) == keys(Impact.BREAKS)
    assert Guard(models(**KNOWN)).check(engine).satisfied

    def register(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("no_such_function", -1, lambda *_: None)

    sa.event.listen(engine, "connect", register)
    assert guard.check(engine).satisfied


def test_a_url_of_sqlite_does_not_tell_what_the_application_registers(sqlite_file: Path) -> None:
    prepared(sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool))
    report = Guard(models(**UNKNOWN)).check(f"sqlite:///{sqlite_file}")
    assert told(report) == keys(Impact.WEAKENS)
    assert all(
        finding.difference.effect.startswith("not provable: ")
        for finding in report.findings
        if finding.difference.impact
    )


@pytest.mark.parametrize(
    ("default", "advice"),
    [
        (sa.func.nextval("tickets"), "CREATE SEQUENCE tickets;"),
        (sa.text("nextval('tickets')"), "CREATE SEQUENCE tickets;"),
        (sa.text("(SELECT max(n) FROM elsewhere)"), "-- create what the call reads, or correct the models"),
    ],
)
@pytest.mark.newest_postgres
def test_a_call_that_reads_what_is_not_there(postgres_database: Database, default: Any, advice: str) -> None:
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    guard = Guard(models(d={"default": default}))
    report = guard.apply(engine)
    assert told(report) == [("function-missing t.d:insert", Impact.BREAKS)]
    assert report.plan is not None
    assert [refusal.advice for refusal in report.plan.refusals] == [(advice,)]
    insert = guard.models.tables[0].insert()
    with engine.begin() as connection, pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
        connection.execute(insert, {"id": 1})
    with engine.begin() as connection:
        made = advice if advice.startswith("CREATE") else "CREATE TABLE elsewhere (n INTEGER)"
        connection.exec_driver_sql(made)
        connection.execute(insert, {"id": 1})
    assert guard.check(engine).satisfied


@pytest.mark.newest_postgres
def test_a_table_of_the_models_that_a_call_reads_is_told_once(postgres_database: Database) -> None:
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    metadata = models(d={"default": sa.text("(SELECT max(id) FROM counts)")})
    sa.Table("counts", metadata, sa.Column("id", sa.Integer, primary_key=True))
    guard = Guard(metadata)
    found = [finding.difference for finding in guard.check(engine).findings]
    assert [each.code for each in found if each.impact is not Impact.NOTES] == ["table-missing"]
    assert guard.apply(engine).satisfied


@pytest.mark.parametrize(
    ("call", "denied", "grant"),
    [
        (sa.func.made(), "EXECUTE ON FUNCTION made()", "GRANT EXECUTE ON FUNCTION made TO {};"),
        (sa.func.own.made(), "USAGE ON SCHEMA own", "GRANT USAGE ON SCHEMA own TO {};"),
        (sa.func.own.made(), "EXECUTE ON FUNCTION own.made()", "GRANT EXECUTE ON FUNCTION own.made TO {};"),
        (sa.text("(SELECT max(n) FROM kept)"), "SELECT ON kept", "GRANT SELECT ON kept TO {};"),
    ],
)
@pytest.mark.parametrize("given", ["default", "onupdate"])
@pytest.mark.newest_postgres
def test_a_call_that_the_role_may_not_make(
    postgres_database: Database, call: Any, denied: str, grant: str, given: str
) -> None:
    """It is a doubt: the application may connect as another role."""
    role = f"r_{postgres_database.name}"
    owner = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    with owner.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql("CREATE SCHEMA own; CREATE TABLE kept (n INTEGER)")
        for name in ("made", "own.made"):
            connection.exec_driver_sql(f"CREATE FUNCTION {name}() RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        for kind in ("ALL ON TABLE t, kept", "USAGE ON SCHEMA own", "EXECUTE ON FUNCTION made(), own.made()"):
            connection.exec_driver_sql(f"GRANT {kind} TO {role}")
        connection.exec_driver_sql("REVOKE EXECUTE ON FUNCTION made(), own.made() FROM PUBLIC")
        connection.exec_driver_sql("INSERT INTO t (id) VALUES (1)")
    url = sa.make_url(postgres_database.url).set(username=role)
    engine = sa.create_engine(url, poolclass=NullPool)
    guard = Guard(models(a={}, d={given: call}))
    table = guard.models.tables[0]
    statement = table.insert().values(id=2) if given == "default" else table.update().values(a="x")
    try:
        assert told(guard.check(engine)) == []
        with owner.begin() as connection:
            connection.exec_driver_sql(f"REVOKE {denied} FROM {role}")
        report = guard.apply(engine)
        verb = "insert" if given == "default" else "update"
        assert told(report) == [(f"function-missing t.d:{verb}", Impact.WEAKENS)]
        effect = next(each.difference.effect for each in report.findings if each.difference.impact is Impact.WEAKENS)
        assert effect == f"not provable: {verb.upper()} of t fails if the application connects as {role}"
        with engine.begin() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(statement)
        assert report.plan is not None
        assert [refusal.advice for refusal in report.plan.refusals] == [(grant.format(role),)]
        with owner.begin() as connection:
            connection.exec_driver_sql(grant.format(role))
        assert told(guard.check(engine)) == []
        with engine.begin() as connection:
            connection.execute(statement)
    finally:
        with owner.begin() as connection:
            connection.exec_driver_sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


@pytest.mark.newest_postgres
def test_a_sequence_whose_next_value_is_a_default(postgres_database: Database) -> None:
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    guard = Guard(models(d={"default": sa.Sequence("numbers").next_value()}))
    assert guard.check(engine).findings[0].difference.key == "sequence-missing numbers"
    assert guard.apply(engine).satisfied
    with engine.begin() as connection:
        connection.execute(guard.models.tables[0].insert(), {"id": 1})


@pytest.mark.parametrize(
    ("driver", "works"), [("psycopg", False), ("psycopg2", True), ("pg8000", False), ("asyncpg", False)]
)
def test_a_parameter_is_of_the_type_that_the_driver_gives_it(
    postgres_database: Database, tmp_path: Path, driver: str, works: bool
) -> None:
    """psycopg2 writes 'x', which may be a date; the others send `$1::VARCHAR`, for which there is no such function.

    A frozen file is written for all of them: the URL of the check says which one it is.
    """
    with postgres_database.connect() as connection:
        connection.execute(BEFORE.encode())
        connection.execute(b"CREATE FUNCTION later(date, bigint) RETURNS text LANGUAGE sql AS 'SELECT ''x'''")
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    metadata = models(a={"default": sa.func.later("2024-02-03", 1)})
    insert = metadata.tables["t"].insert().values(id=1)
    report: Report

    async def on_asyncpg() -> Report:
        engine = create_async_engine(url, poolclass=NullPool)
        with pytest.raises(sa.exc.ProgrammingError, match="does not exist"):
            async with engine.connect() as connection:
                await connection.execute(insert)
        return await asyncio.to_thread(Guard(metadata).check, engine)

    if driver == "asyncpg":
        report = asyncio.run(on_asyncpg())
    else:
        engine = sa.create_engine(url, poolclass=NullPool)
        with (
            engine.connect() as application,
            nullcontext() if works else pytest.raises(sa.exc.ProgrammingError, match="does not exist"),
        ):
            application.execute(insert)
        report = Guard(metadata).check(engine)
    assert told(report) == ([] if works else [("function-missing t.a:insert", Impact.BREAKS)])
    file = tmp_path / "release.json"
    file.write_text(text_of(frozen(Guard(metadata).source)), encoding="utf-8")
    for database in (url, parse_address(url)):
        assert told(Guard.frozen(file).check(database)) == told(report)


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_a_function_that_a_column_property_calls(
    request: pytest.FixtureRequest, sqlite_file: Path, dialect: str
) -> None:
    """Each SELECT of the class calls it. One that is loaded only when it is asked for, and one that counts, do not."""

    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "things"
        id: Mapped[int] = mapped_column(primary_key=True)
        name = mapped_column(sa.String(20))
        known = column_property(sa.func.lower(name))
        place = column_property(sa.func.row_number().over(order_by=name))
        unknown = column_property(sa.func.no_such_function(name, "x"))
        later = column_property(sa.func.no_such_function(name), deferred=True)

    url = f"sqlite:///{sqlite_file}" if dialect == "sqlite" else request.getfixturevalue("postgres")
    engine = sa.create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session, pytest.raises(sa.exc.DBAPIError, match=r"no such function|does not exist"):
        session.scalars(sa.select(Thing)).all()
    report = Guard(Base).check(engine)
    assert told(report) == [("function-missing things.name:select", Impact.BREAKS)]
    (finding,) = report.findings
    assert finding.difference.headline == "each SELECT calls no_such_function(name, 'x')"
    assert finding.difference.effect.startswith("SELECT of Thing fails (")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("lower(name)", True),
        ("name || '!'", True),
        ("things.name", True),
        ("lower(unknown)", False),
        ("name || unknown", False),
        ("no_such_function(name)", False),
        ("CASE WHEN id > 1 THEN 'a' END", True),
    ],
)
def test_a_text_that_a_column_property_holds(
    request: pytest.FixtureRequest, sqlite_file: Path, dialect: str, text: str, works: bool
) -> None:
    """Its columns are named nowhere else; nor are those of the system, which every table has."""

    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "things"
        id: Mapped[int] = mapped_column(primary_key=True)
        name = mapped_column(sa.String(20))
        made = column_property(sa.func.coalesce(sa.literal_column(text, sa.String), "x"))
        alone = column_property(sa.literal_column(text, sa.String))
        row = column_property(sa.literal_column("rowid" if dialect == "sqlite" else "xmin::text", sa.String))

    url = f"sqlite:///{sqlite_file}" if dialect == "sqlite" else request.getfixturevalue("postgres")
    engine = sa.create_engine(url, poolclass=NullPool)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        if works:
            session.scalars(sa.select(Thing)).all()
        else:
            with pytest.raises(sa.exc.DBAPIError):
                session.scalars(sa.select(Thing)).all()
    report = Guard(Base).check(engine)
    assert report.remains(Impact.BREAKS) is not works
    assert works is (report.findings == ())


@pytest.mark.newest_postgres
def test_more_than_one_function_takes_the_arguments(postgres_database: Database) -> None:
    """And one whose type only its arguments could tell: the statement fails or works, and the check goes on."""
    engine = prepared(sa.create_engine(postgres_database.url, poolclass=NullPool))
    metadata = models(a={"default": sa.func.to_char(None, "x")}, b={"default": sa.func.array_append(None, None)})
    guard = Guard(metadata)
    report = guard.apply(engine)
    assert told(report) == [("function-missing t.a:insert", Impact.BREAKS)]
    (finding,) = (each for each in report.findings if each.difference.impact is Impact.BREAKS)
    assert finding.difference.effect == "INSERT of t fails (AmbiguousFunction)"
    (refusal,) = guard.plan(engine).refusals
    assert refusal.reason == "function to_char(unknown, character varying) is not unique"
    assert refusal.advice == ("-- in the models: cast the arguments to the types of the function that is meant",)
    with engine.begin() as connection, pytest.raises(sa.exc.ProgrammingError, match="is not unique"):
        connection.execute(metadata.tables["t"].insert(), {"id": 1, "b": "x"})


class Sealed(sa.TypeDecorator[str]):
    """As in SQLAlchemy's documentation: the server encrypts and decrypts."""

    impl = sa.LargeBinary
    cache_ok = True

    def bind_expression(self, bindparam: Any) -> Any:
        return sa.func.pgp_sym_encrypt(sa.type_coerce(bindparam, sa.String), "a passphrase")

    def column_expression(self, column: Any) -> Any:
        return sa.func.pgp_sym_decrypt(column, "a passphrase", type_=sa.String)


def sealed() -> type[DeclarativeBase]:
    class Base(DeclarativeBase):
        pass

    class Letter(Base):
        __tablename__ = "letters"
        id: Mapped[int] = mapped_column(primary_key=True)
        text: Mapped[str | None] = mapped_column(Sealed)

    return Base


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_what_a_type_puts_around_its_values(driver: str, postgres_database: Database, tmp_path: Path) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE letters (id serial PRIMARY KEY, text bytea)")
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine: Any = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url, poolclass=NullPool)
    base = sealed()
    report = Guard(base).check(engine)
    wanted = [(f"function-missing letters.text:{statement}:value", Impact.BREAKS) for statement in ("insert", "select")]
    assert told(report) == wanted
    assert [finding.difference.headline for finding in report.findings] == [
        "each INSERT calls pgp_sym_encrypt(NULL, NULL)",
        "each SELECT calls pgp_sym_decrypt(text, NULL)",
    ]
    file = tmp_path / "release.json"
    file.write_text(text_of(frozen(Guard(base).source)), encoding="utf-8")
    assert "a passphrase" not in file.read_text(encoding="utf-8")
    assert told(Guard.frozen(file).check(engine)) == wanted
    with postgres_database.connect() as connection:
        connection.execute("CREATE EXTENSION pgcrypto")
    assert Guard(base).check(engine).worst is None
    assert Guard.frozen(file).check(engine).worst is None


@pytest.mark.newest_postgres
def test_the_statements_of_such_a_class(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE letters (id serial PRIMARY KEY, text bytea)")
    base = sealed()
    (letter,) = (mapper.class_ for mapper in base.registry.mappers)
    engine = sa.create_engine(postgres_database.url, poolclass=NullPool)

    def used() -> str:
        with Session(engine) as session:
            session.add(made := letter(text="dear"))
            session.flush()
            session.refresh(made)
            return str(made.text)

    with pytest.raises(sa.exc.ProgrammingError, match="pgp_sym_encrypt"):
        used()
    with postgres_database.connect() as connection:
        connection.execute("CREATE EXTENSION pgcrypto")
    assert used() == "dear"


def test_a_url_of_sqlite_and_what_a_type_calls(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}", poolclass=NullPool)
    base = sealed()
    base.metadata.create_all(engine)
    assert [impact for _, impact in told(Guard(base).check(engine))] == [Impact.BREAKS] * 2

    def register(connection: sqlite3.Connection, _: object) -> None:
        connection.create_function("pgp_sym_encrypt", 2, lambda text, _: text)
        connection.create_function("pgp_sym_decrypt", 2, lambda text, _: text)

    sa.event.listen(engine, "connect", register)
    assert Guard(base).check(engine).satisfied
