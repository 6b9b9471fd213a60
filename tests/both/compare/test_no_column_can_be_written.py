"""Columns whose definition cannot be written.

A table of which no column can be written is not made: it would be of no use, and SQLite has no table without one. A
column that is there already is used as it is, and what the models say of it beside its type is held against it.
"""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard import Guard
from schema_guard.difference import Impact
from tests.postgres.database import Database


def assert_refused(url: str) -> None:
    models = sa.MetaData()
    sa.Table("t", models, sa.Column("x", sa.types.NullType()))
    sa.Table("beside", models, sa.Column("id", sa.Integer, primary_key=True))
    guard = Guard(models)
    report = guard.apply(url)
    assert [result.step.object for result in report.results] == ["beside"]
    told = {finding.difference.object: finding.difference.headline for finding in report.findings}
    assert told == {"t.x": "the column has no type", "t": "table missing"}
    (reason,) = (refusal.reason for refusal in guard.plan(url).refusals if refusal.difference.object == "t")
    assert reason == "the models have no column for it that can be written: correct them"


def test_on_sqlite(sqlite_file: Path) -> None:
    assert_refused(f"sqlite:///{sqlite_file}")


@pytest.mark.newest_postgres
def test_on_postgresql(postgres_database: Database) -> None:
    assert_refused(postgres_database.url)


@pytest.mark.newest_postgres
def test_postgresql_makes_a_table_that_the_models_want_without_any(postgres_database: Database) -> None:
    models = sa.MetaData()
    sa.Table("t", models)
    assert Guard(models).apply(postgres_database.url).satisfied
    with postgres_database.connect() as connection:
        connection.execute("INSERT INTO t DEFAULT VALUES")


@pytest.mark.newest_postgres
def test_the_column_is_there_and_refuses_the_null_of_the_models(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE t_state AS ENUM ('new'); CREATE TABLE t (id integer PRIMARY KEY)")
        connection.execute("ALTER TABLE t ADD COLUMN state t_state NOT NULL")

    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(primary_key=True, default=count(1).__next__)
        state: Mapped[str | None] = mapped_column(sa.Enum("new"))
        name: Mapped[str | None]

    guard = Guard(Base)
    engine = sa.create_engine(postgres_database.url)
    before = {finding.difference.code: finding.difference.impact for finding in guard.check(engine).findings}
    assert before == {
        "not-emittable": Impact.WEAKENS,
        "nullability-differs": Impact.BREAKS,
        "column-missing": Impact.BREAKS,
    }
    report = guard.apply(engine)
    assert [finding.difference.code for finding in report.findings] == ["not-emittable"]
    assert not report.remains(Impact.BREAKS)
    assert guard.plan(engine).empty
    with Session(engine) as session:
        session.add_all([Thing(name="first"), Thing(state="new")])
        session.commit()
        assert session.scalars(sa.select(Thing.state).order_by(Thing.id)).all() == [None, "new"]
    engine.dispose()


@pytest.mark.newest_postgres
def test_a_flush_of_several_rows_writes_the_types_where_the_server_gives_the_keys(postgres_database: Database) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TYPE t_state AS ENUM ('new'); CREATE TABLE t (id serial PRIMARY KEY, state t_state)")

    class Base(DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(primary_key=True)
        state: Mapped[str | None] = mapped_column(sa.Enum("new"))

    engine = sa.create_engine(postgres_database.url)
    (finding,) = Guard(Base).check(engine).findings
    assert finding.difference.impact is Impact.WEAKENS
    assert finding.difference.effect.endswith(
        "; an INSERT of several new objects in one flush casts to the type, and fails"
    )
    with Session(engine) as session:
        session.add(Thing(state="new"))
        session.flush()
        session.add_all([Thing(), Thing(state="new")])
        with pytest.raises(sa.exc.CompileError):
            session.flush()
    engine.dispose()


def test_a_list_that_no_driver_takes_breaks_wherever_the_column_is(sqlite_file: Path) -> None:
    models = sa.MetaData()
    table = sa.Table("t", models, sa.Column("id", sa.Integer, primary_key=True), sa.Column("tags", sa.ARRAY(sa.Text)))
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER PRIMARY KEY, tags TEXT)")
    (finding,) = Guard(models).check(engine).findings
    assert (finding.difference.object, finding.difference.impact) == ("t.tags", Impact.BREAKS)
    assert finding.difference.effect == "INSERT and UPDATE of t with a list fail (the driver takes none)"
    with engine.begin() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(table.insert().values(tags=["one"]))
    engine.dispose()
