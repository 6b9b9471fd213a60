"""A default of the database that gives a text which the models read as something else, and cannot."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact

ENUM = sa.Enum("new", "it's", native_enum=False, length=10)
UUID = sa.Uuid(native_uuid=False)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize(
    ("type_", "expected", "there"),
    [
        (ENUM, "new", "varchar(10) DEFAULT 'lost'"),
        (ENUM, "new", "text DEFAULT 'lost'"),
        (ENUM, "new", "varchar(10) DEFAULT 'it''s'"),
        (UUID, uuid.UUID(int=0).hex, "char(32) DEFAULT 'none'"),
        (UUID, uuid.UUID(int=0).hex, f"char(32) DEFAULT '{uuid.UUID(int=1).hex}'"),
    ],
)
def test_it_breaks_the_application_and_is_replaced(
    postgres: str, driver: str, type_: Any, expected: str, there: str
) -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "t"
        id = mapped_column(sa.Integer, primary_key=True)
        v = mapped_column(type_, server_default=expected)

    engine = sa.create_engine(postgres.replace("+psycopg", f"+{driver}", 1), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE t (id serial PRIMARY KEY, v {there})")

    def works() -> bool:
        with Session(engine) as session:
            try:
                session.add(row := Row())
                session.flush()
                session.refresh(row)
            except (LookupError, ValueError):
                return False
            finally:
                session.rollback()
        return True

    guard = Guard(Base)
    assert guard.check(engine).remains(Impact.BREAKS) is not works()
    assert guard.apply(engine).satisfied
    assert works()
    assert guard.plan(engine).empty


@pytest.mark.parametrize("there", ["varchar(10) DEFAULT 'lost'", "varchar(10) DEFAULT 'new'", "varchar(10)"])
def test_a_default_of_the_models_that_they_cannot_read_is_never_set(postgres: str, there: str) -> None:
    """It breaks the application where it is in the database; elsewhere it would."""
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("v", ENUM, server_default="lost"))
    engine = sa.create_engine(postgres, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE TABLE t (id serial PRIMARY KEY, v {there})")
    report = Guard(metadata).apply(engine)
    assert report.remains(Impact.BREAKS) is ("lost" in there)
    assert report.results == ()
