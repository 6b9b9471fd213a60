"""A temporary table that the application's listener makes on each connection: its statements meet that one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard, Impact

METADATA = sa.MetaData()
BOOKS = sa.Table("books", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("title", sa.String(80)))


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, sqlite_file: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{sqlite_file}"
    else:
        yield request.getfixturevalue("postgres")


def connecting(url: str, temporary: str) -> sa.Engine:
    """The application's engine."""
    engine = sa.create_engine(url, poolclass=NullPool)

    @sa.event.listens_for(engine, "connect")
    def make(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(temporary)
        cursor.close()
        connection.commit()

    return engine


def test_a_column_that_it_lacks_breaks(url: str) -> None:
    METADATA.create_all(sa.create_engine(url, poolclass=NullPool))
    engine = connecting(url, "CREATE TEMP TABLE books (id INTEGER PRIMARY KEY)")
    with engine.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(BOOKS.select())
    (finding,) = Guard(METADATA).check(engine).findings
    assert (finding.difference.key, finding.difference.impact) == (
        "object-unknown books.temp:temporary table",
        Impact.BREAKS,
    )
    assert finding.difference.effect.endswith(": it has no title")


def test_what_the_table_behind_it_lacks_is_a_doubt_and_is_left_alone(url: str) -> None:
    plain = sa.create_engine(url, poolclass=NullPool)
    with plain.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE books (id INTEGER PRIMARY KEY)")
    engine = connecting(url, "CREATE TEMP TABLE books (id INTEGER PRIMARY KEY, title VARCHAR(80))")
    with engine.connect() as connection:
        assert connection.execute(BOOKS.select()).all() == []
    report = Guard(METADATA).apply(engine)
    assert report.worst is Impact.WEAKENS
    assert not report.results
    assert all(finding.difference.effect.startswith("not provable: ") for finding in report.findings)
    assert [column["name"] for column in sa.inspect(plain).get_columns("books")] == ["id"]
    assert Guard(METADATA).check(plain).worst is Impact.BREAKS  # who has no such table needs the column
