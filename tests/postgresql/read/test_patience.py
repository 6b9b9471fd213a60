"""A statement whose answer never comes ends by the client's own clock."""

from __future__ import annotations

import os
import socket
import time

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from schema_guard.dialects.postgresql import patience
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import is_disconnect
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.server import EngineServer


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_with_every_driver(driver: str, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection is cut, the driver raises as for a lost one, and the link opens another next time."""
    monkeypatch.setattr(patience, "GRACE", 0.5)
    url = make_url(postgres).set(drivername=f"postgresql+{driver}")
    server = EngineServer(create_async_engine(url).sync_engine if driver == "asyncpg" else create_engine(url))
    link = Link(server)
    try:
        begun = time.monotonic()
        with pytest.raises(DriverError) as raised:
            link.rows("SELECT pg_catalog.pg_sleep(60)")
        assert time.monotonic() - begun < 40
        assert is_disconnect(raised.value)
        assert not link.is_open
        with link.within(30):
            assert link.rows("SELECT 1") == [(1,)]
    finally:
        link.close()
        server.bridge.close()


def is_cut(seconds: float) -> bool:
    """Whether a connection that says nothing is ended after so long."""
    ours, silent = socket.socketpair()
    with ours, silent, patience.answered_within(seconds, ours):
        ours.settimeout(10)
        return ours.recv(1) == b""


def test_a_process_that_was_forked_watches_for_itself() -> None:
    """gunicorn forks; the thread that watches stays behind in the parent."""
    with patience.answered_within(60, object()):
        assert is_cut(0.1), "sooner than what the thread waits for"
        child = os.fork()
        if child == 0:
            os._exit(0 if is_cut(0.1) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_answer_in_time_ends_nothing() -> None:
    ours, other = socket.socketpair()
    with ours, other:
        with patience.answered_within(0.05, ours):
            pass
        with patience.answered_within(0.3, object()):
            time.sleep(0.2)
        other.send(b"x")
        assert ours.recv(1) == b"x"
