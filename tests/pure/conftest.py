"""No test here opens a database: so all of them run in seconds."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

CONNECTS = frozenset({"sqlite3.connect", "socket.connect"})
"""Events that Python tells of itself (library manual, audit events table)."""
_running: list[str] = []


def _told(event: str, _: object) -> None:
    if event in CONNECTS and _running:
        pytest.fail(f"{_running[0]} opens a database: it belongs to tests/sqlite, tests/postgresql or tests/both")


sys.addaudithook(_told)


@pytest.fixture(autouse=True)
def _opens_no_database(request: pytest.FixtureRequest) -> Iterator[None]:
    _running.append(request.node.nodeid)
    yield
    _running.clear()
