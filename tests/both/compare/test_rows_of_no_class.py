"""Rows without a discriminator: the ORM makes no instance of them. They break, where the models take NULL, too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact
from tests.postgres.database import Database

KEYS = {"postgresql": "SERIAL PRIMARY KEY", "sqlite": "INTEGER PRIMARY KEY"}


def mapped(identity: str | None, *, nullable: bool = False) -> tuple[sa.MetaData, type[Any], type[Any]]:
    """The models, with a class and one below it, which are made and mapped for this test alone."""
    mapper = registry()
    person: type[Any] = type("Person", (), {})
    guest: type[Any] = type("Guest", (person,), {})
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(9), nullable=nullable))
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


def assert_told_of_a_nullable_one(engine: sa.Engine) -> None:
    models, person, _guest = mapped("person", nullable=True)
    guard = Guard(models)
    assert guard.apply(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO people (kind) VALUES ('guest'), (NULL), ('person')")
    told = ["rows hold NULL, and so are of no class"]
    assert [finding.difference.headline for finding in guard.apply(engine).findings] == told
    with Session(engine) as session, pytest.raises(sa.exc.InvalidRequestError):
        session.scalars(sa.select(person)).all()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people SET kind = 'guest'")
    assert guard.check(engine).satisfied
    with Session(engine) as session:
        assert len(session.scalars(sa.select(person)).all()) == 3


def test_on_sqlite(sqlite_file: Path) -> None:
    assert_told(sa.create_engine(f"sqlite:///{sqlite_file}"))


def test_nullable_on_sqlite(sqlite_file: Path) -> None:
    assert_told_of_a_nullable_one(sa.create_engine(f"sqlite:///{sqlite_file}"))


@pytest.mark.newest_postgres
def test_nullable_on_postgresql(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    assert_told_of_a_nullable_one(engine)


@pytest.mark.newest_postgres
def test_of_a_large_table_statistics_tell(postgres_database: Database) -> None:
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    models, _person, _guest = mapped("person", nullable=True)
    guard = Guard(models)
    guard.apply(engine)
    with engine.begin() as connection:  # some 1,100 pages of 8 kB
        connection.exec_driver_sql("ALTER TABLE people ADD COLUMN wide text")
        kind = "CASE WHEN n <> 7 THEN 'guest' END"
        rows = f"SELECT {kind}, repeat('x', 1500) FROM generate_series(1, 5500) AS n"
        connection.exec_driver_sql(f"INSERT INTO people (kind, wide) {rows}")
    assert guard.check(engine).satisfied  # nobody knows yet
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE people")
    assert not guard.check(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people SET kind = 'guest' WHERE kind IS NULL")
    assert guard.check(engine).satisfied


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


def assert_told_of_an_identity_that_no_class_has(engine: sa.Engine) -> None:
    """A module that was not imported may have the class: it is a doubt."""
    models, person, _guest = mapped("person")
    guard = Guard(models)
    assert guard.apply(engine).satisfied
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO people (kind) VALUES ('guest'), ('staff'), ('person')")
    for report in (guard.check(engine), guard.apply(engine)):
        (finding,) = report.findings
        assert finding.difference.headline == "rows hold what is the identity of no class that was imported"
        assert finding.difference.impact is Impact.WEAKENS
        assert finding.difference.effect.startswith("not provable: loading these rows of Person fails")
        assert finding.evidence is not None
        assert finding.evidence.count == 1
    with Session(engine) as session, pytest.raises(AssertionError, match="No such polymorphic_identity"):
        session.scalars(sa.select(person)).all()
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE people SET kind = 'guest' WHERE kind = 'staff'")
    assert guard.check(engine).satisfied


def test_an_identity_that_no_class_has_on_sqlite(sqlite_file: Path) -> None:
    assert_told_of_an_identity_that_no_class_has(sa.create_engine(f"sqlite:///{sqlite_file}"))


@pytest.mark.newest_postgres
def test_an_identity_that_no_class_has_on_postgresql(postgres_database: Database) -> None:
    assert_told_of_an_identity_that_no_class_has(sa.create_engine(postgres_database.url, poolclass=sa.NullPool))
