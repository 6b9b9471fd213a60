"""Where an application's statements are tried: each leaves the database as it was."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.util import greenlet_spawn

from tests.truth.program import Statement

__all__ = ["Failures", "OnPostgresql", "OnSqlite", "Place", "sqlite_image", "tried"]

Failures = dict[str, BaseException]
"""By the statement's name, why it failed."""


class Place(Protocol):
    def failures(self, statements: Iterable[Statement]) -> Failures:
        """Try each by itself."""
        ...


def tried(place: Place, statements: Sequence[Statement]) -> Failures:
    """What fails there, by its smallest parts."""
    failed = place.failures(statements)
    for statement in statements:
        if statement.parts and statement.name in failed:
            parts = tried(place, statement.parts)
            if parts:
                del failed[statement.name]
                failed |= parts
    return failed


class OnPostgresql:
    """Each statement behind a savepoint of one transaction that is never committed; deferred constraints are asked."""

    def __init__(self, engine: sa.Engine) -> None:
        self.engine = engine

    def failures(self, statements: Iterable[Statement]) -> Failures:
        if self.engine.dialect.is_async:
            return asyncio.run(greenlet_spawn(self._failures, statements))
        return self._failures(statements)

    def _failures(self, statements: Iterable[Statement]) -> Failures:
        failed: Failures = {}
        with self.engine.connect() as connection:
            transaction = connection.begin()
            for statement in statements:
                savepoint = connection.begin_nested()
                try:
                    with Session(connection, join_transaction_mode="rollback_only") as session:
                        statement.work(session)
                        session.flush()
                        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
                except Exception as error:
                    failed[statement.name] = error
                if savepoint.is_active:
                    savepoint.rollback()
            with suppress(sa.exc.DBAPIError):
                transaction.rollback()
        return failed


class OnSqlite:
    """Each statement is committed in a copy of its own, in memory."""

    def __init__(self, image: bytes, on_connect: Callable[[sqlite3.Connection], None] | None = None) -> None:
        self._image = image
        self._on_connect = on_connect
        self.engine = sa.create_engine("sqlite://", creator=self._copy, poolclass=NullPool)

    def _copy(self) -> sqlite3.Connection:
        connection = sqlite3.connect(":memory:", detect_types=0, check_same_thread=False)
        if self._image:
            connection.deserialize(self._image)
        if self._on_connect is not None:
            self._on_connect(connection)
        return connection

    def failures(self, statements: Iterable[Statement]) -> Failures:
        failed: Failures = {}
        for statement in statements:
            try:
                with Session(self.engine) as session:
                    statement.work(session)
                    session.commit()
            except Exception as error:
                failed[statement.name] = error
        return failed


def sqlite_image(file: Path) -> bytes:
    """The database as it lies in the file, also what is still in its WAL, fit for memory."""
    with sqlite3.connect(file) as source, sqlite3.connect(":memory:") as target:
        source.backup(target)
        image = bytearray(target.serialize())
    source.close()
    target.close()
    if len(image) > 20:
        image[18:20] = b"\x01\x01"  # no WAL in memory
    return bytes(image)
