"""The real database as far as the chain is concerned: its version table and where it is. Plain SELECTs only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import create_engine
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from schema_guard.chain.history import Chain
from schema_guard.chain.identity import POSTGRESQL, fingerprint
from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.link import Link as PostgreSQLLink
from schema_guard.dialects.postgresql.server import EngineServer
from schema_guard.dialects.sqlite.link import Link as SQLiteLink
from schema_guard.dialects.sqlite.place import EnginePlace
from schema_guard.errors import ReadError, one_line

__all__ = ["Live", "Read", "VersionTable", "literal", "meant", "open_live", "quoted"]

NO_COLUMN = "it has no column version_num"
Read = Callable[[str], list[tuple[object, ...]]]
"""Sends one SELECT that writes nothing; raises ReadError."""


@dataclass(frozen=True, slots=True)
class VersionTable:
    """`rows` are the revisions that alembic_version means; `width` how many characters fit (None: any number).

    `strange` are rows that Alembic never writes, and fails on: NULL, blank, with spaces around, twice the same, no
    text, a known revision written otherwise. `mistyped` is the column's type where that makes them so: CHAR(n) gives
    every row spaces, INTEGER gives numbers. `elsewhere` lists tables of that name in schemas that the connection does
    not look in. `written` is what `all_rows` are in the table, where that differs.
    """

    name: str
    exists: bool
    rows: tuple[str, ...] = ()
    width: int | None = None
    readable: str = ""
    """Why the rows could not be read; empty when they could."""
    elsewhere: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Further rows, whose files a person declared lost."""
    strange: tuple[str, ...] = ()
    mistyped: str = ""
    written: tuple[str, ...] = ()

    @property
    def all_rows(self) -> tuple[str, ...]:
        """What the table names."""
        return (*self.rows, *self.lost)

    def without(self, lost: Collection[str]) -> VersionTable:
        """With these revisions taken for lost."""
        rows = tuple(row for row in self.rows if row not in lost)
        return replace(self, rows=rows, lost=tuple(row for row in self.rows if row in lost))

    def against(self, chain: Chain) -> VersionTable:
        """With the revisions of this chain in place of what means one of them and is written otherwise."""
        meant_by = {row: chain.meant_by(row) for row in self.rows}
        odd = tuple(row for row, revision in meant_by.items() if revision != row)
        if not odd:
            return self
        rows = tuple(dict.fromkeys(filter(None, meant_by.values())))
        return replace(self, rows=rows, strange=(*self.strange, *odd), written=self.all_rows)

    def unknown(self, known: Container[str]) -> tuple[str, ...]:
        """The rows that no file has: a newer release was here, unless a person says otherwise."""
        return tuple(row for row in self.rows if row not in known)


@dataclass(frozen=True, slots=True)
class Live:
    """An open way to read the database."""

    system: str
    read: Read
    link: PostgreSQLLink | None = None
    file: str | None = None
    """SQLite: the database's file, which need not be there yet."""

    def fingerprint(self) -> tuple[str, ...]:
        """Which database this is, whatever it is called in a URL."""
        if self.system == "sqlite":
            return fingerprint(self.system, [("0", "main", self.file or "")])
        return fingerprint(self.system, [tuple(str(value or "") for value in row) for row in self.read(POSTGRESQL)])

    def version_table(self, name: str, schema: str | None) -> VersionTable:
        """Read alembic_version without making it."""
        return self._on_sqlite(name) if self.system == "sqlite" else self._on_postgresql(name, schema)

    def _on_sqlite(self, name: str) -> VersionTable:
        if not self.read(f"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = {literal(name)} COLLATE NOCASE"):
            return VersionTable(name, False)
        column = self.read(f"SELECT type FROM pragma_table_info({literal(name)}) WHERE lower(name) = 'version_num'")
        if not column:
            return VersionTable(name, True, readable=NO_COLUMN)
        rows = [row[0] for row in self.read(f"SELECT version_num FROM {quoted(name)} ORDER BY 1")]
        no_text = any(not isinstance(row, str | None) for row in rows)  # the column's affinity makes a number of it
        mistyped = str(column[0][0]) or "no type" if no_text else ""
        return VersionTable(name, True, meant(rows), strange=_strange(rows), mistyped=mistyped)  # no length is checked

    def _on_postgresql(self, name: str, schema: str | None) -> VersionTable:
        qualified = f"{quoted(schema)}.{quoted(name)}" if schema else quoted(name)
        found = self.read(
            "SELECT a.atttypmod - 4 AS width, pg_catalog.format_type(a.atttypid, NULL) AS type, "
            "t.typcategory = 'S' AND t.typname <> 'bpchar' AS is_text "
            "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
            f"WHERE a.attrelid = pg_catalog.to_regclass({literal(qualified)}) AND a.attname = 'version_num'"
        )
        elsewhere = self.read(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            f"WHERE c.relname = {literal(name)} AND c.relkind IN ('r', 'p') "
            f"AND c.oid IS DISTINCT FROM pg_catalog.to_regclass({literal(qualified)})::pg_catalog.oid ORDER BY 1"
        )
        others = tuple(str(row[0]) for row in elsewhere)
        label = f"{schema}.{name}" if schema else name
        if not found:
            there = self.read(f"SELECT pg_catalog.to_regclass({literal(qualified)}) IS NOT NULL")[0][0]
            return VersionTable(label, bool(there), readable=NO_COLUMN if there else "", elsewhere=others)
        limit = int(str(found[0][0]))
        width = limit if limit > 0 else None
        try:
            rows = [row[0] for row in self.read(f"SELECT version_num FROM {qualified} ORDER BY 1")]
        except ReadError as error:
            return VersionTable(label, True, (), width, error.message, others)
        kind = str(found[0][1])
        strange = _strange(rows) if found[0][2] or kind == "character" else tuple(map(str, rows))
        mistyped = kind if not found[0][2] and (strange or kind != "character") else ""
        return VersionTable(label, True, meant(rows), width, "", others, strange=strange, mistyped=mistyped)


@contextmanager
def open_live(url: URL, deadline: Deadline | None = None) -> Iterator[Live]:
    """Connect for reading. A SQLite file that does not exist is not made.

    Args:
        url: the database.
        deadline: when the run that it is for has to be over.

    Raises:
        UnreachableError: the database does not answer.
    """
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        file = SQLiteLink(EnginePlace(engine))
        try:
            yield Live("sqlite", file.rows, file=file.location.path)
        finally:
            file.close()
        return
    server = EngineServer(engine)
    link = PostgreSQLLink(server, deadline)

    def read(sql: str) -> list[tuple[object, ...]]:
        try:
            with link.reading(10.0):
                return link.rows(sql)
        except DriverError as error:
            raise ReadError(one_line(str(error.orig))) from None

    try:
        yield Live("postgresql", read, link)
    finally:
        link.close()
        server.bridge.close()


def meant(rows: Iterable[object]) -> tuple[str, ...]:
    """The revisions that rows of alembic_version mean, each once; a row that is NULL or blank means none."""
    found = [str(row).strip() for row in rows if row is not None]
    return tuple(dict.fromkeys(filter(None, found)))


def _strange(rows: Sequence[object]) -> tuple[str, ...]:
    texts = ["NULL" if row is None else str(row) for row in rows]
    odd = [not isinstance(row, str) or row != row.strip() or not row for row in rows]
    return tuple(text for text, is_odd in zip(texts, odd, strict=True) if is_odd or texts.count(text) > 1)


def quoted(name: str) -> str:
    """The name as a quoted identifier, in both systems."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL literal, in both systems."""
    return "'" + text.replace("'", "''") + "'"
