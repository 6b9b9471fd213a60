"""A SQLite file as a stage."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from schema_guard.dialects import open_session
from schema_guard.plan import Step
from tests.scenarios.document import HERE
from tests.scenarios.stage import Contents, freeze, runnable

__all__ = ["SqliteStage"]

_READ = re.compile(r"^\.read (?P<file>\S+)$", re.MULTILINE)
_CHANGES = re.compile(r"\s*(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)


class SqliteStage:
    """A file; foreign keys are enforced while it is set up, as applications do."""

    dialect = target = "sqlite"

    def __init__(self, file: Path) -> None:
        self.file = file
        self._seen: list[str] = []
        self.database = self._engine()

    def set_up(self, script: str) -> None:
        """Run the script as the sqlite3 shell would, `.read FILE` included."""
        script = _READ.sub(lambda found: (HERE / found["file"]).read_text(encoding="utf-8"), script)
        with closing(sqlite3.connect(self.file)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.executescript(script)

    def state(self) -> tuple[bytes, tuple[str, ...]]:
        beside = tuple(sorted(path.name for path in self.file.parent.glob(f"{self.file.name}*")))
        return self.file.read_bytes(), beside

    def objects(self) -> frozenset[str]:
        names = {f"{kind} {name}" for kind, name in self.query("SELECT type, name FROM sqlite_master")}
        for table in self._tables():
            names |= {f"column {table}.{row[1]}" for row in self.query(f"PRAGMA table_xinfo({_quote(table)})")}
        return frozenset(names)

    def contents(self, columns: Mapping[str, Sequence[str]] | None = None) -> Contents:
        found: Contents = {}
        for table in self._tables() if columns is None else columns:
            info = self.query(f"PRAGMA table_xinfo({_quote(table)})")
            names = [row[1] for row in info] if columns is None else columns[table]
            wanted = ", ".join([*self._rowid(table), *(_quote(name) for name in names)])
            rows = self.query(f"SELECT {wanted} FROM {_quote(table)}")
            found[table] = names, Counter(tuple(freeze(value) for value in row) for row in rows)
        return found

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute(sql).fetchall()

    def changes(self) -> list[str]:
        seen, self._seen = self._seen, []
        return [statement for statement in seen if _CHANGES.match(statement)]

    def take(self, steps: Sequence[Step], after: Callable[[Step], None] | None = None) -> None:
        with closing(open_session(self.database)) as session:
            for step in runnable(steps, lambda sql: bool(self.query(sql)[0][0])):
                sent: list[str] = []
                while session.execute(step, 1.0, 30.0, sent.append) and step.repeat:
                    pass
                # a backup fixes nothing, so nothing can tell that it was made
                assert not (step.resolves and session.needed(step)), (
                    f"{step.id}: the probe must be false after\n{step.probe}"
                )
                if after is not None:
                    after(step)

    def anywhere(self, text: str) -> str:
        return text.replace(str(self.file), "example.db")

    def copy(self) -> SqliteStage:
        other = Path(tempfile.mkdtemp(prefix="copy-", dir=self.file.parent)) / self.file.name
        shutil.copyfile(self.file, other)
        return SqliteStage(other)

    def close(self) -> None:
        self.database.dispose()

    def _engine(self) -> Engine:
        """SQLite itself tells which statements it runs (sqlite3_trace_v2); those of triggers come as comments."""
        engine = create_engine(f"sqlite:///{self.file}", poolclass=NullPool)

        @event.listens_for(engine, "connect")
        def listen(connection: sqlite3.Connection, record: object) -> None:
            connection.set_trace_callback(self._seen_append)

        return engine

    def _seen_append(self, statement: str) -> None:
        self._seen.append(statement)

    def _tables(self) -> list[str]:
        return [name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]

    def _rowid(self, table: str) -> list[str]:
        """The table's rowid where it has one: a rebuild must not number the rows again. SQLite's own tables' may."""
        if table.startswith("sqlite_"):
            return []
        try:
            self.query(f"SELECT rowid FROM {_quote(table)} LIMIT 0")
        except sqlite3.OperationalError:
            return []
        return ["rowid"]


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
