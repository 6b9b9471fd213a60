"""The log of an apply on stderr: a line for each step as it ends."""

from __future__ import annotations

import sys

from schema_guard.cli.output import is_quiet, log
from schema_guard.report import Outcome, StepResult

__all__ = ["log_is_seen", "log_step"]


def log_step(result: StepResult) -> None:
    """Log what became of a step; with -q only a failure."""
    if is_quiet() and result.outcome is not Outcome.FAILED:
        return
    from schema_guard.render.text.deeds import deed
    from schema_guard.render.text.phrases import duration

    step = result.step
    tries = f", {len(result.attempts)} tries" if len(result.attempts) > 1 else ""
    message = f": {result.message}" if result.message else ""
    if result.changed:
        log(f"{deed(step)}, {duration(result.seconds)}{tries}{message}")
        return
    log(f"{result.outcome} after {duration(result.seconds)}{tries}: {step.object}: {step.why}{message}")


def log_is_seen() -> bool:
    """Whether who reads the report has read the log as well: both are on a terminal, or both on stderr."""
    return sys.stdout is sys.stderr or all(
        stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)
    )
