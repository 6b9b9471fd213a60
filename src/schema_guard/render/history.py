"""`schema-guard history`: the last runs of apply, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from schema_guard.counted import counted, duration
from schema_guard.history.table import Run
from schema_guard.render.json import VERSION, text_of
from schema_guard.render.line import Line, Span, Style, blank, line, words
from schema_guard.render.text.phrases import sql_lines, terminated

__all__ = ["history_json", "history_lines"]


def history_lines(runs: Sequence[Run], exit_code: int, *, verbose: bool = False) -> list[Line]:
    """The runs, the newest first, and how many they are.

    Args:
        runs: what was found.
        exit_code: what the command exits with.
        verbose: with the statements that were sent.
    """
    lines: list[Line] = []
    for run in runs:
        lines += [*_run(run, verbose), blank]
    none = "no run is recorded: --history, or history = true, records those to come"
    said = counted(len(runs), "run") if runs else none
    return [*lines, line(words(said), f" · exit {exit_code}")]


def history_json(runs: Sequence[Run], exit_code: int) -> str:
    """One document."""
    return text_of(
        {"version": VERSION, "command": "history", "exit_code": exit_code, "runs": [asdict(run) for run in runs]}
    )


def _run(run: Run, verbose: bool) -> Iterable[Line]:
    who = "@".join(part for part in (run.os_user, run.host) if part)
    parts = [
        run.application,
        f"release {run.release}" if run.release else "",
        f"by {who}" if who else "",
        f"as {run.db_user}" if run.db_user else "",
        duration(run.seconds),
    ]
    start = Span("the application could start", Style.GOOD)
    yield line(
        Span(run.at, Style.BOLD),
        *(part for text in parts if text for part in (" · ", words(text))),
        " · ",
        start if run.can_start else Span("the application could not start", Style.BREAKS),
    )
    for step in run.steps:
        message = f": {step['message']}" if step.get("message") else ""
        said = f"{step.get('object')}: {step.get('why')}: {step.get('outcome')}, {duration(_seconds(step))}"
        yield line("  ", words(f"{said}{message}"))
        statements = step.get("statements")
        for statement in statements if verbose and isinstance(statements, list) else ():
            yield from (line("      ", Span(part, Style.SQL)) for part in sql_lines(terminated(str(statement))))


def _seconds(step: object) -> float:
    seconds = step.get("seconds", 0.0) if isinstance(step, dict) else 0.0
    return float(seconds)
