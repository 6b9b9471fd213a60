"""Guards that boot together. `make concurrency` boots 50 processes 20 times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.concurrency.boot import boot_together, reference
from tests.faults.case import Case, document_named
from tests.faults.victim import Victims
from tests.postgres.cluster import Cluster

SCENARIO = "mdraft/1-before"
PROCESSES = 8


@pytest.fixture
def victims(tmp_path: Path) -> Iterator[Victims]:
    made = Victims(tmp_path / "victims")
    yield made
    made.close()


def test_each_repair_is_made_once_on_postgresql(postgres_server: Cluster, victims: Victims, tmp_path: Path) -> None:
    """All exit alike, and none returns before the database is repaired."""
    case = Case(document_named(SCENARIO), postgres_server, tmp_path / "case")
    try:
        assert boot_together(case, victims, PROCESSES, reference(case, victims)) == []
    finally:
        case.close()


def test_each_repair_is_made_once_on_sqlite(victims: Victims, tmp_path: Path) -> None:
    """All exit alike, and none returns before the database is repaired."""
    case = Case(document_named(SCENARIO), None, tmp_path / "case")
    try:
        assert boot_together(case, victims, PROCESSES, reference(case, victims)) == []
    finally:
        case.close()
