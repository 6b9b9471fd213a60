"""The log of an apply on stderr: a line for each step as it ends."""

from __future__ import annotations

import sys

from schema_guard.cli.logs import as_json
from schema_guard.cli.output import is_quiet, log
from schema_guard.report import Outcome, StepResult

__all__ = ["log_is_seen", "log_step"]


def log_step(result: StepResult, where: str = "") -> None:
    """Log what became of a step; with -q only a failure.

    Args:
        result: of the step.
        where: the bind or the schema, where there are several.
    """
    if as_json() or (is_quiet() and result.outcome is not Outcome.FAILED):
        return  # `Guard.apply` logs it itself
    from schema_guard.events import step_words

    log(f"{where}: {step_words(result)}" if where else step_words(result))


def log_is_seen() -> bool:
    """Whether who reads the report has read the log as well: both are on a terminal, or both on stderr."""
    return sys.stdout is sys.stderr or all(
        stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)
    )
