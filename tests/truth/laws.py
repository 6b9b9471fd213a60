"""The two laws: the verdict is true, and no step takes from the application what worked before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from schema_guard.difference import Impact
from schema_guard.report import Report
from tests.truth.places import Failures
from tests.truth.program import Statement

__all__ = ["State", "lost", "untrue"]

CONTENT = (
    "UniqueViolation",
    "ForeignKeyViolation",
    "CheckViolation",
    "ExclusionViolation",
    "InsufficientPrivilege",
    "UNIQUE constraint failed",
    "FOREIGN KEY constraint failed",
    "CHECK constraint failed",
    "GENERATED ALWAYS",
    *(f"'C': '{state}'" for state in ("23505", "23503", "23514", "23P01", "42501")),  # as pg8000 says it
)
"""Failures that depend on the values or on who asks: a constraint that the models don't know may never meet them."""
UNSEEN = "trigger", "rule", "policy", "view"


@dataclass
class State:
    """The database at one moment: what the guard says of it, and what fails there."""

    when: str
    report: Report
    failures: Failures
    unprovable: frozenset[str] = field(default_factory=frozenset)
    """Full names of tables on which something else decides what a statement does: a trigger, a rule, a policy."""


def untrue(state: State, statements: Sequence[Statement]) -> list[str]:
    """What is wrong with the verdict, in words; empty when it is true."""
    breaks = state.report.remains(Impact.BREAKS)
    by_name = {each.name: each for statement in statements for each in (statement, *statement.parts)}
    certain = [
        f"{name}: {_line(error)}"
        for name, error in state.failures.items()
        if _is_certain(by_name[name], error, state.unprovable)
    ]
    if breaks and all(by_name[name].undeclared for name in state.failures):
        return [f"{state.when}: breaks, but every statement works", *(f"  {line}" for line in _findings(state.report))]
    if certain and not breaks:
        return [
            f"{state.when}: can start, but these statements fail",
            *(f"  {line}" for line in certain),
            *(f"  {line}" for line in _findings(state.report)),
        ]
    return []


def lost(before: State, after: State) -> list[str]:
    """The statements that worked before and fail now."""
    gone = [f"  {name}: {_line(error)}" for name, error in after.failures.items() if name not in before.failures]
    return [f"{after.when}: what worked before fails", *gone] if gone else []


def _is_certain(statement: Statement, error: BaseException, unprovable: frozenset[str]) -> bool:
    if statement.optional:
        return False
    if not statement.reads and any(table.fullname in unprovable for table in statement.tables):
        return False
    text = f"{type(getattr(error, 'orig', error)).__name__}: {error}"
    if statement.listed and ("Check" in text or "'C': '23514'" in text):
        return True
    return not any(word in text for word in CONTENT)


def _line(error: BaseException) -> str:
    return f"{type(getattr(error, 'orig', error)).__name__}: {str(error).splitlines()[0]}"


def _findings(report: Report) -> Iterator[str]:
    for finding in report.findings:
        difference = finding.difference
        yield f"[{difference.impact.word}] {difference.object}: {difference.headline}: {difference.effect}"
