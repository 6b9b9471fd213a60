"""A sample of the matrix of releases; `python -m tests.concurrency.releases` plays all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.concurrency.releases import Case, play

SAMPLE = (
    Case("older", "data", "deploy --repair-chain", "alone"),
    Case("older", "ddl", "apply", "at once"),
    Case("older", "rename", "run", "alone"),
    Case("newer", "rename", "apply", "killed"),
    Case("newer", "data", "deploy", "at once"),
)


@pytest.mark.parametrize("case", SAMPLE, ids=str)
def test_two_releases_on_one_database(case: Case, sqlite_file: Path, tmp_path: Path) -> None:
    assert play(case, f"sqlite:///{sqlite_file}", tmp_path).problems == []
