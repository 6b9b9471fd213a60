"""Web and worker boot at the same moment, as they do after every deploy."""

from __future__ import annotations

import time

import pytest

from tests.mdraft.databases import DATABASES
from tests.mdraft.deployment import Deployment
from tests.mdraft.visitor import Visitor
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage

BOOTS = 5
"""On each of the two databases: ten."""
COMES_UP = 60.0


@pytest.mark.one_in(3)
@pytest.mark.parametrize("boot", range(BOOTS))
def test_web_and_worker_boot_at_the_same_moment(
    boot: int, stage: PostgresqlStage | SqliteStage, dialect: str, deployment: Deployment
) -> None:
    """Each repair is made once, both processes come up, and neither before the database is what they need."""
    stage.set_up(DATABASES[0].script(dialect))
    before = stage.contents()
    with deployment.worker() as worker, deployment.web() as address:
        someone = Visitor(address)
        assert someone.post_json("/api/proposals", name="At once").status == 201
        deadline = time.monotonic() + COMES_UP
        while "mdraft.work.convert" not in worker.said():  # the consumer lists its tasks when it is up
            assert worker.process.poll() is None, worker.said()
            assert time.monotonic() < deadline, worker.said()
            time.sleep(0.1)
    after = stage.contents()
    for table, (columns, rows) in before.items():
        assert set(columns) <= set(after[table][0])
        assert sum(rows.values()) <= sum(after[table][1].values())
    assert "nothing to do" in deployment.guard().stdout
