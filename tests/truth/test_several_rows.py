"""A flush of several new rows: SQLAlchemy writes one INSERT that casts each value to its column's type.

It does so on PostgreSQL where the server gives the keys. A single row goes without the casts, so whether an application
meets the difference is not known: what fails is a doubt at least, and where nothing is told, nothing fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

EXPECTED: dict[str, tuple[Callable[[], Any], Any]] = {
    "Enum": (lambda: sa.Enum("new", "done", name="state"), "new"),
    "Enum that is nowhere": (lambda: sa.Enum("new", "done", name="nowhere"), "new"),
    "Enum(native_enum=False)": (lambda: sa.Enum("new", "done", name="plain", native_enum=False, length=9), "new"),
    "CITEXT": (postgresql.CITEXT, "new"),
    "String(9)": (lambda: sa.String(9), "new"),
    "Text": (sa.Text, "new"),
}
ACTUAL = ("state", "other", "part", "text", "varchar(9)", "char(4)", "words", "integer")
BEFORE = """
    CREATE TYPE state AS ENUM ('new', 'done'); CREATE TYPE other AS ENUM ('new', 'done', 'more');
    CREATE TYPE part AS ENUM ('new'); CREATE DOMAIN words AS text;
"""
KEYS: dict[str, tuple[Callable[[], tuple[Any, ...]], str]] = {
    "serial": (tuple, "serial"),
    "identity": (lambda: (sa.Identity(always=True),), "integer GENERATED ALWAYS AS IDENTITY"),
    "sequence": (lambda: (sa.Sequence("numbers"),), "integer"),
}


def pairs(key: str) -> Iterator[tuple[str, type[Any], sa.Table, Any, str]]:
    """The pair's name, its class and table, a value, and the statement that makes the table."""
    mapper, metadata = registry(), sa.MetaData()
    marks, made = KEYS[key]
    for name, (type_, value) in EXPECTED.items():
        for actual in ACTUAL:
            number = len(metadata.tables)
            table = sa.Table(
                f"t{number}",
                metadata,
                sa.Column("id", sa.Integer, *marks(), primary_key=True),
                sa.Column("v", type_()),
            )
            cls = type(f"T{number}", (), {})
            mapper.map_imperatively(cls, table)
            yield (
                f"{name} on {actual}",
                cls,
                table,
                value,
                f"CREATE TABLE t{number} (id {made} PRIMARY KEY, v {actual})",
            )


def failure(engine: sa.Engine, cls: type[Any], *values: Any) -> str:
    """What a flush of new rows with these values says."""
    with Session(engine) as session:
        for value in values:
            session.add(made := cls())
            made.v = value
        try:
            session.flush()
        except sa.exc.SQLAlchemyError as error:
            return str(error).splitlines()[0]
    return ""


@pytest.mark.newest_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize("key", KEYS)
def test_what_fails_is_told(key: str, driver: str, postgres_database: Database) -> None:
    found = list(pairs(key))
    with postgres_database.connect() as connection:
        connection.execute("CREATE SEQUENCE numbers")
        connection.execute((BEFORE + ";".join(create for *_, create in found)).encode())
    engine = sa.create_engine(postgres_database.server.url(postgres_database.name, driver=driver))
    guard = Guard(found[0][2].metadata)
    told: dict[str, Impact] = {}
    for finding in guard.check(engine).findings:
        lacks = finding.difference.code == "type-missing"
        told["CITEXT" if lacks else finding.difference.object] = finding.difference.impact
    wrong = []
    for pair, cls, table, value, _ in found:
        one = failure(engine, cls, value)
        several = failure(engine, cls, value, value) or failure(engine, cls, None, value)
        impact = told.get(f"{table.name}.v", Impact.NOTES)
        impact = max(impact, *(told[type_] for type_ in ("nowhere", "CITEXT") if type_ in pair), Impact.NOTES)
        if one and impact is not Impact.BREAKS:
            wrong.append(f"{pair}: {impact.name}, but: {one}")
        if several and impact is Impact.NOTES:
            wrong.append(f"{pair}: nothing told, but of several rows: {several}")
    engine.dispose()
    assert not wrong, "\n".join(wrong)


def of_state() -> tuple[type[Any], sa.Table]:
    """A class with an Enum, and its table."""
    mapper = registry()
    key = sa.Column("id", sa.Integer, primary_key=True)
    table = sa.Table("t", mapper.metadata, key, sa.Column("v", sa.Enum("new", "done", name="state")))
    cls = type("T", (), {})
    mapper.map_imperatively(cls, table)
    return cls, table


@pytest.mark.newest_postgres
@pytest.mark.parametrize("before", ["text", "varchar(9)"])
def test_the_enum_is_made_and_then_the_flush_works(before: str, postgres_database: Database) -> None:
    cls, table = of_state()
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE t (id serial PRIMARY KEY, v {before})".encode())
        connection.execute("INSERT INTO t (v) VALUES ('done')")
    engine = sa.create_engine(postgres_database.url)
    guard = Guard(table.metadata)
    (missing,) = (each.difference for each in guard.check(engine).findings if each.difference.code == "enum-missing")
    effect = "not provable: an INSERT of several new objects in one flush casts to it, and fails"
    assert (missing.impact, missing.effect) == (Impact.WEAKENS, effect)
    assert 'type "state" does not exist' in failure(engine, cls, "new", "done")
    guard.apply(engine)
    assert failure(engine, cls, "new", "done") == ""
    assert guard.plan(engine).empty
    with Session(engine) as session:
        assert session.scalars(sa.select(table.c.v)).all() == ["done"]
    engine.dispose()


@pytest.mark.newest_postgres
def test_a_person_can_give_the_type_the_name_of_the_models(postgres_database: Database) -> None:
    cls, table = of_state()
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE older AS ENUM ('new', 'done'); CREATE TABLE t (id serial PRIMARY KEY, v older)")
    engine = sa.create_engine(postgres_database.url)
    guard = Guard(table.metadata)
    (finding,) = guard.check(engine).findings
    effect = "not provable: an INSERT of several new objects in one flush casts to state, and fails"
    assert (finding.difference.impact, finding.difference.effect) == (Impact.WEAKENS, effect)
    assert failure(engine, cls, "new", "done")
    (refusal,) = guard.plan(engine).refusals
    assert refusal.advice == ("ALTER TYPE public.older RENAME TO state;",)
    with postgres_database.connect() as connection:
        connection.execute(refusal.advice[0].encode())
    assert guard.check(engine).worst is None
    assert failure(engine, cls, "new", "done") == ""
    engine.dispose()
