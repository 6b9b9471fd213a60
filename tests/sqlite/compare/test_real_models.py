"""What the models of real applications brought up: each was reported although nothing was wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, Engine, Index, Integer, MetaData, Table, Text

from schema_guard.difference import DefaultDiffers, Impact
from schema_guard.guard import Guard
from schema_guard.report import Report


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return sa.create_engine(f"sqlite:///{tmp_path}/real.db")


def table(*items: sa.schema.SchemaItem) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("a", Integer), Column("b", Text), *items)
    return metadata


def look(models: MetaData, engine: Engine, *sql: str) -> Report:
    with engine.begin() as connection:
        for statement in sql:
            connection.exec_driver_sql(statement)
    return Guard(models).check(engine)


@pytest.mark.parametrize("key", [lambda: sa.desc("a"), lambda: sa.asc("a"), lambda: sa.desc(sa.text("lower(b)"))])
def test_order_around_a_name_or_a_text(key: Callable[[], sa.ColumnElement[object]], engine: Engine) -> None:
    models = table(Index("ix", "id", key()))
    models.create_all(engine)
    assert look(models, engine).findings == ()


@pytest.mark.parametrize(("there", "fits"), [("a, b DESC", True), ("a DESC, b", True), ("a, b", False)])
def test_an_index_is_read_backwards_as_well(there: str, fits: bool, engine: Engine) -> None:
    models = table()
    columns = models.tables["t"].c
    Index("ix", columns.a, columns.b.desc())
    created = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)"
    assert look(models, engine, created, f"CREATE INDEX other ON t ({there})").satisfied is fits


def test_a_python_side_default_is_sent_along(engine: Engine) -> None:
    models = table(Column("c", Text, default="x", server_default="x", nullable=False))
    created = "CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b TEXT, c TEXT NOT NULL)"
    report = look(models, engine, created)
    assert [(type(finding.difference), finding.difference.impact) for finding in report.findings] == [
        (DefaultDiffers, Impact.WEAKENS)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(models.tables["t"]).values(a=1))  # does not fail


@pytest.mark.parametrize("rows", [True, False])
def test_a_column_of_a_wider_key_comes_with_its_default(rows: bool, engine: Engine) -> None:
    """The application reads and writes again; the key itself changes only where no row is told apart by the old one."""
    models = MetaData()
    space = Column("space", Text, primary_key=True, server_default="default")
    Table("t", models, space, Column("name", Text, primary_key=True))
    look(models, engine, "CREATE TABLE t (name TEXT NOT NULL PRIMARY KEY)")
    if rows:
        look(models, engine, "INSERT INTO t VALUES ('a')")
    report = Guard(models).apply(engine)
    assert [finding.difference.code for finding in report.findings] == (["primary-key-differs"] if rows else [])
    with engine.begin() as connection:
        assert connection.execute(sa.select(models.tables["t"])).all() == ([("default", "a")] if rows else [])
