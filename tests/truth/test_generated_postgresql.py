"""Both laws on generated models and PostgreSQL databases; `python -m tests.truth.hunt` looks at other examples."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from tests.postgres.cluster import Cluster
from tests.truth.generated import Server, on_postgresql
from tests.truth.test_generated import assert_lawful

SEEDS = range(7000, 7006)


@pytest.fixture(scope="module")
def server(postgres_server: Cluster) -> Iterator[Server]:
    made = Server(postgres_server)
    yield made
    made.close()


@pytest.mark.newest_postgres
@pytest.mark.parametrize("seed", SEEDS)
def test_on_postgresql(seed: int, server: Server) -> None:
    assert_lawful(on_postgresql(Random(seed), server))
