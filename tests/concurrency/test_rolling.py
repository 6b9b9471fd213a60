"""mdraft under load through a rolling deploy and a rollback; `make rolling` plays it longer, and on SQLite."""

from __future__ import annotations

from pathlib import Path

from tests.concurrency.rolling import play


def test_no_request_fails_beside_the_older_release(postgres: str, tmp_path: Path) -> None:
    """NOT NULL is held while the older release runs, and afterwards for the rows that it wrote, which are named."""
    played = play(postgres, tmp_path / "played", beside=True, seconds=0.5)
    assert not played.failed
    assert not played.refused
    assert {what.partition(":")[0] for what in played.answered} == {"start a proposal", "read", "hand a document in"}
    assert "conversions.pages" in played.last
