"""What a refusal tells a person to run on PostgreSQL is something that the server runs, pasted as it stands.

What only a person knows (a query, a default, a role) stands behind `--`.
"""

from __future__ import annotations

import pytest

from schema_guard import Guard
from schema_guard.plan import Refusal
from tests.scenarios.document import Document
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.stage import Stage

TOLD = (
    "is not available",  # an extension that this server does not bring
    "could not load library",
    "invalid input value for enum",  # rows that another finding counts
)


@pytest.mark.newest_postgres(sqlite=False)
def test_advice(document: Document, stage: Stage, guard: Guard) -> None:
    """Each refusal's by itself: on the database as it is, or, where it needs what apply makes, after apply."""
    assert isinstance(stage, PostgresqlStage)
    failed = [each for each in guard.plan(stage.database).refusals if each.advice and _said(stage, each)]
    if not failed:
        return
    guard.apply(stage.database)
    left = {refusal.difference.key: refusal for refusal in guard.plan(stage.database).refusals}
    for refusal in failed:
        after = left.get(refusal.difference.key)
        if after is not None and after.advice and not after.reason.startswith("waits for "):
            assert not _said(stage, after), f"{after.difference.key}: {after.reason}\n{_said(stage, after)}"


def _said(stage: PostgresqlStage, refusal: Refusal) -> str:
    """What the server said against the advice, on a copy."""
    copy = stage.copy()
    try:
        done = copy.own.server.psql(copy.own.name, text="\n".join(refusal.advice))
    finally:
        copy.close()
    ran = done.returncode == 0 or any(words in done.stderr for words in TOLD)
    return "" if ran else "\n".join((*refusal.advice, done.stderr))
