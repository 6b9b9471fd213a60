"""`telemetry = true`: what apply does, as spans and metrics of OpenTelemetry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schema_guard.errors import ConfigurationError

__all__ = ["exported", "use"]


class _Chosen:
    telemetry = False


def use(setting: bool | None) -> None:
    """What the settings say, once they are read."""
    _Chosen.telemetry = bool(setting)


@contextmanager
def exported() -> Iterator[None]:
    """While it lasts, each apply is a span; afterwards what is waiting is sent.

    Raises:
        ConfigurationError: telemetry was asked for, and its package is not installed.
    """
    if not _Chosen.telemetry:
        yield
        return
    try:
        from opentelemetry import trace

        from schema_guard.integrations.opentelemetry import instrument
    except ImportError:
        raise ConfigurationError(
            "telemetry is on, but opentelemetry-api is not installed:"
            " pip install 'sqlalchemy-schema-guard[opentelemetry]'"
        ) from None
    from schema_guard.cli.output import log

    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        log(
            "telemetry is on, but no exporter is set up: run `opentelemetry-instrument schema-guard ..`"
            " (package opentelemetry-distro)"
        )
    end = instrument()
    try:
        yield
    finally:
        end()
