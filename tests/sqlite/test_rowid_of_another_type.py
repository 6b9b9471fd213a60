"""INTEGER PRIMARY KEY where the models have a key of another type: it refuses what is no whole number."""

from __future__ import annotations

import datetime
import decimal
import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, registry

from schema_guard import Guard, Impact

KEYS: dict[str, tuple[Any, Any]] = {
    "Integer": (sa.Integer(), 5),
    "BigInteger": (sa.BigInteger(), 2**40),
    "Boolean": (sa.Boolean(), True),
    "Numeric(10, 0)": (sa.Numeric(10, 0), decimal.Decimal(5)),
    "Numeric(10, 2)": (sa.Numeric(10, 2), decimal.Decimal("1.50")),
    "Float": (sa.Float(), 1.5),
    "String": (sa.String(36), "a"),
    "Uuid": (sa.Uuid(), uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8")),
    "Date": (sa.Date(), datetime.date(2024, 2, 29)),
    "LargeBinary": (sa.LargeBinary(), b"a"),
}


def models(type_: Any, **options: Any) -> tuple[sa.MetaData, type[Any]]:
    mapper = registry()
    mapped: type[Any] = type("Thing", (), {})
    key = sa.Column("id", type_, primary_key=True, autoincrement=False, **options)
    mapper.map_imperatively(mapped, sa.Table("things", mapper.metadata, key, sa.Column("a", sa.String(9))))
    return mapper.metadata, mapped


def engine_of(file: Path, *statements: str) -> sa.Engine:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return sa.create_engine(f"sqlite:///{file}")


def works(engine: sa.Engine, made: Any) -> bool:
    with Session(engine) as session:
        session.add(made)
        try:
            session.flush()
        except (sa.exc.IntegrityError, sa.orm.exc.FlushError):
            return False
        return True


@pytest.mark.parametrize("kind", KEYS)
def test_the_verdict_is_that_of_an_insert(kind: str, sqlite_file: Path) -> None:
    type_, value = KEYS[kind]
    metadata, mapped = models(type_)
    engine = engine_of(sqlite_file, "CREATE TABLE things (id INTEGER PRIMARY KEY, a VARCHAR(9))")
    guard, made = Guard(metadata), mapped()
    made.id = value
    found = guard.check(engine)
    assert (found.worst is Impact.BREAKS) is not works(engine, made)
    if found.worst is Impact.BREAKS:
        (finding,) = found.findings
        assert "datatype mismatch" in finding.difference.effect
    assert guard.apply(engine).worst is not Impact.BREAKS  # no row is there yet
    again = mapped()
    again.id = value
    assert works(engine, again)
    assert guard.plan(engine).empty


def test_a_key_that_the_server_gives_by_a_default(sqlite_file: Path) -> None:
    """Without the rowid nothing would give it: the type and the default are changed in one step."""
    metadata, mapped = models(sa.String(36), server_default=sa.text("(hex(randomblob(16)))"))
    engine = engine_of(sqlite_file, "CREATE TABLE things (id INTEGER PRIMARY KEY, a VARCHAR(9))")
    guard = Guard(metadata)
    told = {finding.difference.code: finding.difference.impact for finding in guard.check(engine).findings}
    assert told == {"type-differs": Impact.BREAKS, "default-differs": Impact.WEAKENS}
    assert [step.id for step in guard.plan(engine).steps if step.resolves] == ["rebuild things"]
    assert guard.apply(engine).satisfied
    assert works(engine, mapped())


@pytest.mark.parametrize(
    ("key", "impact"),
    [
        ("id VARCHAR(36) PRIMARY KEY", Impact.BREAKS),
        ("id VARCHAR(36)", Impact.BREAKS),
        ("id VARCHAR(36) NOT NULL PRIMARY KEY", Impact.BREAKS),
        ("id VARCHAR(36) DEFAULT (hex(randomblob(16))) PRIMARY KEY", Impact.WEAKENS),
    ],
)
def test_a_key_that_nothing_gives(key: str, impact: Impact, sqlite_file: Path) -> None:
    """The row is stored with NULL where it can be, and the ORM gets no key back."""
    metadata, mapped = models(sa.String(36), server_default=sa.text("(hex(randomblob(16)))"))
    engine = engine_of(sqlite_file, f"CREATE TABLE things ({key}, a VARCHAR(9))")
    guard = Guard(metadata)
    assert guard.check(engine).worst is impact
    assert works(engine, mapped()) is (impact is not Impact.BREAKS)
    assert guard.apply(engine).worst is not Impact.BREAKS
    assert works(engine, mapped())


def test_rows_are_not_converted(sqlite_file: Path) -> None:
    metadata, _mapped = models(sa.String(36))
    rows = "INSERT INTO things (a) VALUES ('kept')"
    engine = engine_of(sqlite_file, "CREATE TABLE things (id INTEGER PRIMARY KEY, a VARCHAR(9))", rows)
    report = Guard(metadata).apply(engine)
    assert report.worst is Impact.BREAKS
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id, typeof(id), a FROM things").all() == [(1, "integer", "kept")]
