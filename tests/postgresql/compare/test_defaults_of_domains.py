"""A column that is left out and has no default of its own gets the default of its domain, which may be no help."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact

OF_DOMAIN = {
    "a value": ("DOMAIN d AS integer NOT NULL DEFAULT 3", "d", True),
    "NULL, which the domain refuses": ("DOMAIN d AS integer NOT NULL DEFAULT nullif(1, 1)", "d", False),
    "NULL, which the column refuses": ("DOMAIN d AS integer DEFAULT nullif(1, 1)", "d NOT NULL", False),
    "an error": ("DOMAIN d AS integer DEFAULT 1/0", "d", False),
    "nothing": ("DOMAIN d AS integer NOT NULL", "d", False),
    "NULL of its own": ("DOMAIN d AS integer DEFAULT 3", "d NOT NULL DEFAULT nullif(1, 1)", False),
}


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@pytest.mark.parametrize(("domain", "column", "works"), OF_DOMAIN.values(), ids=OF_DOMAIN.keys())
def test_an_insert_that_leaves_it_out(postgres: str, domain: str, column: str, works: bool, known: bool) -> None:
    """The models leave the value to the server, or do not know the column."""

    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "t"
        id = mapped_column(sa.Integer, primary_key=True)
        if known:
            v = mapped_column(sa.Integer, nullable=False, server_default=sa.FetchedValue())

    engine = sa.create_engine(postgres, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE {domain}")
        connection.exec_driver_sql("CREATE DOMAIN above AS d")
        connection.exec_driver_sql(f"CREATE TABLE t (id serial PRIMARY KEY, v {column.replace('d', 'above', 1)})")
    assert Guard(Base).check(engine).remains(Impact.BREAKS) is not works
    with Session(engine) as session:
        session.add(Row())
        if works:
            session.flush()
        else:
            with pytest.raises(sa.exc.DBAPIError):
                session.flush()


def test_what_its_function_does_is_not_known(postgres: str) -> None:
    """A volatile function of the users is not called: no more than a doubt."""
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    engine = sa.create_engine(postgres, poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS 'BEGIN RETURN 3; END'")
        connection.exec_driver_sql("CREATE DOMAIN d AS integer NOT NULL DEFAULT f()")
        connection.exec_driver_sql("CREATE TABLE t (id serial PRIMARY KEY, v d)")
    (finding,) = Guard(metadata).check(engine).findings
    assert finding.difference.impact is Impact.WEAKENS
