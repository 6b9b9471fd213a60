"""The server's own log of statements (csvlog; columns: PostgreSQL manual, 19.8.4)."""

from __future__ import annotations

import csv
import io
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from psycopg.sql import SQL, Literal

from tests.postgres.database import Database

DATABASE, PROCESS, MESSAGE = 2, 3, 13


class ServerLog:
    """What the server logged since this was made or last read.

    The server writes a record line by line. A mark of our own, on one line, tells where whole records end.
    """

    def __init__(self, database: Database) -> None:
        self._server = database.server
        self._file = Path(database.server.log)
        self._position = self._file.stat().st_size
        self._until_now()

    def records(self) -> Iterator[list[str]]:
        """The columns of each record since the last reading, of all databases, without our own marks."""
        for record in csv.reader(io.StringIO(self._until_now().decode())):
            if "schema_guard_mark_" not in record[MESSAGE]:
                yield record

    def _until_now(self) -> bytes:
        """All bytes that were written before this call, up to the end of a record."""
        mark = f"schema_guard_mark_{uuid.uuid4().hex}"
        with closing(Database(self._server, "postgres").connect()) as connection:
            connection.execute("SET log_statement = 'all'")
            connection.execute(SQL("SELECT {}").format(Literal(mark)))
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with self._file.open("rb") as file:
                file.seek(self._position)
                text = file.read()
            end = text.find(b"\n", text.find(mark.encode())) + 1 if mark.encode() in text else 0
            if end:
                self._position += end
                return text[:end]
            time.sleep(0.01)
        raise AssertionError("the server's log does not show what was sent")


def sent(log: ServerLog, database: Database) -> Iterator[tuple[str, str]]:
    """(backend, statement) of everything sent to the database since the log was last read."""
    for record in log.records():
        kind, _, statement = record[MESSAGE].partition(": ")
        if record[DATABASE] == database.name and (kind == "statement" or kind.startswith("execute")):
            yield record[PROCESS], statement
