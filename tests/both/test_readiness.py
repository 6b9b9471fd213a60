"""An answer is remembered for some seconds; one thread looks, and nothing that goes wrong is raised."""

from __future__ import annotations

import socket
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard import Guard
from schema_guard.difference import Impact
from schema_guard.readiness import Probe, Readiness, readiness_of
from schema_guard.render.readiness import ready_json, ready_line, ready_metrics
from tests.postgres.database import Database
from tests.pure.render import nouns

metadata = MetaData()
ITEMS = Table("items", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))


@pytest.fixture
def guard() -> Guard:
    return Guard(metadata, name="shop")


def test_a_change_is_seen_by_the_next_look(guard: Guard, sqlite_file: Path) -> None:
    engine = create_engine(f"sqlite:///{sqlite_file}")
    metadata.create_all(engine)
    assert guard.ready(engine, max_age=60)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE items DROP COLUMN name"))
    assert guard.ready(engine, max_age=60)
    readiness = guard.ready(engine, max_age=0)
    assert not readiness
    assert readiness.reason == "items.name: column missing: VARCHAR(20)"
    assert not guard.ready(engine, max_age=60)


def test_each_guard_and_each_database_has_its_own_answer(guard: Guard, sqlite_file: Path) -> None:
    url = f"sqlite:///{sqlite_file}"
    engine = create_engine(url)
    metadata.create_all(engine)
    assert guard.ready(engine, max_age=60)
    other = MetaData()
    Table("others", other, Column("id", Integer, primary_key=True))
    assert not guard.of(Guard(other).source).ready(engine, max_age=60)
    assert not guard.ready(f"{url}.other", max_age=60)
    assert guard.ready(engine.url, max_age=60)


def test_a_remembered_answer_sends_nothing(guard: Guard, sqlite_file: Path) -> None:
    engine = create_engine(f"sqlite:///{sqlite_file}")
    metadata.create_all(engine)
    guard.ready(engine, max_age=60)
    connected: list[Any] = []
    event.listen(engine, "do_connect", lambda *arguments: connected.append(arguments))
    for _ in range(100):
        guard.ready(engine, max_age=60)
    assert connected == []


def test_one_thread_looks_and_the_others_get_its_answer() -> None:
    looks: list[float] = []

    def look() -> Readiness:
        looks.append(time.monotonic())
        time.sleep(0.1)
        return readiness_of(nouns.report, "")

    probe = Probe()
    answers: list[Readiness] = []
    threads = [threading.Thread(target=lambda: answers.append(probe.ask(60, look))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(looks) == 1
    assert len(set(map(id, answers))) == 1
    assert len(answers) == 20


def test_while_one_looks_the_others_do_not_wait() -> None:
    """The last answer is good enough up to twice the age."""
    probe, looking, release = Probe(), threading.Event(), threading.Event()
    aged = replace(readiness_of(nouns.report, ""), began=time.monotonic() - 100)
    old = probe.ask(0, lambda: aged)

    def slow() -> Readiness:
        looking.set()
        release.wait(10)
        return readiness_of(nouns.report, "")

    thread = threading.Thread(target=lambda: probe.ask(90, slow))
    thread.start()
    assert looking.wait(10)
    assert probe.ask(90, slow) is old
    release.set()
    thread.join()
    assert probe.ask(60, slow) is not old


def test_a_look_that_fails_leaves_the_probe_usable() -> None:
    probe = Probe()
    with pytest.raises(KeyboardInterrupt):
        probe.ask(60, lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert probe.ask(60, lambda: readiness_of(nouns.report, ""))


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_a_database_that_is_not_there_is_not_ready(guard: Guard, driver: str) -> None:
    url = f"postgresql+{driver}://shop:hidden-word@127.0.0.1:1/shop"
    database = create_async_engine(url) if driver == "asyncpg" else create_engine(url)
    readiness = guard.ready(database)
    assert not readiness
    assert readiness.counts is None
    assert "nothing listens there" in readiness.reason
    for shown in (ready_line(readiness), ready_json(readiness), ready_metrics(readiness)):
        assert "hidden-word" not in shown
    assert "\n" not in ready_line(readiness)


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_a_server_that_is_silent_is_not_ready_in_time(guard: Guard, driver: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql+{driver}://shop@127.0.0.1:{silent.getsockname()[1]}/shop"
        begun = time.monotonic()
        readiness = guard.ready(create_async_engine(url) if driver == "asyncpg" else create_engine(url), timeout=2)
        assert time.monotonic() - begun < 10  # a slow machine; without the limit it is never
    assert "no answer in time" in readiness.reason


def test_a_file_that_is_locked_is_not_ready_in_time(guard: Guard, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("CREATE TABLE items (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(20))")
        other.execute("BEGIN EXCLUSIVE")
        assert "is locked" in guard.ready(f"sqlite:///{sqlite_file}", timeout=0.5).reason
        other.execute("ROLLBACK")
    assert guard.ready(f"sqlite:///{sqlite_file}", max_age=0)


@pytest.mark.parametrize("wrong", [3, "mysql://nowhere", "no url"])
def test_whatever_is_wrong_is_a_reason(guard: Guard, wrong: Any) -> None:
    assert not guard.ready(wrong)
    assert guard.ready(wrong).reason


def test_a_mistake_of_ours_is_a_reason_too() -> None:
    readiness = readiness_of(lambda: 1 / 0, "")  # type: ignore[arg-type,return-value]
    assert readiness.reason == "unexpected ZeroDivisionError: division by zero"


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_postgresql(guard: Guard, postgres_database: Database, driver: str) -> None:
    """Also an AsyncEngine, from within a running event loop or not."""
    url = postgres_database.server.url(postgres_database.name, driver=driver)
    database = create_async_engine(url) if driver == "asyncpg" else create_engine(url)
    assert not guard.ready(database)
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE items (id serial PRIMARY KEY, name varchar(20))")
    assert guard.ready(database, max_age=0)
    with postgres_database.connect() as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE items IN ACCESS EXCLUSIVE MODE")
        begun = time.monotonic()
        guard.ready(database, max_age=0, timeout=1)
        assert time.monotonic() - begun < 10


def test_what_is_left_out_is_said(sqlite_file: Path) -> None:
    readiness = Guard(metadata, exclude=["items"]).ready(f"sqlite:///{sqlite_file}")
    assert ready_line(readiness) == "ready · not guarded: table items"
    assert '"not_guarded": ["table items"]' in ready_json(readiness)
    assert "items" not in ready_json(readiness, details=False)
    assert "schema_guard_not_guarded 1" in ready_metrics(readiness).splitlines()


def test_metrics_are_prometheus_text() -> None:
    readiness = readiness_of(nouns.drifted, 'a "shop"\n')
    lines = ready_metrics(readiness).splitlines()
    label = 'application="a \\"shop\\"\\n"'
    assert f"schema_guard_ready{{{label}}} 0" in lines
    assert f'schema_guard_differences{{{label},impact="breaks"}} 2' in lines
    assert f'schema_guard_differences{{{label},impact="notes"}} 1' in lines
    assert sum(line.startswith("# TYPE ") for line in lines) == 5


def test_only_what_counts_is_named() -> None:
    readiness = readiness_of(nouns.drifted, "")
    assert readiness.reason == "proposals.visitor_session_id: column missing: VARCHAR(64); and 1 more"
    assert len(readiness_of(nouns.drifted, "", Impact.NOTES).found) == 5
