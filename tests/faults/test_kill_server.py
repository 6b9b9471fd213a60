"""A server that is killed in the middle of a step: the guard says so, and the next run converges. `make faults` does
it in every kind of step.
"""

from __future__ import annotations

from pathlib import Path

from tests.faults.case import Case, document_named
from tests.faults.kill_server import kill_in_each_kind
from tests.faults.victim import Victims
from tests.postgres.cluster import Cluster
from tests.postgres.own import OwnServer


def test_the_guard_says_so_and_the_next_run_converges(
    postgres_server: Cluster, server_room: Path, tmp_path: Path
) -> None:
    """In ADD CONSTRAINT and in VALIDATE, by an immediate shutdown, a crash, and the loss of one process."""
    victims = Victims(tmp_path / "victims")
    try:
        with OwnServer(postgres_server, server_room / "own-killed") as own:
            case = Case(document_named("check/missing"), own.cluster, tmp_path / "case")
            tally = kill_in_each_kind(case, own, victims, {}, 1)
    finally:
        victims.close()
    assert tally.kills == 6
    assert tally.failures == []
