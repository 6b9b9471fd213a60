"""Both laws on generated models and SQLite databases: the verdict is true, and no step takes away what worked.

`python -m tests.truth.hunt` looks at any number of other examples, on PostgreSQL too.
"""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.truth.generated import Outcome, on_sqlite

EXAMPLES = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,  # main always passes; other seeds are tried by hand
    database=None,
    phases=(Phase.generate,),  # an example takes seconds: it is shown as it was found
    suppress_health_check=list(HealthCheck),
)
SEEDS = st.integers(0, 100_000)


@EXAMPLES
@given(seed=SEEDS)
def test_on_sqlite(seed: int) -> None:
    assert_lawful(on_sqlite(Random(seed)))


def assert_lawful(outcome: Outcome) -> None:
    lines = (*outcome.violations, *(f"models    {table}" for table in outcome.models))
    assert not outcome.violations, "\n".join((*lines, *(f"database  {table}" for table in outcome.database)))
