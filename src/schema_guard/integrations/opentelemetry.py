"""OpenTelemetry: a span for each apply and for each of its steps, and metrics of how it ended.

Needs `pip install "sqlalchemy-schema-guard[opentelemetry]"`. Who exports them, and where to, is up to the application
or to `opentelemetry-instrument`: nothing is set up here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, TracerProvider, set_span_in_context

from schema_guard.events import OBSERVERS
from schema_guard.requirements import version

__all__ = ["instrument"]

NAME = "schema_guard"


def instrument(
    tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> Callable[[], None]:
    """From now on each `Guard.apply` of this process is a span, and each of its steps one below it.

    A check makes none: it is asked often, and finds nothing.

    Args:
        tracer_provider: default is the global one.
        meter_provider: default is the global one.

    Returns:
        What ends it, and sends what is waiting to be sent.
    """
    tracers = tracer_provider or trace.get_tracer_provider()
    meters = meter_provider or metrics.get_meter_provider()
    telemetry = _Telemetry(tracers, meters)
    OBSERVERS.append(telemetry.observe)

    def end() -> None:
        OBSERVERS.remove(telemetry.observe)
        for provider in (tracers, meters):
            flush = getattr(provider, "force_flush", None)
            if flush is not None:
                flush()

    return end


class _Telemetry:
    """What is open: spans by the apply that they belong to. Several threads may be at work."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        self._tracer = trace.get_tracer(NAME, version(), tracers)
        meter = metrics.get_meter(NAME, version(), meters)
        self._steps = meter.create_counter("schema_guard.steps", "{step}", "Steps of apply, by outcome")
        self._seconds = meter.create_histogram("schema_guard.apply.duration", "s", "How long apply took")
        self._found = meter.create_gauge("schema_guard.differences", "{difference}", "Left after apply, by impact")
        self._applies: dict[int, tuple[float, Span]] = {}
        self._open: dict[tuple[int, str], Span] = {}

    def observe(self, event: Mapping[str, Any]) -> None:
        """Takes one event of schema_guard.events."""
        match event["event"]:
            case "step_started":
                self._begin(event)
            case "step_ended" | "step_failed":
                self._end(event)
            case "verdict":
                self._judge(event)

    def _apply(self, event: Mapping[str, Any]) -> Span:
        """The span of the apply that works in this thread; one that ended without a verdict is closed."""
        thread, began = threading.get_ident(), event["began"]
        known = self._applies.get(thread)
        if known is not None and known[0] == began:
            return known[1]
        if known is not None:
            known[1].set_status(Status(StatusCode.ERROR, "ended without a verdict"))
            known[1].end()
        span = self._tracer.start_span(
            "schema_guard apply", kind=SpanKind.CLIENT, start_time=_nanoseconds(began), attributes=_where(event)
        )
        self._applies[thread] = began, span
        return span

    def _begin(self, event: Mapping[str, Any]) -> None:
        context = set_span_in_context(self._apply(event))
        names = ("step", "object", "why", "urgency")
        attributes = {f"schema_guard.{name}": str(event[name]) for name in names}
        span = self._tracer.start_span(str(event["step"]), context, SpanKind.CLIENT, {**_where(event), **attributes})
        self._open[threading.get_ident(), str(event["step"])] = span

    def _end(self, event: Mapping[str, Any]) -> None:
        outcome = str(event["outcome"])
        self._steps.add(1, {**_where(event), "schema_guard.outcome": outcome})
        span = self._open.pop((threading.get_ident(), str(event["step"])), None)
        if span is None:  # it was left without a try
            return
        for name in ("rows", "batches", "tries"):
            span.set_attribute(f"schema_guard.{name}", int(event[name]))
        span.set_attribute("schema_guard.outcome", outcome)
        if event["event"] == "step_failed":
            span.set_status(Status(StatusCode.ERROR, outcome))
        span.end()

    def _judge(self, event: Mapping[str, Any]) -> None:
        span = self._apply(event)
        del self._applies[threading.get_ident()]
        for impact in ("breaks", "weakens", "notes"):
            span.set_attribute(f"schema_guard.{impact}", int(event[impact]))
            self._found.set(int(event[impact]), {**_where(event), "schema_guard.impact": impact})
        span.set_attribute("schema_guard.can_start", bool(event["can_start"]))
        span.set_attribute("schema_guard.steps", int(event["steps"]))
        if not event["can_start"]:
            span.set_status(Status(StatusCode.ERROR, "the application cannot start"))
        ended: dict[str, str | bool] = {**_where(event), "schema_guard.can_start": bool(event["can_start"])}
        self._seconds.record(time.time() - event["began"], ended)
        span.end()


def _where(event: Mapping[str, Any]) -> dict[str, str]:
    """In the words of https://opentelemetry.io/docs/specs/semconv/database/; our dialects have the names it uses."""
    return {
        "db.system.name": str(event["dialect"]),
        "db.namespace": str(event["database"]),
        "schema_guard.application": str(event["application"]),
    }


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
