"""`make test` leaves out cases, never a test; and both versions of PostgreSQL are tried."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.postgres.binaries import versions


def collected(*arguments: str, place: str = "tests/scenarios") -> list[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", *arguments, place]
    said = subprocess.run(command, check=True, cwd=root, capture_output=True, text=True).stdout
    return [line for line in said.splitlines() if line.startswith(place)]


def test_the_sample_has_every_test() -> None:
    whole, sample = collected(), collected("--sample")
    assert sample == collected("--sample")
    assert set(sample) < set(whole)
    assert {name.partition("[")[0] for name in sample} == {name.partition("[")[0] for name in whole}
    for version in versions():
        assert any(version in name for name in sample)


def test_what_needs_no_server_starts_none() -> None:
    """What make test-quick runs, and it is not nothing."""
    place = "tests/both/compare"
    everything = collected(place=place)
    left = collected("-m", "not server", place=place)
    assert 0 < len(left) < len(everything)
    assert not [name for name in left if any(version in name for version in versions()) or "on_postgresql" in name]
