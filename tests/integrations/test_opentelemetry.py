"""Spans and metrics of apply, by OpenTelemetry's own SDK."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from schema_guard import Guard, Limits, StoppedError
from schema_guard.events import OBSERVERS
from schema_guard.integrations.opentelemetry import instrument

METADATA = sa.MetaData()
sa.Table("users", METADATA, sa.Column("id", sa.Integer, primary_key=True), sa.Column("email", sa.String, index=True))


class Seen:
    """What was exported."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers = TracerProvider()
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.meters = MeterProvider([self.reader])

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self.exporter.get_finished_spans())

    def metrics(self) -> dict[str, list[tuple[dict[str, object], float]]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        found = data.resource_metrics[0].scope_metrics[0].metrics
        return {
            metric.name: [
                (dict(point.attributes or {}), getattr(point, "value", getattr(point, "count", 0)))
                for point in metric.data.data_points
            ]
            for metric in found
        }


@pytest.fixture
def seen() -> Iterator[Seen]:
    seen = Seen()
    end = instrument(seen.tracers, seen.meters)
    yield seen
    end()
    assert OBSERVERS == []


def test_an_apply_and_its_steps(seen: Seen, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY)")
    Guard(METADATA, name="shop").apply(engine)
    *steps, apply = seen.spans
    assert apply.name == "schema_guard apply"
    assert [step.name for step in steps] == ["add column users.email", "create index users.ix_users_email"]
    assert all(step.parent is not None and step.parent.span_id == apply.context.span_id for step in steps)
    attributes = dict(apply.attributes or {})
    assert attributes["db.system.name"] == "sqlite"
    assert attributes["schema_guard.application"] == "shop"
    assert attributes["schema_guard.can_start"] is True
    assert attributes["schema_guard.steps"] == 2
    assert (apply.start_time or 0) <= (steps[0].start_time or 0)
    assert dict(steps[0].attributes or {})["schema_guard.outcome"] == "done"
    told = seen.metrics()
    assert sum(value for _, value in told["schema_guard.steps"]) == 2
    assert {each["schema_guard.impact"]: value for each, value in told["schema_guard.differences"]} == {
        "breaks": 0,
        "weakens": 0,
        "notes": 0,
    }
    assert [value for _, value in told["schema_guard.apply.duration"]] == [1]


def test_what_remains_is_an_error(seen: Seen, tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE users (id INTEGER PRIMARY KEY, other TEXT NOT NULL)")
        connection.exec_driver_sql("INSERT INTO users VALUES (1, 'x')")
    Guard(METADATA).apply(engine, Limits(budget=20))
    apply = seen.spans[-1]
    assert apply.status.status_code is StatusCode.ERROR
    assert dict(apply.attributes or {})["schema_guard.breaks"] == 1


def test_a_check_makes_no_span(seen: Seen, tmp_path: Path) -> None:
    Guard(METADATA).check(f"sqlite:///{tmp_path / 'shop.db'}")
    assert seen.spans == []


def test_an_apply_that_ends_without_a_verdict(seen: Seen, tmp_path: Path) -> None:
    def interrupted(_: object) -> None:
        raise StoppedError(15, "SIGTERM")

    url = f"sqlite:///{tmp_path / 'shop.db'}"
    with pytest.raises(StoppedError):
        Guard(METADATA).apply(url, on_step=interrupted)
    Guard(METADATA).apply(url)
    first, second = [span for span in seen.spans if span.name == "schema_guard apply"]
    assert first.status.description == "ended without a verdict"
    assert second.status.status_code is StatusCode.UNSET


def test_an_observer_that_fails_stops_no_repair(tmp_path: Path) -> None:
    def broken(_: object) -> None:
        raise RuntimeError

    OBSERVERS.append(broken)
    try:
        assert Guard(METADATA).apply(f"sqlite:///{tmp_path / 'shop.db'}").satisfied
    finally:
        OBSERVERS.remove(broken)


MODELS = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("users", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


def ran(folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    (folder / "shop.py").write_text(MODELS)
    command = (*before, "schema-guard", "apply", "shop:metadata", "--url", f"sqlite:///{folder / 'shop.db'}")
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "SCHEMA_GUARD_TELEMETRY": "true",
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    return subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )


def test_the_command_line(tmp_path: Path) -> None:
    done = ran(tmp_path, "opentelemetry-instrument")
    assert done.returncode == 0, done.stderr
    spans = [part for part in done.stdout[done.stdout.index("{") :].split("\n}\n") if part.startswith("{")]
    names = [json.loads(part + "\n}")["name"] for part in spans]
    assert names == ["create table users", "schema_guard apply"]


def test_without_an_exporter_it_is_said_once(tmp_path: Path) -> None:
    done = ran(tmp_path)
    assert done.returncode == 0
    assert done.stderr.count("opentelemetry-instrument") == 1
