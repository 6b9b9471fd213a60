"""A step that takes long: how far it is, and whom it waits for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, String, Table, func

from schema_guard import Backfill, Guard, Limits, events
from schema_guard.execute import underway
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

SLOW = """
CREATE FUNCTION slow(value int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
    $$ BEGIN PERFORM pg_sleep(0.004); RETURN value; END $$;
CREATE TABLE items (id int PRIMARY KEY, a int, filler text);
INSERT INTO items SELECT i, i, repeat('x', 2000) FROM generate_series(1, 500) i;
"""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Mapping[str, Any]]]:
    """What an observer is told of progress; the log says it at once, too."""
    monkeypatch.setattr(underway, "EVERY", 0.3)
    monkeypatch.setattr(events, "PROGRESS_EVERY", 0.3)
    found: list[Mapping[str, Any]] = []
    events.OBSERVERS.append(found.append)
    yield found
    events.OBSERVERS.remove(found.append)


def progress(told: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [event for event in told if event["event"] == "step_progress"]


def test_the_build_of_an_index(
    postgres_database: Database, told: list[Mapping[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    prepare(postgres_database, SLOW)
    metadata = MetaData()
    items = Table("items", metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("a", Integer))
    Index("ix_items_slow", func.slow(items.c.a))
    with caplog.at_level(logging.INFO, "schema_guard"):
        report = Guard(metadata).apply(postgres_database.url, Limits(budget=60))
    assert report.results[-1].changed, report.results
    shares = [event["share"] for event in progress(told) if event["share"] is not None]
    assert len(shares) > 2
    assert shares == sorted(shares)
    assert 0 < shares[-1] <= 1
    assert any(event["left"] is not None for event in progress(told))
    kinds = [event["event"] for event in told]
    assert kinds.index("step_started") < kinds.index("step_progress") < kinds.index("step_ended")
    assert kinds[-2:] == ["step_ended", "verdict"]
    assert any("% done, running for" in record.getMessage() for record in caplog.records)


def test_whom_it_waits_for(postgres_database: Database, told: list[Mapping[str, Any]]) -> None:
    prepare(postgres_database, "CREATE TABLE items (id int PRIMARY KEY, a int);")
    metadata = MetaData()
    Table("items", metadata, Column("id", Integer, primary_key=True), Column("a", Integer, index=True))
    with postgres_database.connect() as other:
        other.execute(b"BEGIN; INSERT INTO items VALUES (1, 1)")  # CREATE INDEX CONCURRENTLY waits until it ends
        apply = threading.Thread(target=lambda: Guard(metadata).apply(postgres_database.url, Limits(budget=60)))
        apply.start()
        for _ in range(200):
            if any(event["blockers"] for event in progress(told)):
                break
            apply.join(0.1)
        other.execute(b"COMMIT")
        apply.join()
    waiting = next(event for event in progress(told) if event["blockers"])
    assert waiting["left"] is None
    assert "waiting for" in waiting["message"]
    assert any(event["event"] == "step_ended" and event["outcome"] == "done" for event in told)


def test_a_backfill(postgres_database: Database, told: list[Mapping[str, Any]]) -> None:
    prepare(
        postgres_database,
        """
        CREATE TABLE owners (id int PRIMARY KEY, name text);
        CREATE TABLE items (id int PRIMARY KEY, owner_id int REFERENCES owners, owner_name text);
        INSERT INTO owners SELECT i, 'n' || i FROM generate_series(1, 50) i;
        INSERT INTO items SELECT i, 1 + i % 50, NULL FROM generate_series(1, 20000) i;
        CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(0.0002); RETURN NEW; END $$;
        CREATE TRIGGER slowly BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slowly();
        """,
    )
    metadata = MetaData()
    owners = Table("owners", metadata, Column("id", Integer, primary_key=True), Column("name", String))
    items = Table(
        "items",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("owner_id", ForeignKey("owners.id")),
        Column("owner_name", String),
    )
    backfill = Backfill(items, {items.c.owner_name: owners.c.name}, on=items.c.owner_id == owners.c.id)
    report = Guard(metadata, backfills=[backfill]).apply(postgres_database.url, Limits(budget=60))
    assert [result.rows for result in report.results if result.rows] == [20000]
    found = progress(told)
    assert [event["rows"] for event in found] == sorted(event["rows"] for event in found)
    assert 0 < found[-1]["share"] <= 1
    assert " a second" in found[-1]["message"]


def test_short_steps_have_none(postgres_database: Database, told: list[Mapping[str, Any]]) -> None:
    metadata = MetaData()
    Table("items", metadata, Column("id", Integer, primary_key=True))
    Guard(metadata).apply(postgres_database.url)
    assert progress(told) == []
