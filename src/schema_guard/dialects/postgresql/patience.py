"""Ends a statement whose answer never comes: the network is dead and nobody said so.

The server ends every statement by its statement_timeout; a client behind a network that has fallen silent never hears
of it, and the system's keepalive takes hours. So the client ends the connection itself, some seconds after the server
must have answered.
"""

from __future__ import annotations

import os
import socket
from contextlib import AbstractContextManager, suppress

from schema_guard.dialects.watch import unless_done_within

__all__ = ["GRACE", "answered_within", "cut"]

GRACE = 10.0
"""Seconds for the answer to arrive, beyond those that the server has for the statement."""


def answered_within(seconds: float, driver: object) -> AbstractContextManager[None]:
    """Cut the connection when the body takes longer: the driver then raises as for a lost one.

    Args:
        seconds: the statement's timeout, and GRACE.
        driver: the driver's own connection.
    """
    return unless_done_within(seconds, lambda: cut(driver))


def cut(driver: object) -> None:
    """psycopg and psycopg2 tell their socket's number, pg8000 holds the socket; asyncpg ends what waits in its loop."""
    terminate, loop = getattr(driver, "terminate", None), getattr(driver, "_loop", None)
    if terminate is not None and loop is not None:
        loop.call_soon_threadsafe(terminate)
        return
    holder = getattr(driver, "_usock", driver)
    with suppress(Exception):  # it is closed already
        descriptor = os.dup(holder.fileno())  # type: ignore[attr-defined] # each of them has one
        with socket.socket(fileno=descriptor) as connection:
            connection.shutdown(socket.SHUT_RDWR)
