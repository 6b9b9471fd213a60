"""A statement finds the first relation of a name on the search_path, be it an index or a composite type."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from schema_guard.sources.frozen.document import frozen, text_of
from tests.postgres.database import Database

models = sa.MetaData()
rooms = sa.Table("rooms", models, sa.Column("id", sa.Integer, primary_key=True))
OTHERS = {
    "a sequence": "CREATE SEQUENCE {0}.rooms",
    "a composite type": "CREATE TYPE {0}.rooms AS (id integer)",
    "an index": "CREATE TABLE {0}.halls (id integer); CREATE INDEX rooms ON {0}.halls (id)",
    "an index of a partitioned table": "CREATE TABLE {0}.halls (id integer) PARTITION BY LIST (id);"
    " CREATE INDEX rooms ON {0}.halls (id)",
}


def reads(engine: sa.Engine) -> bool:
    try:
        with engine.connect() as connection:
            connection.execute(sa.select(rooms)).all()
    except sa.exc.ProgrammingError:
        return False
    return True


def prepared(database: Database, sql: str) -> sa.Engine:
    with database.connect() as connection:
        connection.execute(f"CREATE SCHEMA front; CREATE SCHEMA back; {sql}".encode())
        connection.execute(f"ALTER DATABASE {database.name} SET search_path = front, public, back".encode())
    return sa.create_engine(database.url, poolclass=sa.NullPool)


@pytest.mark.parametrize("other", OTHERS)
def test_something_else_comes_first(postgres_database: Database, tmp_path: Path, other: str) -> None:
    table = "CREATE TABLE rooms (id serial PRIMARY KEY)"
    engine = prepared(postgres_database, f"{table}; {OTHERS[other].format('front')}")
    file = tmp_path / "expected.json"
    guard = Guard(models)
    file.write_text(text_of(frozen(guard.source, guard.name, guard.policy, guard.accept)), encoding="utf-8")
    assert not reads(engine)
    report = guard.apply(engine)
    assert report.worst is Guard.frozen(file).check(engine).worst is Impact.BREAKS
    (finding,) = [each for each in report.findings if each.difference.impact is Impact.BREAKS]
    assert "the name is held by" in finding.difference.headline
    assert finding.refusal is not None
    with engine.begin() as connection:
        connection.exec_driver_sql(finding.refusal.advice[0])
    assert reads(engine)
    assert not guard.check(engine).remains(Impact.BREAKS)


@pytest.mark.parametrize("other", [name for name in OTHERS if name != "a sequence"])
def test_something_else_comes_last(postgres_database: Database, other: str) -> None:
    """A table that is made comes before it."""
    engine = prepared(postgres_database, OTHERS[other].format("back"))
    assert not reads(engine)
    assert not Guard(models).apply(engine).remains(Impact.BREAKS)
    assert reads(engine)
