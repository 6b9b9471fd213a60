"""Metrics in the text format of Prometheus, for a scrape or for the textfile collector of its node exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.readiness import Readiness
    from schema_guard.render.formats import Shown


def ready(readiness: Readiness, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.readiness import ready_metrics

    return ready_metrics(readiness)
