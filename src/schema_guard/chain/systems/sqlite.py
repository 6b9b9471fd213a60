"""SQLite, as Alembic's chain meets it."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from schema_guard.chain.systems.base import Fingerprint, Identity, Key, Live, System
from schema_guard.chain.systems.scratch import PREFIX, Scratch, stopped_cleanly
from schema_guard.chain.version_table import NO_COLUMN, Read, VersionTable, literal, meant, strange_rows
from schema_guard.column import Type, TypeKind
from schema_guard.names import Name, in_quotes

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from schema_guard.dialects.deadline import Deadline

__all__ = ["SQLite"]


_GRAMMAR = re.compile(r"syntax error|unrecognized token|incomplete input")
"""What the parser says, whatever is there."""
_NO_TABLE = re.compile(r"no such table: (?:main\.)?(.+)")
_NAMES = 5
"""How many missing tables of a statement are made to read on."""
_SPACE = r"\s|--[^\n]*(?:\n|\Z)|/\*.*?(?:\*/|\Z)"
"""White space, or a comment."""
_FRONT = re.compile(rf"\A(?:{_SPACE})+", re.DOTALL)
_LEADING = re.compile(rf"\A(?:{_SPACE}|;)+", re.DOTALL)
"""The same with semicolons, which it takes in front of a statement."""


def _behind(statement: str) -> str:
    """What follows the semicolon that ends it."""
    ends = (at for at, sign in enumerate(statement) if sign == ";" and sqlite3.complete_statement(statement[: at + 1]))
    first = next(ends, None)
    return "" if first is None else statement[first + 1 :]


class SQLite(System):
    """A file, or a database in memory."""

    name = "sqlite"
    title = "SQLite"
    drivers = ("sqlite", "sqlcipher")
    asynchronous = ("aiosqlite",)
    own_casts = "SELECT 1 WHERE false"
    own_schema = "main"
    checks_length = False
    alters_types = False
    copies_tables = True
    differs = "IS NOT"
    drops_referring_keys = False
    checks_references = False
    drops_indexes_first = True
    keeps_text = True
    is_file = True
    where = "PRAGMA database_list"
    own_session = ""

    def folded(self, name: str) -> str:
        return name.lower()

    def table(self, name: str, schema: str | None) -> str:  # noqa: ARG002
        return in_quotes(name)

    def identity(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> Identity:
        return (self.name, "", "", _file(str(arguments[0] if arguments else named.get("database", ""))))

    def fingerprint(self, rows: Sequence[tuple[str, ...]]) -> Fingerprint:
        return (self.name, _file(rows[0][2]))

    def keys(self, kind: str, name: str, table: str, *, relation: bool) -> tuple[Key, ...]:  # noqa: ARG002
        if kind in ("table", "index", "view"):
            return (("relation", self.folded(name)),)
        return ((kind, self.folded(name)),) if kind in ("column", "trigger") else ()

    def table_exists(self, name: str, schema: str | None) -> str:  # noqa: ARG002
        return (
            f"SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name = {literal(name)} COLLATE NOCASE"
        )

    def exists(self, kind: str, name: str, schema: str | None) -> str:
        if kind in ("table", "view"):
            return self.table_exists(name, schema)
        if kind == "index":
            return f"SELECT name FROM sqlite_master WHERE type = 'index' AND name = {literal(name)} COLLATE NOCASE"
        return ""

    def one_at_a_time(self, driver: str) -> bool:  # noqa: ARG002
        return True

    def refuses_empty(self, driver: str) -> bool:  # noqa: ARG002
        return False

    def outside(self, words: Sequence[str]) -> str:  # noqa: ARG002
        return ""

    def type_named(self, text: str, find: Callable[[str | None, str], tuple[str | None, TypeKind]]) -> Type | None:  # noqa: ARG002
        return None

    def can_refer(self, referring: Type, target: Type, domains: Mapping[Name, Type]) -> bool:  # noqa: ARG002
        return True

    def knows(self, word: str) -> bool:  # noqa: ARG002
        return True  # its parser is asked

    def refuses(self, statement: str) -> str:
        sent = _LEADING.sub("", statement.replace("\\:", ":"))  # as SQLAlchemy's text() sends it
        if not sent or "%(" in sent or sent.upper().startswith("EXPLAIN"):
            return ""
        if _FRONT.sub("", _behind(sent)).startswith(";"):
            return "a semicolon behind the one that ends it"
        with closing(sqlite3.connect(":memory:")) as connection:
            for _ in range(_NAMES):
                try:
                    connection.execute(f"EXPLAIN {sent}")
                except (sqlite3.Error, sqlite3.Warning) as error:
                    lacks = _NO_TABLE.match(str(error))
                    if lacks is None:
                        return str(error) if _GRAMMAR.search(str(error)) else ""
                    # the parser goes on behind the name of a table that is there
                    with suppress(sqlite3.Error):
                        connection.execute(f"CREATE TABLE {in_quotes(lacks[1])} (schema_guard)")
        return ""

    def version_table(self, read: Read, name: str, schema: str | None) -> VersionTable:
        if not read(self.table_exists(name, schema)):
            return VersionTable(name, False)
        column = read(f"SELECT type FROM pragma_table_info({literal(name)}) WHERE lower(name) = 'version_num'")
        if not column:
            return VersionTable(name, True, readable=NO_COLUMN)
        rows = [row[0] for row in read(f"SELECT version_num FROM {self.table(name, schema)} ORDER BY 1")]
        no_text = any(not isinstance(row, str | None) for row in rows)  # the column's affinity makes a number of it
        mistyped = str(column[0][0]) or "no type" if no_text else ""
        return VersionTable(name, True, meant(rows), strange=strange_rows(rows), mistyped=mistyped)

    def beside(self, schemas: Sequence[str], without: Collection[str]) -> str:  # noqa: ARG002
        return (
            "SELECT type, name || CASE type WHEN 'trigger' THEN ' on ' || tbl_name ELSE '' END, sql "
            "FROM sqlite_master WHERE type IN ('view', 'trigger') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')"
        )

    @contextmanager
    def live(self, engine: Engine, deadline: Deadline | None) -> Iterator[Live]:  # noqa: ARG002
        """A file that does not exist is not made."""
        from schema_guard.dialects.sqlite.link import Link
        from schema_guard.dialects.sqlite.place import EnginePlace

        file = Link(EnginePlace(engine))
        try:
            yield Live(self, file.rows, lambda: self.fingerprint([("0", "main", file.location.path or "")]))
        finally:
            file.close()

    def lead(self, to: tuple[Sequence[Any], Mapping[str, Any]], arguments: list[Any], named: dict[str, Any]) -> None:
        elsewhere, other = to
        arguments[:] = elsewhere
        named.pop("uri", None)
        named.update({key: value for key, value in other.items() if key not in named})

    def only_read(self, connection: DBAPIConnection) -> None:
        _run(connection, "PRAGMA query_only = 1")

    def limit_locks(self, connection: DBAPIConnection, milliseconds: int) -> None:
        _run(connection, f"PRAGMA busy_timeout = {milliseconds}")

    def backend(self, connection: Connection) -> tuple[int, ...]:  # noqa: ARG002
        return ()

    def lock_writers(self, connection: Connection, name: str) -> None:  # noqa: ARG002
        """The driver itself begins a transaction no earlier than the first row is written. One that is begun already
        (autocommit=False) is refused as soon as it writes, if another session has written since."""
        if not getattr(connection.connection.driver_connection, "in_transaction", False):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    def unlimited(self, statement: str, milliseconds: int) -> tuple[str, str] | None:  # noqa: ARG002
        return None

    @contextmanager
    def scratch(
        self,
        server: URL,
        like: URL | None,  # noqa: ARG002
        schemas: Sequence[str],  # noqa: ARG002
        revisions: str,  # noqa: ARG002
    ) -> Iterator[Scratch]:
        """A file in a temporary directory."""
        with stopped_cleanly(), tempfile.TemporaryDirectory(prefix=PREFIX) as directory:
            folder = Path(directory).resolve()
            url = server.create(self.name, database=str(folder / "scratch.db"))
            yield Scratch(url, str(folder / "scratch"))

    def make_spare(self, main: URL, name: str) -> None:
        """Connecting makes it."""


def _run(connection: DBAPIConnection, statement: str) -> None:
    cursor = connection.cursor()
    cursor.execute(statement)
    cursor.close()


def _file(database: str) -> str:
    if database.startswith("file:"):
        database = unquote(database[len("file:") :].partition("?")[0])
    if database in ("", ":memory:"):
        return ":memory:"
    return str(Path(database).resolve())
