"""A scenario on one database, ready for kills: fresh copies of it, the guard as a file, what is there afterwards."""

from __future__ import annotations

import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from schema_guard import Guard
from schema_guard.plan import Plan
from schema_guard.render.line import plain
from schema_guard.render.text import check_lines
from schema_guard.report import Report
from tests.postgres.cluster import Cluster
from tests.scenarios.document import Document, documents
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.stage import Contents

__all__ = ["Case", "State", "document_named"]

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "mdraft"
if str(EXAMPLES) not in sys.path:  # scenarios import the application that lives there
    sys.path.append(str(EXAMPLES))

OUTLINE = (Path(__file__).parent / "outline.sql").read_text(encoding="utf-8")
EPILOGUE = """
from schema_guard import Guard as _Guard
if "guard" not in globals():
    guard = _Guard(models, backfills=globals().get("backfills", ()), policy=globals().get("policy"))
"""
Copy = PostgresqlStage | SqliteStage
_UNIQUE = re.compile(r'constraint .* (?P<name>"(?:[^"]|"")+"|[^\s"]+) t UNIQUE ')


def document_named(name: str) -> Document:
    return next(document for document in documents() if document.name == name)


@dataclass(frozen=True)
class State:
    """What has to be the same however often the guard was killed on the way.

    `beside` are the files beside a SQLite database, but for backups; `rows` how many rows each table holds.
    """

    outline: Counter[str]
    said: str
    rows: Mapping[str, int]
    beside: tuple[str, ...]

    def differs(self, other: State) -> list[str]:
        """How, one line for each."""
        found = [f"too much: {line}" for line in sorted((self.outline - other.outline).elements())]
        missing = sorted((other.outline - self.outline).elements())
        found += [f"missing: {line}" for line in missing if not self._stands_as_index(line)]
        if self.said != other.said:
            found.append(f"check says\n{self.said}and not\n{other.said}")
        if self.rows != other.rows:
            found.append(f"rows: {dict(self.rows)} and not {dict(other.rows)}")
        if self.beside != other.beside:
            found.append(f"files: {self.beside} and not {other.beside}")
        return found

    def _stands_as_index(self, line: str) -> bool:
        """A UNIQUE constraint whose valid unique index stands satisfies the models, whether it was attached or not."""
        unique = _UNIQUE.match(line)
        return unique is not None and any(
            index.startswith(f"index t CREATE UNIQUE INDEX {unique['name']} ON ") for index in self.outline
        )


@dataclass
class Case:
    """A scenario on one database.

    Args:
        document: the scenario.
        server: a PostgreSQL, or None for SQLite.
        room: a directory of its own.
    """

    document: Document
    server: Cluster | None
    room: Path
    original: Copy = field(init=False)
    target: str = field(init=False)
    """TARGET of the command line."""
    guard: Guard = field(init=False)
    kept: dict[str, list[str]] = field(init=False)
    """The columns of each table that no backfill may fill."""
    before: Contents = field(init=False)

    def __post_init__(self) -> None:
        self.room.mkdir(parents=True)
        source = self.document.text("Models", "python", self.dialect)
        (self.room / "scenario_models.py").write_text(source + EPILOGUE, encoding="utf-8")
        self.target = f"{self.room / 'scenario_models.py'}:guard"
        models = self.document.models(self.dialect)
        self.guard = models.get("guard") or Guard(
            models["models"], backfills=models.get("backfills", ()), policy=models.get("policy")
        )
        self._models = models  # classes that nobody holds are forgotten
        if self.server is not None:
            self.original = PostgresqlStage.on(self.server, self.document.front.get("Role", "postgres"))
        else:
            self.original = SqliteStage(self.room / "test.db")
        self.original.set_up(self.document.text("Database before", "sql", self.dialect))
        self.kept = {
            table: [column for column in columns if not self._may_change(table, column)]
            for table, (columns, _) in self.original.contents().items()
        }
        self.before = self.original.contents(self.kept)

    @property
    def dialect(self) -> str:
        return "sqlite" if self.server is None else "postgresql"

    @property
    def name(self) -> str:
        return f"{self.document.name} on {'SQLite' if self.server is None else f'PostgreSQL {self.server.version}'}"

    @property
    def plan(self) -> Plan:
        """What apply would do on a fresh copy."""
        return self.guard.plan(self.original.database)

    def _may_change(self, table: str, column: str) -> bool:
        return any(f".{table}.{column}".endswith(f".{name}") for name in self.document.changes)

    @contextmanager
    def copy(self) -> Iterator[Copy]:
        """A fresh copy of the database as it is before."""
        if isinstance(self.original, PostgresqlStage):
            made: Copy = self.original.copy()
            home = None
        else:
            home = self.room / "copy"
            home.mkdir()
            shutil.copyfile(self.original.file, home / "test.db")
            made = SqliteStage(home / "test.db")
        try:
            yield made
        finally:
            made.close()
            if home is not None:
                shutil.rmtree(home)

    @staticmethod
    def url(copy: Copy) -> str:
        return copy.database if isinstance(copy, PostgresqlStage) else f"sqlite:///{copy.file}"

    def state(self, copy: Copy) -> State:
        """What is there now. Also proves that the rows are as they were, and that a plan has nothing left to do."""
        report = self.guard.check(copy.database)
        assert report.plan is not None
        assert report.plan.empty, f"a second plan has steps: {[step.statements for step in report.plan.steps]}"
        assert copy.contents(self.kept) == self.before, "rows that were there are not as they were"
        rows = {table: sum(found.values()) for table, (_, found) in copy.contents().items()}
        return State(_outline(copy), copy.anywhere(_said(report)), rows, _beside(copy))

    def trace(self, copy: Copy) -> tuple[Counter[str], Contents]:
        """What a kill left: every definition and every row."""
        return _outline(copy), copy.contents()

    def close(self) -> None:
        with suppress(Exception):
            self.original.close()
        shutil.rmtree(self.room, ignore_errors=True)


def _said(report: Report) -> str:
    """The findings as check prints them: without header and verdict, which hold times and addresses."""
    return "".join(f"{line}\n" for line in plain(check_lines(report, 0)).splitlines()[1:-1])


CONSTRAINTS = ("CONSTRAINT", "CHECK", "FOREIGN", "PRIMARY", "UNIQUE")


def _outline(copy: Copy) -> Counter[str]:
    if isinstance(copy, PostgresqlStage):
        with closing(copy.own.connect()) as connection:
            connection.execute("SET search_path = pg_catalog")  # whatever the application's schemas are called
            return Counter(str(line) for (line,) in connection.execute(OUTLINE).fetchall())
    rows = copy.query("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master")
    return Counter(_in_order(str(line)) for (line,) in rows)


def _in_order(definition: str) -> str:
    """With the table constraints sorted: they stand in the order in which runs added them, which means nothing."""
    head, opening, body = definition.partition("(")
    parts, depth = [""], 0
    for character in body:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        elif depth >= 0:
            parts[-1] += character
    constraints = {part for part in parts if part.split()[:1] and part.split()[0] in CONSTRAINTS}
    columns = [part for part in parts if part not in constraints]
    return head + opening + ",".join(part.strip() for part in (*columns, *sorted(constraints)))


def _beside(copy: Copy) -> tuple[str, ...]:
    if isinstance(copy, PostgresqlStage):
        return ()
    whole = {f"{copy.file.name}.backup-{number}" for number in range(1, 100)}
    return tuple(sorted(path.name for path in copy.file.parent.iterdir() if path.name not in whole))
