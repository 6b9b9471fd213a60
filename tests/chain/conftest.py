"""A stage on each database."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.chain.stage import Stage
from tests.warm.programs import REAL, Programs


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm: Programs) -> Path:
    """An empty working directory, and nothing set in the environment; what is started from here is a warm program."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", warm.python)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("DATABASE_URL", "SCHEMA_GUARD_URL", "SCHEMA_GUARD_TARGET", "ALEMBIC_CONFIG", "FLASK_APP"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def cold(room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Start the real Python all the same."""
    monkeypatch.setattr(sys, "executable", REAL)


@pytest.fixture
def on_sqlite(room: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Stage:
    """An application with a SQLite file, which is not there yet."""
    url = f"sqlite:///{room / 'shop.db'}"
    monkeypatch.setenv("DATABASE_URL", url)
    return Stage(room, url, capfd)


@pytest.fixture
def on_postgres(room: Path, postgres: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Stage:
    """An application with an empty PostgreSQL database."""
    monkeypatch.setenv("DATABASE_URL", postgres)
    return Stage(room, postgres, capfd)


@pytest.fixture(params=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """On one after the other."""
    found = request.getfixturevalue("on_sqlite" if request.param == "sqlite" else "on_postgres")
    assert isinstance(found, Stage)
    return found
