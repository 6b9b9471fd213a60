"""Rows without a discriminator: the ORM makes no instance of them, so they break where the models say NOT NULL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

KEYS = {"postgresql": "SERIAL PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}


def mapped(identity: str | None) -> tuple[sa.MetaData, type[Any], type[Any]]:
    """The models, with a class and one below it, which are made and mapped for this test alone."""
    mapper = registry()
    person: type[Any] = type("Person", (), {})
    guest: type[Any] = type("Guest", (person,), {})
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(9), nullable=False))
    table = sa.Table("people", mapper.metadata, *columns)
    mapper.map_imperatively(person, table, polymorphic_on=table.c.kind, polymorphic_identity=identity)
    mapper.map_imperatively(guest, None, inherits=person, polymorphic_identity="guest")
    return mapper.metadata, person, guest


def assert_told(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE people (id {KEYS[engine.dialect.name]})")
        connection.exec_driver_sql("INSERT INTO people DEFAULT VALUES")
    models, person, guest = mapped("person")
    guard = Guard(models)
    report = guard.apply(engine)
    assert [f.difference.headline for f in report.findings if f.difference.impact is Impact.BREAKS] == [
        "rows hold NULL, and so are of no class"
    ]
    with Session(engine) as session, pytest.raises(sa.exc.InvalidRequestError):
        session.scalars(sa.select(person)).all()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people SET kind = 'guest'")
    assert guard.apply(engine).satisfied
    with Session(engine) as session:
        assert [type(found) for found in session.scalars(sa.select(person))] == [guest]


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
    models, person, _guest = mapped(None)
    report = Guard(models).check(engine)
    try:
        with Session(engine) as session:
            loads = len(session.scalars(sa.select(person)).all()) == 1
    except sa.exc.InvalidRequestError:
        loads = False
    assert loads is (report.worst is not Impact.BREAKS)
