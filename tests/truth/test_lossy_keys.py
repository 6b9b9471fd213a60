"""A key, or a version counter, whose column does not keep what was written: UPDATE of the object that was just flushed,
or just loaded, does not find its row. Held against the ORM, with each driver."""

from __future__ import annotations

import asyncio
import datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, registry
from sqlalchemy.orm.exc import StaleDataError

from schema_guard import Guard, Impact
from tests.environment.test_budget import DRIVERS
from tests.postgres.database import Database

AWARE = datetime.datetime(2024, 1, 2, 3, 4, 5, 123456, tzinfo=datetime.UTC)
MOMENT = AWARE.replace(tzinfo=None)
SPAN = datetime.timedelta(seconds=61.5)
CASES: dict[str, tuple[Any, str, Any]] = {
    "fewer digits": (sa.Numeric(10, 4), "numeric(10,2)", Decimal("1.2345")),
    "as many digits": (sa.Numeric(10, 4), "numeric(12,6)", Decimal("1.2345")),
    "any digits": (sa.Numeric(10, 4), "numeric", Decimal("1.2345")),
    "an inexact number": (sa.Numeric(10, 4), "real", Decimal("1.2345")),
    "a whole number": (sa.Numeric(6, 2), "bigint", Decimal("1.25")),
    "seconds": (sa.DateTime(), "timestamp(0)", MOMENT),
    "microseconds": (sa.DateTime(), "timestamp(6)", MOMENT),
    "days": (sa.DateTime(), "date", MOMENT),
    "a zone": (sa.DateTime(), "timestamptz", MOMENT),
    "no zone": (sa.DateTime(timezone=True), "timestamp", AWARE),
    "days of a date": (sa.Date(), "timestamp", MOMENT.date()),
    "aware seconds": (sa.DateTime(timezone=True), "timestamptz(0)", AWARE),
    "a time's seconds": (sa.Time(), "time(0)", MOMENT.time()),
    "a span's seconds": (sa.Interval(), "interval(0)", SPAN),
    "minutes": (sa.Interval(), "interval minute", SPAN),
    "days to seconds": (sa.Interval(), "interval day to second", SPAN),
    "blanks": (sa.String(10), "char(10)", "ab"),
    "an inet": (postgresql.INET(), "text", "10.0.0.1"),
    "a number that comes back with a point": (sa.Integer(), "double precision", 7),
    "a small number that comes back with a point": (sa.SmallInteger(), "real", 7),
    "a number with a point": (sa.Float(), "double precision", 0.5),
    "a number without a point": (sa.BigInteger(), "numeric", 7),
}


def mapped(type_: Any, value: Any, *, version: bool) -> tuple[sa.MetaData, type[Any]]:
    mapper = registry()
    cls: type[Any] = type("Reading", (), {})
    own = sa.Column("at", type_, primary_key=not version, nullable=False, autoincrement=False)
    others = (sa.Column("id", sa.Integer, primary_key=version, autoincrement=version), sa.Column("n", sa.Integer))
    table = sa.Table("readings", mapper.metadata, own, *others)
    how = {"version_id_col": table.c.at, "version_id_generator": lambda _: value} if version else {}
    mapper.map_imperatively(cls, table, **how)
    return mapper.metadata, cls


def is_found(session: Session, cls: type[Any], value: Any, *, version: bool) -> bool:
    made = cls()
    if not version:
        made.at = value
    made.n = 1
    session.add(made)
    session.flush()
    made.n = 2
    try:
        session.flush()
        session.expunge_all()
        session.scalars(sa.select(cls)).one().n = 3
        session.flush()
    except (StaleDataError, sa.exc.DBAPIError):
        return False
    return True


@pytest.mark.parametrize("version", [False, True], ids=["key", "version"])
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_row_is_found(postgres_database: Database, driver: str, version: bool) -> None:
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    keys = ("", "id serial PRIMARY KEY") if version else ("PRIMARY KEY", "id integer")
    wrong = []
    for case, (type_, live, value) in CASES.items():
        models, cls = mapped(type_, value, version=version)
        with postgres_database.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS readings")
            connection.execute(f"CREATE TABLE readings (at {live} NOT NULL {keys[0]}, {keys[1]}, n integer)".encode())
        found = asyncio.run(found_by(url, cls, value, version=version))
        breaks = Guard(models).check(url).worst is Impact.BREAKS
        if found is breaks:
            wrong.append(f"{case}: {'found' if found else 'not found'}, {'breaks' if breaks else 'can start'}")
    assert not wrong, "\n".join(wrong)


async def found_by(url: str, cls: type[Any], value: Any, *, version: bool) -> bool:
    """As the application's own engine finds it."""
    if "asyncpg" not in url:
        with Session(sa.create_engine(url, poolclass=sa.NullPool)) as session:
            return is_found(session, cls, value, version=version)
    async with AsyncSession(create_async_engine(url, poolclass=sa.NullPool)) as session:
        return await session.run_sync(is_found, cls, value, version=version)
