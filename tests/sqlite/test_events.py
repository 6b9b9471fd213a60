"""Guard.apply tells the standard logging each step and the verdict, with fields."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, create_engine, func, text

from schema_guard import Guard
from schema_guard.render.line import plain
from schema_guard.render.text import apply_lines

EXPECTED = MetaData()
Table("item", EXPECTED, Column("id", Integer, primary_key=True), Column("amount", Integer, nullable=False))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = create_engine(f"sqlite:///{tmp_path / 'a.db'}")
    yield made
    made.dispose()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    records = [record for record in caplog.records if record.name == "schema_guard"]
    caplog.clear()
    return [(record.levelname, record.event) for record in records]  # type: ignore[attr-defined]


def test_steps_and_verdict(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "schema_guard")
    Guard(EXPECTED, name="shop").apply(engine)
    started, ended, verdict = (vars(record) for record in caplog.records if record.name == "schema_guard")
    assert (started["object"], started["application"], started["dialect"]) == ("item", "shop", "sqlite")
    assert (ended["outcome"], ended["tries"], ended["step"]) == ("done", 1, started["step"])
    assert ended["seconds"] > 0
    assert (verdict["can_start"], verdict["steps"]) == (True, 1)
    assert (started["message"], verdict["message"]) == ("item: table missing: started", "the application can start")
    caplog.clear()
    Guard(EXPECTED).apply(engine)
    assert told(caplog) == [("INFO", "verdict")]
    Guard(EXPECTED).recording().silent().apply(engine)
    assert told(caplog) == []


def test_an_object_with_two_differences_is_named_once(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "schema_guard")
    models = MetaData()
    Table(
        "item",
        models,
        Column("id", Integer, primary_key=True),
        Column("amount", Integer, default=func.lacking(1), onupdate=func.lacking(2)),
    )
    report = Guard(models).apply(engine)
    assert caplog.records[-1].getMessage() == "the application cannot start; item.amount breaks it"
    assert "2 differences break it (item.amount)" in plain(apply_lines(report, 1))


def test_what_remains_is_a_warning_and_what_breaks_an_error(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "schema_guard")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE item (id INTEGER PRIMARY KEY, amount INTEGER)"))
        connection.execute(text("INSERT INTO item VALUES (1, NULL)"))
    Guard(EXPECTED).apply(engine)
    assert caplog.records[-1].getMessage() == "the application can start; item.amount weakens it"
    assert told(caplog)[-1] == ("WARNING", "verdict")
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE item"))
        connection.execute(
            text("CREATE TABLE item (id INTEGER PRIMARY KEY, amount INTEGER NOT NULL, other INTEGER NOT NULL)")
        )
    Guard(EXPECTED).apply(engine)
    assert caplog.records[-1].getMessage() == "the application cannot start; item.other breaks it"
    assert told(caplog) == [("ERROR", "verdict")]


def test_a_program_without_logging_sees_nothing(tmp_path: Path) -> None:
    program = (
        "from schema_guard import Guard\nfrom sqlalchemy import *\nmade = MetaData()\n"
        "Table('item', made, Column('id', Integer, primary_key=True))\n"
        f"engine = create_engine('sqlite:///{tmp_path / 'b.db'}')\n"
        "with engine.begin() as connection:\n"
        "    connection.execute(text('CREATE TABLE item (id INTEGER PRIMARY KEY, other INTEGER NOT NULL)'))\n"
        "assert not Guard(made).apply(engine).satisfied\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout + ran.stderr == ""
