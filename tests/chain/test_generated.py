"""Both laws for generated models and databases; `python -m tests.truth.hunt` tries as many others as one likes."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.postgres.cluster import Cluster
from tests.truth.generated import Outcome, Server, on_postgresql, on_sqlite

EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    derandomize=True,  # main always passes
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@pytest.fixture
def server(postgres_server: Cluster) -> Iterator[Server]:
    made = Server(postgres_server)
    yield made
    made.close()


@EXAMPLES
@given(dice=st.randoms(use_true_random=False))
def test_on_sqlite(dice: Random) -> None:
    assert_lawful(on_sqlite(dice))


@EXAMPLES
@given(dice=st.randoms(use_true_random=False))
def test_on_postgresql(server: Server, dice: Random) -> None:
    assert_lawful(on_postgresql(dice, server))


def assert_lawful(outcome: Outcome) -> None:
    for table in outcome.models:
        note(f"models    {table}")
    for table in outcome.database:
        note(f"database  {table}")
    note("\n".join(outcome.remarks))
    assert not outcome.violations, "\n".join(outcome.violations)
