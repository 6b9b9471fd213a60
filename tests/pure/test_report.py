"""apply plans in rounds: a step that comes up in several has one result, with all that was tried and sent."""

from __future__ import annotations

import pytest

from schema_guard.report import Attempt, Outcome, StepResult, united
from tests.pure.render import nouns

HELD = Attempt(0.5, "could not acquire the lock", ("pid 4711 (idle in transaction for 38 s)",))


def tried(outcome: Outcome, message: str = "", attempt: Attempt | None = None, rows: int = 0) -> StepResult:
    sent = (f"UPDATE {rows}",) if rows else ()
    return StepResult(nouns.add_column(), outcome, (attempt or Attempt(0.1),), rows, message=message, statements=sent)


def not_begun(message: str) -> StepResult:
    return StepResult(nouns.add_column(), Outcome.LEFT, message=message)


def test_that_no_time_was_left_does_not_hide_who_held_the_lock() -> None:
    (only,) = united([tried(Outcome.LOCKED, "held by pid 4711", HELD), not_begun("the budget of 3 s is used up")])
    assert (only.outcome, only.message, only.attempts) == (Outcome.LOCKED, "held by pid 4711", (HELD,))


def test_what_was_done_here_is_not_called_done_already() -> None:
    (only,) = united([tried(Outcome.DONE), tried(Outcome.ALREADY)])
    assert only.changed


@pytest.mark.parametrize("before", [Outcome.FAILED, Outcome.LOCKED, Outcome.WAITING, Outcome.LEFT, Outcome.DONE])
@pytest.mark.parametrize("after", [Outcome.FAILED, Outcome.LOCKED, Outcome.BLOCKED, Outcome.DONE])
def test_the_last_try_counts(before: Outcome, after: Outcome) -> None:
    (only,) = united([tried(before, "before"), tried(after, "after")])
    assert (only.outcome, only.message, len(only.attempts)) == (after, "after", 2)


def test_rows_and_statements_are_those_of_all_rounds() -> None:
    (only,) = united([tried(Outcome.LEFT, rows=3), tried(Outcome.DONE, rows=4)])
    assert (only.rows, only.statements, only.seconds) == (7, ("UPDATE 3", "UPDATE 4"), 0.2)


def test_the_order_is_that_of_the_first_round() -> None:
    other = StepResult(nouns.fill_owner(), Outcome.DONE, (Attempt(0.1),))
    results = united([tried(Outcome.LOCKED), other, tried(Outcome.DONE)])
    assert [result.step.id for result in results] == [nouns.add_column().id, nouns.fill_owner().id]
