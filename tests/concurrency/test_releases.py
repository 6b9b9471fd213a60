"""A sample of the matrix of releases, and of those that meet; `make releases` plays all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.concurrency.meeting import Meeting, meet
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


MEETINGS = (
    Meeting("check", "deploy", "deploy", beside=True),
    Meeting("rename", "apply", "deploy", apart=0.4),
    Meeting("data", "run", "deploy", apart=-0.4),
)


@pytest.mark.parametrize("meeting", MEETINGS, ids=str)
def test_two_releases_that_boot_at_the_same_moment(meeting: Meeting, sqlite_file: Path, tmp_path: Path) -> None:
    assert meet(meeting, f"sqlite:///{sqlite_file}", tmp_path) == []
