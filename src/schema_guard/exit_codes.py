"""What a command exits with; scripts depend on it (docs/cli.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from schema_guard.impact import Impact

if TYPE_CHECKING:
    from schema_guard.report import Outcome, Report, StepResult

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "LOCKED",
    "OK",
    "REMAINS",
    "UNREACHABLE",
    "USAGE",
    "apply_code",
    "check_code",
    "planned_code",
    "united_code",
]

OK = 0
REMAINS = 1
USAGE = 2
UNREACHABLE = 3
LOCKED = 4
FAILED = 5
INTERRUPTED = 130
"""SIGINT; an apply that was stopped gracefully exits with 128 and the signal's number."""


def check_code(report: Report, fail_on: Impact) -> int:
    """0 when nothing at or above `fail_on` was found, else 1; 4 or 5 when that is only what could not be read."""
    from schema_guard.difference import NotReadable  # takes long, and not every command needs it

    if not report.remains(fail_on):
        return OK
    found = [finding.difference for finding in report.findings if finding.difference.impact >= fail_on]
    unread = [difference for difference in found if isinstance(difference, NotReadable)]
    if len(unread) < len(found):
        return REMAINS
    return LOCKED if all(difference.unread.locked for difference in unread) else FAILED


def apply_code(report: Report) -> int:
    """0 when nothing that breaks the application remains; else why it remains: 4 a lock, 5 a failed step, 1 otherwise.

    A failed step whose difference only weakens the application is printed and changes nothing here: the application
    can start.
    """
    from schema_guard.difference import NotReadable
    from schema_guard.report import Outcome

    if not report.remains(Impact.BREAKS):
        return OK
    broken = {key for each in report.findings if each.difference.impact is Impact.BREAKS for key in each.keys}
    concerned = [result for result in report.results if broken.intersection(result.step.resolves)]
    outcomes = {outcome for result in concerned for outcome in _causes(result, report.results)}
    unread = [finding.difference.unread for finding in report.findings if isinstance(finding.difference, NotReadable)]
    if Outcome.FAILED in outcomes or not all(item.locked for item in unread):
        return FAILED
    return LOCKED if Outcome.LOCKED in outcomes or unread else REMAINS


def planned_code(report: Report) -> int:
    """What apply would exit with as far as the plan tells: what breaks and has no step remains.

    That a lock is not given, or that a statement fails, is not known before.
    """
    return apply_code(replace(report, findings=report.unplanned, results=()))


def united_code(codes: Sequence[int]) -> int:
    """Of several databases: stopped before all else, then what has to be set right by a person, then what may pass."""
    stopped = [code for code in codes if code >= INTERRUPTED - 2]
    order = (*stopped, USAGE, FAILED, REMAINS, LOCKED, UNREACHABLE)
    return next((code for code in order if code in codes), OK)


def _causes(result: StepResult, results: Iterable[StepResult]) -> set[Outcome]:
    """What became of the step; of one that waits, what became of the steps that it waits for."""
    from schema_guard.report import Outcome

    if result.outcome is not Outcome.WAITING:
        return {result.outcome}
    others = [other for other in results if other is not result]
    awaited = [other for other in others if other.step.provides & result.step.requires]
    return {outcome for other in awaited for outcome in _causes(other, others)}
