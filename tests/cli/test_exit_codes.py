"""apply exits 0 exactly when nothing that breaks the application remains; else the code says why it remains."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schema_guard.difference import Impact
from schema_guard.exit_codes import apply_code, check_code
from schema_guard.need import Kind, Need
from schema_guard.report import Attempt, Finding, Outcome, StepResult
from schema_guard.schema import Name
from tests.pure.render import nouns

BACKUP = Need(Kind.BACKUP, Name(None, "main"))


def result(outcome: Outcome) -> StepResult:
    return StepResult(nouns.add_column(), outcome, (Attempt(0.1),))


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome.FAILED, 5),
        (Outcome.LOCKED, 4),
        (Outcome.BLOCKED, 1),
        (Outcome.WAITING, 1),
        (Outcome.LEFT, 1),
        (Outcome.DONE, 1),
    ],
)
def test_what_breaks_remains(outcome: Outcome, code: int) -> None:
    assert apply_code(nouns.report(Finding(nouns.MISSING), results=(result(outcome),))) == code


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.FAILED, 5), (Outcome.LOCKED, 4), (Outcome.LEFT, 1)])
def test_what_waits_remains_for_the_reason_of_what_it_waits_for(outcome: Outcome, code: int) -> None:
    waiting = replace(nouns.add_column(), requires=frozenset({BACKUP}))
    backup = replace(nouns.add_column(), id="back up main", resolves=(), provides=frozenset({BACKUP}))
    results = (StepResult(backup, outcome), StepResult(waiting, Outcome.WAITING))
    assert apply_code(nouns.report(Finding(nouns.MISSING), results=results)) == code


def test_a_failed_step_is_no_failure_when_nothing_breaks() -> None:
    assert apply_code(nouns.report(Finding(nouns.CHECK), results=(result(Outcome.FAILED),))) == 0


def test_a_failure_elsewhere_does_not_explain_what_remains() -> None:
    assert apply_code(nouns.report(Finding(nouns.NOT_NULL), results=(result(Outcome.FAILED),))) == 1


@pytest.mark.parametrize(("fail_on", "code"), [("BREAKS", 0), ("WEAKENS", 1), ("NOTES", 1)])
def test_check_fails_from_the_given_impact_on(fail_on: str, code: int) -> None:
    assert check_code(nouns.report(Finding(nouns.CHECK)), Impact[fail_on]) == code
    assert check_code(nouns.report(), Impact[fail_on]) == 0
