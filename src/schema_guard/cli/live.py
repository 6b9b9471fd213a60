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
        yield _Lines().show
        return
    from rich.console import Console

    # What is printed meanwhile, by us or by the application, appears above the line.
    with Console(stderr=True, no_color=True, highlight=False).status("looking at the database") as status:

        def show(event: Mapping[str, object]) -> None:
            if event["event"] in ("step_started", "step_progress"):
                status.update(_escaped(str(event["message"]).removesuffix(": started")))
            else:
                status.update("looking at the database")

        yield show


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


class _Lines:
    """A line for each ten seconds that one step takes."""

    def __init__(self) -> None:
        self._said: dict[object, int] = {}

    def show(self, event: Mapping[str, object]) -> None:
        from schema_guard.events import PROGRESS_EVERY

        if event["event"] != "step_progress":
            return
        times = int(float(str(event["seconds"])) // PROGRESS_EVERY)
        if times > self._said.get(event["step"], 0):
            self._said[event["step"]] = times
            log(str(event["message"]))
