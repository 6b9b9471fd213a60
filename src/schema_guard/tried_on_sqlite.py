"""What a frozen file says of SQLite: the CREATE statements of the models are run on an empty file, and a whole check of
what they make has to find nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from schema_guard.address import Address
from schema_guard.by_text import by_text_alone, told
from schema_guard.dialects import open_session
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.errors import GuardError
from schema_guard.schema import Schema
from schema_guard.sources.frozen import FrozenSource, frozen

if TYPE_CHECKING:
    from schema_guard.guard import Guard
    from schema_guard.sources.frozen import Document

__all__ = ["text_known"]


def text_known(guard: Guard, document: Document | None = None) -> Mapping[str, Any] | None:
    """As JSON data; None where more decides the verdict than CREATE statements and the values in single columns.

    Args:
        guard: what is frozen.
        document: what the file says of it, where that is known.
    """
    if guard.accept or guard.scope.narrows:
        return None
    guard = guard.of(FrozenSource(document or frozen(guard.source), ""))
    with TemporaryDirectory() as folder:
        place = Address("sqlite", database=str(Path(folder) / "empty.db"))
        session = open_session(place)
        try:
            expected = guard.expected(session.dialect)
            if expected.problems or expected.fills or not all(map(by_text_alone, expected.tables)):
                return None
            with closing(sqlite3.connect(str(place.database))) as connection:
                connection.execute("BEGIN")  # else each statement is a transaction of its own, which takes longest
                for statement in _statements(expected):
                    connection.execute(statement)
                connection.commit()
            report = guard.check(place)
            if report.findings or report.warnings or report.left_out:
                return None
            return told(session, expected, session.inspect(expected), guard.policy)
        except (GuardError, sqlite3.Error, sqlite3.Warning):
            return None
        finally:
            session.close()


def _statements(expected: Schema) -> Iterator[str]:
    """As `create_all` and apply send them."""
    for table in expected.tables:
        yield table.ddl
        yield from (create_index(index, table.name) for index in table.indexes)
