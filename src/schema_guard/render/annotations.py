"""What is said of a difference at the line of its model."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from schema_guard.declared import from_here
from schema_guard.difference import Impact
from schema_guard.render.line import shown
from schema_guard.render.text.told import told_of
from schema_guard.report import Finding, Report

__all__ = ["Annotation", "Level", "from_workspace", "of_check", "of_plan"]


class Level(Enum):
    ERROR = "error"
    """The command fails for it."""
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Annotation:
    level: Level
    code: str
    object: str
    headline: str
    lines: tuple[str, ...] = ()
    """What it does, what the rows say, what becomes of it."""
    file: str = ""
    """Empty where nobody knows the file."""
    line: int = 0
    """From 1; 0 where nobody knows it."""
    key: str = ""
    accepted: str = ""
    """Why a person accepts it; empty where nobody does."""


def of_check(report: Report, fail_on: Impact) -> list[Annotation]:
    """The differences; one at or above that impact is an error."""
    failing = {id(finding) for finding in report.findings if finding.difference.impact >= fail_on}
    return _of_report(report, failing)


def of_plan(report: Report) -> list[Annotation]:
    """The differences; one that breaks the application also after apply is an error."""
    failing = {id(finding) for finding in report.unplanned if finding.difference.impact is Impact.BREAKS}
    return _of_report(report, failing)


def from_workspace(file: str) -> str:
    """Relative to the checkout where GitHub Actions runs it, which may be above the working directory."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    with suppress(OSError, ValueError):  # the working directory is gone; the file lies elsewhere
        if file and workspace:
            return Path(file).resolve().relative_to(Path(workspace).resolve()).as_posix()
    return from_here(file)


def _of_report(report: Report, failing: set[int]) -> list[Annotation]:
    return [_annotation(finding, report, id(finding) in failing) for finding in (*report.findings, *report.accepted)]


def _annotation(finding: Finding, report: Report, fails: bool) -> Annotation:
    difference, declared = finding.difference, finding.declared
    weak = Level.NOTE if difference.impact is Impact.NOTES or finding.acceptance is not None else Level.WARNING
    return Annotation(
        Level.ERROR if fails else weak,
        difference.code,
        shown(difference.object),
        shown(difference.headline),
        tuple(told_of(finding, report)),
        "" if declared is None else from_workspace(declared.file),
        0 if declared is None else declared.line,
        shown(report.key_of(difference)),
        "" if finding.acceptance is None else shown(finding.acceptance.because),
    )
