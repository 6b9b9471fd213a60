"""Rows without a discriminator: the ORM makes no instance of them, so they break where the models say NOT NULL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

KEYS = {"postgresql": "SERIAL PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}


class Person:
    pass


class Guest(Person):
    pass


def mapped(identity: str | None) -> sa.MetaData:
    mapper = registry()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(9), nullable=False))
    table = sa.Table("people", mapper.metadata, *columns)
    mapper.map_imperatively(Person, table, polymorphic_on=table.c.kind, polymorphic_identity=identity)
    mapper.map_imperatively(Guest, None, inherits=Person, polymorphic_identity="guest")
    return mapper.metadata


def assert_told(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE people (id {KEYS[engine.dialect.name]})")
        connection.exec_driver_sql("INSERT INTO people DEFAULT VALUES")
    guard = Guard(mapped("person"))
    try:
        report = guard.apply(engine)
        assert [f.difference.headline for f in report.findings if f.difference.impact is Impact.BREAKS] == [
            "rows hold NULL, and so are of no class"
        ]
        with Session(engine) as session, pytest.raises(sa.exc.InvalidRequestError):
            session.scalars(sa.select(Person)).all()
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE people SET kind = 'guest'")
        assert guard.apply(engine).satisfied
        with Session(engine) as session:
            assert [type(found) for found in session.scalars(sa.select(Person))] == [Guest]
    finally:
        sa.orm.clear_mappers()


def test_on_sqlite(sqlite_file: Path) -> None:
    assert_told(sa.create_engine(f"sqlite:///{sqlite_file}"))


@pytest.mark.newest_postgres
def test_on_postgresql(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    assert_told(engine)


def test_a_class_may_be_of_null(sqlite_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER PRIMARY KEY, kind VARCHAR(9))")
        connection.exec_driver_sql("INSERT INTO people DEFAULT VALUES")
    try:
        report = Guard(mapped(None)).check(engine)
        with Session(engine) as session:
            loads = len(session.scalars(sa.select(Person)).all()) == 1
        assert loads is (report.worst is not Impact.BREAKS)
    except sa.exc.InvalidRequestError:
        assert report.worst is Impact.BREAKS
    finally:
        sa.orm.clear_mappers()
