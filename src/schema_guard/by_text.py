"""What a frozen file says of SQLite: a digest of the CREATE statements that were tried, and whose rows are looked at.

They are run on an empty file, and a whole check of what they make has to find nothing.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from schema_guard.address import Address
from schema_guard.compare import compare
from schema_guard.dialects import open_session
from schema_guard.dialects.base import Judge, Session
from schema_guard.dialects.labels import listed
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.dialects.sqlite.exact.text import FORMAT, digest_of
from schema_guard.dialects.sqlite.usual import USUAL, may_be_no_utf8
from schema_guard.errors import GuardError
from schema_guard.names import OWN_TOOLS
from schema_guard.plan import Policy
from schema_guard.schema import Column, Relation, Schema, Table
from schema_guard.sources.frozen import FrozenSource, frozen

if TYPE_CHECKING:
    from schema_guard.guard import Guard
    from schema_guard.sources.frozen import Document

__all__ = ["text_known"]

OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master"


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
            if expected.problems or expected.fills or not all(map(_by_text_alone, expected.tables)):
                return None
            with closing(sqlite3.connect(str(place.database))) as connection:
                connection.execute("BEGIN")  # else each statement is a transaction of its own, which takes longest
                for statement in _statements(expected):
                    connection.execute(statement)
                connection.commit()
            report = guard.check(place)
            if report.findings or report.warnings or report.left_out:
                return None
            return _told(session, expected, guard.policy)
        except (GuardError, sqlite3.Error, sqlite3.Warning):
            return None
        finally:
            session.close()


def _statements(expected: Schema) -> Iterator[str]:
    """As `create_all` and apply send them."""
    for table in expected.tables:
        yield table.ddl
        yield from (create_index(index, table.name) for index in table.indexes)


def _told(session: Session, expected: Schema, policy: Policy) -> Mapping[str, Any] | None:
    actual = session.inspect(expected)
    judge = Judge(session.dialect.rules)
    if compare(expected, actual, judge, policy) or judge.open:  # rows decide, or what SQLite says when it is asked
        return None
    rows: dict[str, dict[str, Any]] = {}
    for table in expected.tables:
        readers = {each.name: reader for each in table.columns if (reader := _reader(each)) in USUAL}
        if readers:
            rows[table.name.name] = readers
    for each in listed(expected, actual, session.dialect.rules, lambda _, there: there.generated is None):
        held = rows.setdefault(each.table.name.name, {})
        if each.nulls or each.column.name in held:
            return None
        held[each.column.name] = list(each.labels)
    texts = {
        table.name.name: [column.name for column in table.columns if may_be_no_utf8(_reader(column))]
        for table in expected.tables
    }
    objects = [(kind, name, table, sql or None) for kind, name, table, sql in session.texts(OBJECTS)]
    digest, texts = digest_of(objects), {table: columns for table, columns in texts.items() if columns}
    return {"format": FORMAT, "digest": digest, "tables": len(expected.tables), "rows": rows, "texts": texts}


def _by_text_alone(table: Table) -> bool:
    odd = table.ignored or table.reads or table.query or table.relation is not Relation.TABLE
    named = table.name.schema is None and table.name.name not in OWN_TOOLS
    return named and not odd and all(map(_plain, table.columns))


def _plain(column: Column) -> bool:
    by_rows = (column.needs_value and column.nullable) or column.classes or column.identities or column.never_again
    return not (by_rows or column.ignored or column.read_by_own_code)


def _reader(column: Column) -> str:
    return getattr(column.reads, "type", "")
