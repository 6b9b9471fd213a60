"""Types for which SQLAlchemy has none, and pickles, over text: held against the ORM, with each driver."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import HSTORE
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session, registry
from sqlalchemy.types import UserDefinedType

from schema_guard import Guard, Impact
from tests.environment.test_budget import DRIVERS
from tests.postgres.database import Database


class Own(UserDefinedType[str]):
    """A type whose values are strings, sent as they are."""

    cache_ok = True

    def __init__(self, words: str) -> None:
        self.words = words

    def get_col_spec(self, **_: Any) -> str:
        return self.words


CASES: dict[str, tuple[Any, str, Any, Impact | None]] = {
    "a point as text": (Own("POINT"), "text", "(1,2)", Impact.WEAKENS),
    "a box as text": (Own("BOX"), "varchar(80)", "(1,2),(0,0)", Impact.WEAKENS),
    "xml as text": (Own("XML"), "text", "<a/>", Impact.WEAKENS),
    "a position of the log as text": (Own("PG_LSN"), "varchar", "0/1", Impact.WEAKENS),
    "xml": (Own("XML"), "xml", "<a/>", None),
    "a pickle": (sa.PickleType(), "bytea", {"a": 1}, None),
    "a pickle as text": (sa.PickleType(), "text", {"a": 1}, Impact.BREAKS),
    "a pickle as short text": (sa.PickleType(), "varchar(500)", {"a": 1}, Impact.BREAKS),
}


def works(session: Session, cls: type[Any], value: Any) -> bool:
    """Whether an object is written, read, changed and deleted."""
    made = cls()
    made.held, made.n = value, 1
    try:
        session.add(made)
        session.flush()
        session.expunge_all()
        made = session.scalars(sa.select(cls)).one()
        if isinstance(cls.held.type, HSTORE):  # the others have no operator for equality, or are not compared
            assert session.scalars(sa.select(cls).where(cls.held == value)).all() == [made]
        made.n = 2
        session.flush()
        made.held = value
        session.delete(made)
        session.flush()
    except (TypeError, sa.exc.DBAPIError):
        return False
    return True


async def works_on(url: str, cls: type[Any], value: Any) -> bool:
    """As the application's own engine does it."""
    if "asyncpg" not in url:
        with Session(sa.create_engine(url, poolclass=sa.NullPool)) as session:
            return works(session, cls, value)
    async with AsyncSession(create_async_engine(url, poolclass=sa.NullPool)) as session:
        return await session.run_sync(works, cls, value)


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_the_verdict_says_is_true(postgres_database: Database, driver: str) -> None:
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    wrong = []
    for case, (type_, live, value, impact) in CASES.items():
        mapper = registry()
        cls: type[Any] = type("Thing", (), {})
        columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("held", type_), sa.Column("n", sa.Integer))
        mapper.map_imperatively(cls, sa.Table("things", mapper.metadata, *columns))
        with postgres_database.connect() as connection:
            connection.execute("DROP TABLE IF EXISTS things")
            connection.execute(f"CREATE TABLE things (id serial PRIMARY KEY, held {live}, n integer)".encode())
        report = Guard(mapper.metadata).check(url)
        if report.worst is not impact or asyncio.run(works_on(url, cls, value)) is (impact is Impact.BREAKS):
            wrong.append(f"{case}: {report.worst}, {[each.difference.effect for each in report.findings]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("driver", DRIVERS)
def test_hstore_over_text(postgres_database: Database, driver: str) -> None:
    """Drivers without a form of their own for it send and get its text; the others send a dict, which text refuses."""
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    mapper = registry()
    cls: type[Any] = type("Thing", (), {})
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("held", HSTORE()), sa.Column("n", sa.Integer))
    mapper.map_imperatively(cls, sa.Table("things", mapper.metadata, *columns))
    with postgres_database.connect() as connection:
        connection.execute("CREATE EXTENSION hstore")
        connection.execute("CREATE TABLE things (id serial PRIMARY KEY, held text, n integer)")
    working = asyncio.run(works_on(url, cls, {"a": "1"}))
    assert working is (driver in ("asyncpg", "pg8000"))
    assert Guard(mapper.metadata).check(url).worst is (Impact.WEAKENS if working else Impact.BREAKS)
