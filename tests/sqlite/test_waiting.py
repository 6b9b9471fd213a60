"""Somebody holds the whole file: whatever the guard waits for then, it ends with the budget."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event

from schema_guard.errors import LockTimeoutError, UnreachableError
from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from tests.sqlite.stage import Stage

MODELS = MetaData()
Table("t", MODELS, Column("id", Integer, primary_key=True), Column("a", String))

BUDGET = 1.0
LATEST = BUDGET + 2.0


@contextmanager
def held(stage: Stage, *statements: str) -> Iterator[None]:
    """By another connection."""
    stage.script("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL)")
    connection = sqlite3.connect(stage.path, isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    try:
        yield
    finally:
        connection.close()


def seconds(call: Callable[[], object]) -> float:
    begun = time.monotonic()
    with pytest.raises((LockTimeoutError, UnreachableError), match="locked"):
        call()
    return time.monotonic() - begun


HOLDERS = [
    ["BEGIN EXCLUSIVE"],
    [
        "PRAGMA journal_mode = WAL",
        "PRAGMA locking_mode = EXCLUSIVE",
        "BEGIN IMMEDIATE",
        "INSERT INTO t VALUES (1, 'x')",
    ],
    ["PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE"],
]


@pytest.mark.parametrize("statements", HOLDERS)
def test_the_budget_ends_the_wait_for_a_file_that_cannot_be_read(stage: Stage, statements: list[str]) -> None:
    with held(stage, *statements):
        assert seconds(lambda: Guard(MODELS).apply(stage.engine, Limits(budget=BUDGET))) < LATEST


def test_also_where_the_driver_would_wait_longer(stage: Stage) -> None:
    patient = create_engine(f"sqlite:///{stage.path}", connect_args={"timeout": 30})
    with held(stage, "BEGIN EXCLUSIVE"):
        assert seconds(lambda: Guard(MODELS).apply(patient, Limits(budget=BUDGET))) < LATEST


def test_also_while_the_application_sets_its_connection_up(stage: Stage) -> None:
    """A listener of its own that needs the file."""

    def listen(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")

    event.listen(stage.engine, "connect", listen)
    with held(stage, "BEGIN EXCLUSIVE"):
        assert seconds(lambda: Guard(MODELS).apply(stage.engine, Limits(budget=BUDGET))) < LATEST


def test_the_patience_of_the_applications_own_connections_is_left_alone(stage: Stage) -> None:
    with held(stage, "BEGIN EXCLUSIVE"):
        seconds(lambda: Guard(MODELS).apply(stage.engine, Limits(budget=0.1)))
    with stage.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000
