"""Where text goes: styled and wrapped to a terminal, plain and as it is to a pipe or CI; never cut.

A reader that went away (`| head`) is no error, and a full disk changes no verdict: only a document that could not be
written, which something else is to read, is one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from shutil import get_terminal_size
from typing import Any, TextIO

import click

from schema_guard.cli.choices import QUIET
from schema_guard.cli.logs import as_json, record_text
from schema_guard.errors import ConfigurationError, one_line
from schema_guard.hidden import without_password
from schema_guard.render.formats import Shown
from schema_guard.render.line import Line, Style, ascii_only, plain, wrapped
from schema_guard.render.masked import rendered

__all__ = [
    "is_quiet",
    "log",
    "log_event",
    "log_text",
    "output_failure",
    "print_found",
    "print_lines",
    "print_result",
    "print_text",
    "styled",
    "write_error",
]

LOOKS = {
    Style.BREAKS: "bold red",
    Style.WEAKENS: "yellow",
    Style.NOTES: "dim",
    Style.GOOD: "green",
    Style.BOLD: "bold",
    Style.DIM: "dim",
    Style.SQL: "cyan",
}


def styled(stream: TextIO | None, color: bool) -> bool:
    """Whether the stream is a terminal that wants colour (https://no-color.org)."""
    if not color or stream is None or os.environ.get("NO_COLOR") or os.environ.get("CI"):
        return False
    return os.environ.get("TERM") != "dumb" and stream.isatty()


def is_quiet() -> bool:
    """Whether only the verdict, which is the last line, and what went wrong are wanted."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET))


STARTS = frozenset({"apply", "run", "deploy", "ready"})
"""Commands whose exit code decides whether an application starts: a log that cannot be written changes no verdict."""


def print_lines(lines: Sequence[Line], *, color: bool) -> None:
    """Write the lines to stdout; on a terminal wrapped at its width.

    Raises:
        ConfigurationError: they cannot be written, and the command is there to be read.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        width = get_terminal_size().columns
        lines = [part for spans in lines for part in wrapped(spans, width)]
    if not styled(sys.stdout, color):
        if (why := _written(plain(ascii_only(lines, _encoding(sys.stdout))))) is not None:
            context = click.get_current_context(silent=True)
            if context is None or context.info_name not in STARTS:
                raise ConfigurationError(_unwritable(why)) from None
            log(_unwritable(why), level="error", event="error")
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=True)
    try:
        for spans in ascii_only(lines, _encoding(sys.stdout)):
            console.print(Text.assemble(*((span.text, LOOKS.get(span.style, "")) for span in spans)))
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads(sys.stdout)


def print_result(found: object, format_: str, shown: Shown, *, color: bool) -> None:
    """Write what a command found to stdout, in that format.

    Args:
        found: a Report, or what the chain's commands return.
        format_: one of the formats that the command has.
    """

    def tell() -> None:
        log("*** stands for what looks like a password; schema-guard plan --format sql writes statements as they are")

    print_found(rendered(found, format_, shown, tell if format_ != "sql" else None), color=color)


def print_found(result: list[Line] | str, *, color: bool) -> None:
    """Write what was rendered to stdout."""
    if isinstance(result, str):
        print_text(result)
    else:
        print_lines(result[-1:] if is_quiet() else result, color=color)


def print_text(text: str) -> None:
    """Write finished text (a script, a document) to stdout; in UTF-8 when the stream's encoding cannot hold it.

    Raises:
        ConfigurationError: it cannot be written; a full disk, for example.
    """
    if (why := _written(text)) is not None:
        raise ConfigurationError(_unwritable(why)) from None


def _written(text: str) -> OSError | None:
    """Write to stdout; returns what kept it from being written. After that stdout leads nowhere."""
    stream = sys.stdout
    if stream is None:
        return None
    try:
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.buffer.write(text.encode("utf-8", "surrogateescape"))
        stream.flush()
    except BrokenPipeError:
        _nobody_reads(stream)
    except OSError as error:
        _nobody_reads(stream)
        return error
    return None


def output_failure() -> ConfigurationError | None:
    """The error for a stdout that cannot be written; None where it can."""
    why = _written("")
    return None if why is None else ConfigurationError(_unwritable(why))


def _unwritable(why: OSError) -> str:
    return f"the output could not be written to stdout: {why.strerror}; make room, or write it elsewhere"


def log(message: str, *, level: str = "info", event: str = "message", **fields: Any) -> None:
    """One line on stderr.

    Args:
        message: for people.
        level: info, warning or error; like the rest it is said where the log is JSON.
        event: what kind of line it is.
        fields: more of it.
    """
    if as_json():
        write_error(record_text(level, event, one_line(message), fields))
    else:
        write_error(f"schema-guard: {one_line(message)}\n")


def log_event(message: str, event: str, **fields: Any) -> None:
    """What a log collector wants to know and a person sees elsewhere: nothing where the log is text."""
    if as_json() and not is_quiet():
        log(message, event=event, **fields)


def log_text(text: str) -> None:
    """A traceback on stderr, without a password that stands in it."""
    text = without_password(text)
    write_error(record_text("error", "traceback", text) if as_json() else text)


def write_error(text: str) -> None:
    """Finished text on stderr."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text.encode(_encoding(sys.stderr), "backslashreplace").decode(_encoding(sys.stderr)))
        sys.stderr.flush()
    except OSError:  # a log that cannot be written ends no apply
        _nobody_reads(sys.stderr)


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _nobody_reads(stream: TextIO) -> None:
    """What follows goes nowhere, so that the exit code still tells the verdict."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
