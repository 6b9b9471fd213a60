"""The real database as far as the chain is concerned: an open way to read it. Plain SELECTs only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from schema_guard.chain.systems import SYSTEMS, Live
from schema_guard.dialects.deadline import Deadline

__all__ = ["open_live"]


@contextmanager
def open_live(url: URL, deadline: Deadline | None = None) -> Iterator[Live]:
    """Connect for reading. A file that does not exist is not made.

    Args:
        url: the database.
        deadline: when the run that it is for has to be over.

    Raises:
        UnreachableError: the database does not answer.
    """
    engine = create_engine(url, poolclass=NullPool)
    with SYSTEMS[engine.dialect.name].live(engine, deadline) as live:
        yield live
