"""The log of an apply on stderr: a line for each step as it ends."""

from __future__ import annotations

from schema_guard.cli.output import log
from schema_guard.report import StepResult

__all__ = ["told"]


def told(result: StepResult) -> None:
    """Log what became of a step."""
    from schema_guard.render.text.phrases import duration

    step = result.step
    tries = f", {len(result.attempts)} tries" if len(result.attempts) > 1 else ""
    message = f": {result.message}" if result.message else ""
    log(f"{result.outcome} after {duration(result.seconds)}{tries}: {step.object}: {step.why}{message}")
