"""Every type of the models on every other type that a column may have: "breaks" exactly where a statement fails.

A row of the application's own is written with each value, read back, changed, compared and loaded again, with each
driver: which values a column takes, and what is made of them, depends on how the driver sends and reads them.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session, registry
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact
from tests.postgres.database import Database
from tests.truth.places import OnPostgresql
from tests.truth.program import Statement

MOMENT = datetime.datetime(2024, 2, 29, 12, 0, 1, 5)  # noqa: DTZ001 - a column without a zone
Make = Callable[[], sa.types.TypeEngine[Any]]
MODELS: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "Boolean": (sa.Boolean, (True, False)),
    "SmallInteger": (sa.SmallInteger, (3, 2**15 - 1)),
    "Integer": (sa.Integer, (5, 2**31 - 1)),
    "BigInteger": (sa.BigInteger, (6, 2**63 - 1)),
    "Numeric": (sa.Numeric, (decimal.Decimal("1.5"), decimal.Decimal("12345678901234567890.123"))),
    "Numeric(6, 2)": (lambda: sa.Numeric(6, 2), (decimal.Decimal("1.50"), decimal.Decimal("9999.99"))),
    "Float": (sa.Float, (1.5, 1e300)),
    "Date": (sa.Date, (MOMENT.date(), datetime.date(9998, 1, 1))),
    "DateTime": (sa.DateTime, (MOMENT, MOMENT.replace(year=9996))),
    "DateTime(timezone)": (lambda: sa.DateTime(timezone=True), (MOMENT.replace(tzinfo=datetime.UTC),)),
    "Time": (sa.Time, (datetime.time(23, 59, 1), datetime.time(1, 2, 3))),
    "Interval": (sa.Interval, (datetime.timedelta(days=3, seconds=1), datetime.timedelta(hours=2))),
    "Uuid": (sa.Uuid, (uuid.UUID(int=2**100), uuid.UUID(int=7))),
    "Uuid(as text)": (lambda: sa.Uuid(as_uuid=False), (str(uuid.UUID(int=7)),)),
    "Text": (sa.Text, ("abc", "12", "x" * 300, "a\\b")),
    "String(10)": (lambda: sa.String(10), ("abc", "x" * 10, "a\\b")),
    "LargeBinary": (sa.LargeBinary, (b"\x00\xff" * 20, b"ab")),
    "JSON": (sa.JSON, ({"a": "a longer text"}, [1, "x"])),
    "JSONB": (postgresql.JSONB, ({"a": "a longer text"}, [1, "x"])),
    "ARRAY(Integer)": (lambda: postgresql.ARRAY(sa.Integer), ([1, 2], [])),
    "ARRAY(Text)": (lambda: postgresql.ARRAY(sa.Text), (["a", "b"], [])),
    "Enum": (lambda: sa.Enum("new", "done", name="state"), ("new", "done")),
    "Enum(native_enum=False)": (
        lambda: sa.Enum("new", "done", name="plain", native_enum=False, length=10),
        ("new", "done"),
    ),
}
"""What the models say, with values that it allows."""
ACTUAL = (
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "numeric",
    "numeric(6,2)",
    "real",
    "double precision",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "interval",
    "uuid",
    "text",
    "varchar(10)",
    "char(10)",
    "bytea",
    "json",
    "jsonb",
    "integer[]",
    "text[]",
    "state",
    "inet",
)
"""What the column is."""
RARER_MODELS: dict[str, tuple[Make, tuple[Any, ...]]] = {
    "BIT(4)": (lambda: postgresql.BIT(4), ("0101", "1111")),
    "BIT VARYING": (lambda: postgresql.BIT(varying=True), ("0101", "1" * 70)),
    "BIT VARYING(6)": (lambda: postgresql.BIT(6, varying=True), ("0101", "111111")),
    "MACADDR": (postgresql.MACADDR, ("08:00:2b:01:02:03", "00:00:00:00:00:01")),
    "MACADDR8": (postgresql.MACADDR8, ("08:00:2b:ff:fe:01:02:03", "08-00-2b-01-02-03-04-05")),
    "INET": (postgresql.INET, ("10.0.0.1/24", "2001:db8::1")),
    "CIDR": (postgresql.CIDR, ("10.0.0.0/24", "2001:db8::/64")),
    "TSVECTOR": (postgresql.TSVECTOR, ("'a' 'b'", "'much' 'longer' 'words'" * 9)),
    "OID": (postgresql.OID, (5, 2**32 - 1)),
    "MONEY": (postgresql.MONEY, ("$1.50", "-$92,233,720,368,547,758.07")),
    "INT4RANGE": (postgresql.INT4RANGE, (postgresql.Range(1, 5), postgresql.Range(7, None))),
    "SmallInteger": (sa.SmallInteger, (3, 2**15 - 1)),
    "Integer": (sa.Integer, (5, 2**31 - 1)),
    "BigInteger": (sa.BigInteger, (6, 2**63 - 1)),
    "Text": (sa.Text, ("abc", "12", "x" * 300, "'")),
    "String(10)": (lambda: sa.String(10), ("abc", "x" * 10, "'")),
    "String(1)": (lambda: sa.String(1), ("a", "é", "'")),
}
RARER_ACTUAL = (
    "bit(4)",
    "bit(8)",
    "varbit",
    "varbit(6)",
    "macaddr",
    "macaddr8",
    "inet",
    "cidr",
    "tsvector",
    "name",
    '"char"',
    "text",
    "varchar(10)",
    "varchar(80)",
    "char(80)",
    "bigint",
    "oid",
    "money",
    "int4range",
    "int8range",
)
UNCOMPARED = (sa.JSON, postgresql.TSVECTOR, postgresql.MONEY)
"""Types that SQLAlchemy itself compares with what the server has no operator for."""
OF_DRIVERS = {(name, '"char"') for name in ("MACADDR", "MACADDR8", "INET", "CIDR", "TSVECTOR", "MONEY")}
OF_DRIVERS |= {("TSVECTOR", "name"), ("MONEY", "tsvector")}
"""Pairs on which the driver decides, and that hold nothing as it was: cut to a byte or a name, or a failure."""
DRIVERS = ("psycopg", "psycopg2", "pg8000", "asyncpg")


@pytest.mark.one_in(4)
@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(("models", "there"), [(MODELS, ACTUAL), (RARER_MODELS, RARER_ACTUAL)], ids=["common", "rarer"])
def test_the_verdict_on_every_pair(
    models: dict[str, tuple[Make, tuple[Any, ...]]], there: tuple[str, ...], driver: str, postgres_database: Database
) -> None:
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine: Any = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url, poolclass=NullPool)
    metadata, programs, create = _pairs(models, there)
    with postgres_database.connect() as connection:
        connection.execute(create.encode())
    report = Guard(metadata).check(engine)
    told = {f.difference.object for f in report.findings if f.difference.impact is Impact.BREAKS}
    statements = [statement for program in programs.values() for statement in program]
    failures = OnPostgresql(getattr(engine, "sync_engine", engine)).failures(statements)
    wrong = []
    for (pair, table), program in programs.items():
        errors = [f"{each.name}: {failures[each.name]}" for each in program if each.name in failures]
        if bool(errors) != (f"{table}.v" in told):
            wrong.append(f"{pair}: {errors[0].splitlines()[0] if errors else 'breaks, but every statement works'}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("actual", "impact"), [("text", Impact.WEAKENS), ("varchar(10)", Impact.BREAKS)])
def test_a_type_that_the_server_lacks_over_text(actual: str, impact: Impact, postgres_database: Database) -> None:
    """The extension is not there, but its values are text for SQLAlchemy."""
    mapped, table = _mapped(postgresql.CITEXT())
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE t (id integer PRIMARY KEY, v {actual})".encode())
    engine = sa.create_engine(postgres_database.server.url(postgres_database.name), poolclass=NullPool)
    (found,) = Guard(table.metadata).check(engine).findings
    assert (found.difference.code, found.difference.impact) == ("type-missing", impact)
    failures = OnPostgresql(engine).failures(list(_program("citext", mapped, table, ("abc", "x" * 300))))
    assert bool(failures) == (impact is Impact.BREAKS)


@pytest.mark.parametrize(
    ("expected", "actual", "impact", "effect"),
    [
        (postgresql.CITEXT(), "text", Impact.WEAKENS, "TEXT tells upper and lower case apart, which CITEXT does not"),
        (
            postgresql.CITEXT(),
            "varchar(20)",
            Impact.BREAKS,
            "VARCHAR(20) tells upper and lower case apart, which CITEXT does not, and longer values are rejected",
        ),
        (sa.Text(), "citext", Impact.WEAKENS, "CITEXT takes upper and lower case as equal, which TEXT does not"),
    ],
)
def test_citext_and_other_text(
    expected: sa.types.TypeEngine[str], actual: str, impact: Impact, effect: str, postgres_database: Database
) -> None:
    mapped, table = _mapped(expected)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE EXTENSION citext; CREATE TABLE t (id integer PRIMARY KEY, v {actual})".encode())
    engine = sa.create_engine(postgres_database.server.url(postgres_database.name), poolclass=NullPool)
    (found,) = Guard(table.metadata).check(engine).findings
    assert (found.difference.impact, found.difference.effect) == (impact, effect)
    failures = OnPostgresql(engine).failures(list(_program("citext", mapped, table, ("abc", "x" * 300))))
    assert [name.partition(":")[2][:12] for name in failures] == ([" insert 'xxx"] if impact is Impact.BREAKS else [])


def _pairs(
    models: dict[str, tuple[Make, tuple[Any, ...]]], there: tuple[str, ...]
) -> tuple[sa.MetaData, dict[tuple[str, str], list[Statement]], str]:
    """A table for each pair; the program of each; and the statements that make the database."""
    metadata, mapper = sa.MetaData(), registry()
    programs: dict[tuple[str, str], list[Statement]] = {}
    create = ["CREATE TYPE state AS ENUM ('new', 'done');"]
    for name, (make, values) in models.items():
        for actual in there:
            if (name, actual) in OF_DRIVERS:
                continue
            table = sa.Table(
                f"t{len(programs)}",
                metadata,
                sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
                sa.Column("v", make()),
            )
            create.append(f"CREATE TABLE {table.name} (id integer PRIMARY KEY, v {actual});")
            mapped = type(table.name, (), {})
            mapper.map_imperatively(mapped, table)
            program = list(_program(f"{name} on {actual}", mapped, table, values))
            programs[f"{name} on {actual}", table.name] = program
    return metadata, programs, "".join(create)


def _program(pair: str, mapped: type[Any], table: sa.Table, values: tuple[Any, ...]) -> Iterator[Statement]:
    def insert(value: Any, session: Session) -> Any:
        made = mapped()
        made.id, made.v = 1, value
        session.add(made)
        session.flush()
        session.expire_all()
        assert session.scalars(sa.select(mapped)).all() == [made]
        return made

    def update(session: Session) -> None:
        insert(None, session).v = values[0]

    def filter_(session: Session) -> None:
        session.scalars(sa.select(mapped).where(table.c.v == values[0])).all()

    def statement(what: str, work: Callable[[Session], Any]) -> Statement:
        return Statement(f"{pair}: {what}", frozenset({table}), work)

    yield from (statement(f"insert {value!r}", partial(insert, value)) for value in values)
    yield statement("update", update)
    if not isinstance(table.c.v.type, UNCOMPARED) or isinstance(table.c.v.type, postgresql.JSONB):
        yield statement("filter", filter_)


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", DRIVERS)
def test_decimals_over_whole_numbers(driver: str, postgres_database: Database) -> None:
    """They are rounded, whatever the driver; what is too large for the column is rejected."""
    metadata, mapper = sa.MetaData(), registry()
    programs: dict[str, list[Statement]] = {}
    create, values = [], (decimal.Decimal("1.50"), decimal.Decimal(2), decimal.Decimal("-0.01"))
    for digits, actual in ((10, "integer"), (12, "integer"), (10, "bigint"), (10, "smallint")):
        largest = decimal.Decimal(10) ** (digits - 2) - 1
        key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
        table = sa.Table(f"{actual}_{digits}", metadata, key, sa.Column("v", sa.Numeric(digits, 2)))
        create.append(f"CREATE TABLE {table.name} (id integer PRIMARY KEY, v {actual});")
        mapped = type(table.name, (), {})
        mapper.map_imperatively(mapped, table)
        programs[f"{table.name}.v"] = list(_program(table.name, mapped, table, (*values, largest)))
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine: Any = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url, poolclass=NullPool)
    with postgres_database.connect() as connection:
        connection.execute("".join(create).encode())
        connection.execute("INSERT INTO integer_10 VALUES (7, 1.50)")
        assert connection.execute("SELECT v FROM integer_10").fetchall() == [(2,)]
        connection.execute("DELETE FROM integer_10")
    told = {each.difference.object: each.difference for each in Guard(metadata).check(engine).findings}
    rounded = "statements work, but decimals are rounded to whole numbers"
    for column, program in programs.items():
        failed = OnPostgresql(getattr(engine, "sync_engine", engine)).failures(program)
        fits = column in ("integer_10.v", "bigint_10.v")
        assert [*failed] == ([] if fits else [f"{column[:-2]}: insert {_last_value(program)}"])
        assert told[column].impact is (Impact.WEAKENS if fits else Impact.BREAKS)
        assert told[column].effect == (rounded if fits else f"{rounded}, and larger ones are rejected")


def _last_value(program: list[Statement]) -> str:
    """The last value that it inserts."""
    return [each.name.partition(": insert ")[2] for each in program if ": insert " in each.name][-1]


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("actual", ["text", "varchar(80)", "citext"])
def test_a_type_of_the_applications_own_over_text(driver: str, actual: str, postgres_database: Database) -> None:
    """SQLAlchemy sends its values without a cast, so text takes them: what else is called, nobody knows."""

    class LTree(sa.types.UserDefinedType[str]):
        cache_ok = True

        def get_col_spec(self, **_: Any) -> str:
            return "LTREE"

    metadata, mapper = sa.MetaData(), registry()
    key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    table = sa.Table("t", metadata, key, sa.Column("v", LTree()))
    mapped = type("T", (), {})
    mapper.map_imperatively(mapped, table)
    with postgres_database.connect() as connection:
        connection.execute("CREATE EXTENSION ltree")
        connection.execute("CREATE EXTENSION citext")
        connection.execute(f"CREATE TABLE t (id integer PRIMARY KEY, v {actual})".encode())
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    engine: Any = (create_async_engine if driver == "asyncpg" else sa.create_engine)(url, poolclass=NullPool)
    (found,) = Guard(metadata).check(engine).findings
    assert (found.difference.code, found.difference.impact) == ("type-differs", Impact.WEAKENS)
    assert found.difference.effect.startswith("not provable: operators and functions of LTREE fail on text")
    program = list(_program("ltree", mapped, table, ("a.b", "c")))
    assert not OnPostgresql(getattr(engine, "sync_engine", engine)).failures(program)


def _mapped(type_: sa.types.TypeEngine[str]) -> tuple[type, sa.Table]:
    """A class with a key and one column of that type, and its table."""
    key = sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)
    table = sa.Table("t", sa.MetaData(), key, sa.Column("v", type_))
    mapped = type("T", (), {})
    registry().map_imperatively(mapped, table)
    return mapped, table
