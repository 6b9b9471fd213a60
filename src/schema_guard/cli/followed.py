"""While apply works: what it logs, what takes long, its telemetry, and the signals that end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from schema_guard.cli.live import live
from schema_guard.cli.logs import library_log
from schema_guard.cli.output import is_quiet, write_error
from schema_guard.cli.stopping import stoppable
from schema_guard.cli.telemetry import exported
from schema_guard.dialects.stop import Stop

__all__ = ["followed"]


@contextmanager
def followed() -> Iterator[Stop]:
    """Gives what tells whether a signal asked to stop. Raises as `exported` does."""
    with stoppable() as stop, library_log(write_error, quiet=is_quiet()), exported(), live():
        yield stop
