"""A Readiness as one line for people, as a small JSON document for probes, and as Prometheus' text format."""

from __future__ import annotations

import json

from schema_guard.counted import first_of
from schema_guard.readiness import Readiness

__all__ = ["ready_json", "ready_line", "ready_metrics"]

MOST_NAMED = 20
"""Differences that the document names; `counts` has the number of all."""


def ready_line(readiness: Readiness) -> str:
    """`ready`, or `not ready: ..`; and what was not looked at."""
    said = "ready" if readiness else f"not ready: {readiness.reason}"
    return f"{said} · not guarded: {first_of(readiness.left_out)}" if readiness.left_out else said


def ready_json(readiness: Readiness, *, details: bool = True) -> str:
    """The document of a probe, on one line and in ASCII.

    Args:
        details: also the reason and what was found: names of tables and columns, and of the server.
    """
    document: dict[str, object] = {"ready": readiness.ready}
    if details:
        counts = readiness.counts
        document["reason"] = readiness.reason
        document["breaks"] = list(readiness.found[:MOST_NAMED])
        document["counts"] = None if counts is None else {impact.word: count for impact, count in counts.items()}
        document["not_guarded"] = list(readiness.left_out[:MOST_NAMED])
    document["checked"] = readiness.checked.isoformat(timespec="seconds").replace("+00:00", "Z")
    document["age"] = round(readiness.age, 1)
    return json.dumps(document) + "\n"


def ready_metrics(readiness: Readiness) -> str:
    """Gauges in the text format of Prometheus (version 0.0.4); the application's name, if it has one, is a label."""
    labels = {"application": readiness.application} if readiness.application else {}
    lines = [
        *_gauge("schema_guard_ready", "Whether nothing breaks the application: 1 or 0."),
        _sample("schema_guard_ready", labels, int(readiness.ready)),
        *_gauge("schema_guard_reachable", "Whether the last check could read the database: 1 or 0."),
        _sample("schema_guard_reachable", labels, int(readiness.counts is not None)),
    ]
    if readiness.counts is not None:
        lines += _gauge("schema_guard_differences", "Differences from what the models expect, by impact.")
        lines += [
            _sample("schema_guard_differences", {**labels, "impact": impact.word}, count)
            for impact, count in readiness.counts.items()
        ]
    if readiness.left_out:
        lines += _gauge("schema_guard_not_guarded", "Objects of the models that are left out.")
        lines.append(_sample("schema_guard_not_guarded", labels, len(readiness.left_out)))
    lines += [
        *_gauge("schema_guard_check_duration_seconds", "How long the last check took."),
        _sample("schema_guard_check_duration_seconds", labels, round(readiness.seconds, 6)),
        *_gauge("schema_guard_check_age_seconds", "How long ago the last check began."),
        _sample("schema_guard_check_age_seconds", labels, round(readiness.age, 3)),
    ]
    return "".join(f"{line}\n" for line in lines)


def _gauge(name: str, help_: str) -> tuple[str, str]:
    return f"# HELP {name} {help_}", f"# TYPE {name} gauge"


def _sample(name: str, labels: dict[str, str], value: float) -> str:
    pairs = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
