"""The log on stderr: lines for people, or with --log-format json one JSON object a line for a log collector."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from schema_guard.bind import bind_at_work
from schema_guard.config import LOG_FORMATS

if TYPE_CHECKING:
    from logging import LogRecord

__all__ = ["FORMATS", "as_json", "choose", "library_log", "record_text", "use"]

FORMATS = LOG_FORMATS
OPTION, VARIABLE = "--log-format", "SCHEMA_GUARD_LOG_FORMAT"


class _Chosen:
    """What this command line asked for; signals are logged from a thread, which no context of Click's reaches."""

    json = False
    by_argument = False
    command = ""


def choose(arguments: Sequence[str], command: str) -> None:
    """At the start of a command, also of one that cannot be parsed.

    Args:
        arguments: the command line.
        command: its command.
    """
    joined = [argument.partition("=")[2] for argument in arguments if argument.startswith(f"{OPTION}=")]
    apart = [value for option, value in pairwise(arguments) if option == OPTION]
    given = next(iter((*joined, *apart)), None)
    _Chosen.by_argument = given is not None
    _Chosen.json = (given or os.environ.get(VARIABLE, "")).strip().lower() == "json"
    _Chosen.command = command


def use(setting: str | None) -> None:
    """What the settings say, once they are read; an argument wins."""
    if setting is not None and not _Chosen.by_argument:
        _Chosen.json = setting == "json"


def as_json() -> bool:
    """Whether the log is JSON."""
    return _Chosen.json


def record_text(level: str, event: str, message: str, fields: Mapping[str, object] | None = None) -> str:
    """One line, pure ASCII.

    Args:
        level: info, warning or error.
        event: what kind of line it is.
        message: for people, without a password.
        fields: more, as JSON has it.
    """
    head = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": level,
        "event": event,
        "command": _Chosen.command,
        **({"bind": bind} if (bind := bind_at_work()) else {}),
        "message": message,
    }
    return json.dumps({**head, **(fields or {})}) + "\n"


@contextmanager
def library_log(write: Callable[[str], None], *, quiet: bool) -> Iterator[None]:
    """While it lasts, what `Guard.apply` logs is written as JSON; where the log is text it is printed already.

    Either way it goes nowhere else: logging that the application set up while it was imported would say it twice.

    Args:
        write: takes a line.
        quiet: only what went wrong.
    """
    import logging

    from schema_guard.events import FIELDS, LOGGER

    class Handler(logging.Handler):
        def emit(self, record: LogRecord) -> None:
            fields = {name: getattr(record, name) for name in FIELDS if name != "event" and hasattr(record, name)}
            write(
                record_text(record.levelname.lower(), getattr(record, "event", "message"), record.getMessage(), fields)
            )

    handler = Handler(logging.ERROR if quiet else logging.INFO)
    before = LOGGER.propagate, LOGGER.level
    LOGGER.propagate = False
    if as_json():
        LOGGER.addHandler(handler)
        LOGGER.setLevel(logging.INFO)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.propagate = before[0]
        LOGGER.setLevel(before[1])
