"""A guard that is killed anywhere leaves what the next run repairs. `make faults` kills in every scenario."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.case import Case, document_named
from tests.faults.kill_guard import kill_everywhere
from tests.faults.victim import Victims
from tests.postgres.cluster import Cluster


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victims]:
    made = Victims(tmp_path_factory.mktemp("victims"))
    yield made
    made.close()


@pytest.mark.parametrize("name", ["check/missing", "index/invalid", "column/not-null-tightened"])
def test_the_next_run_converges_on_postgresql(
    name: str, postgres_server: Cluster, victims: Victims, tmp_path: Path
) -> None:
    """After and during every statement that changes something: nothing is left over, nothing is lost."""
    case = Case(document_named(name), postgres_server, tmp_path / "case")
    try:
        tally = kill_everywhere(case, victims, changes_only=True)
    finally:
        case.close()
    assert tally.kills >= 2
    assert tally.failures == []


def test_the_next_run_converges_on_sqlite(victims: Victims, tmp_path: Path) -> None:
    """In the middle of a backup and of a rebuild, too."""
    case = Case(document_named("sqlite/rebuild"), None, tmp_path / "case")
    try:
        tally = kill_everywhere(case, victims, changes_only=True)
    finally:
        case.close()
    assert tally.kills >= 20
    assert tally.failures == []
