"""What apply is doing, while it does it: one line on a terminal, and in a log a line every ten seconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from schema_guard.cli.logs import as_json
from schema_guard.cli.output import is_quiet, log, styled

__all__ = ["live"]


@contextmanager
def live() -> Iterator[None]:
    """While it lasts. Where the log is JSON the library's own log says the same; -q says nothing."""
    if as_json() or is_quiet():
        yield
        return
    from schema_guard.events import OBSERVERS

    with _shown() as show:
        OBSERVERS.append(show)
        try:
            yield
        finally:
            OBSERVERS.remove(show)


@contextmanager
def _shown() -> Iterator[Callable[[Mapping[str, object]], None]]:
    if not styled(sys.stderr, True):
        yield _logged
        return
    from rich.console import Console
    from rich.markup import escape

    # What is printed meanwhile, by us or by the application, appears above the line.
    with Console(stderr=True, no_color=True, highlight=False).status("looking at the database") as status:

        def show(event: Mapping[str, object]) -> None:
            if event["event"] in ("step_started", "step_progress"):
                started = event["event"] == "step_started"
                status.update(escape(f"{event['object']}: {event['why']}" if started else str(event["message"])))
            else:
                status.update("looking at the database")

        yield show


def _logged(event: Mapping[str, object]) -> None:
    """How far a step is, as often as the library logs it."""
    from logging import INFO

    if event["event"] == "step_progress" and event["level"] == INFO:
        log(str(event["message"]))
