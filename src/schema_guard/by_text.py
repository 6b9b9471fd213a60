"""What tells a database of SQLite that has all that is expected: a digest of its CREATE statements, and whose rows are
looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schema_guard.compare import compare
from schema_guard.dialects.base import Session
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.labels import listed
from schema_guard.dialects.sqlite.exact.text import FORMAT, digest_of
from schema_guard.dialects.sqlite.usual import USUAL, may_be_no_utf8
from schema_guard.look import Look
from schema_guard.names import OWN_TOOLS
from schema_guard.plan import Policy
from schema_guard.schema import Column, Relation, Schema, Table

__all__ = ["by_text_alone", "known_again", "told"]

OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master"


def known_again(session: Session, look: Look, policy: Policy) -> Mapping[str, Any] | None:
    """By what the next check knows the database in which this one has found nothing; None as `text_known` gives it.

    Args:
        session: the database.
        look: of a whole check, by which nothing was excluded or accepted.
        policy: with which it was compared.
    """
    expected = look.expected
    if look.warnings or session.dialect.name != "sqlite":
        return None
    if expected.problems or expected.fills or not all(map(by_text_alone, expected.tables)):
        return None
    return told(session, expected, look.actual, policy)


def told(session: Session, expected: Schema, actual: Schema, policy: Policy) -> Mapping[str, Any] | None:
    """As JSON data; None where more than texts and the values in single columns decides.

    Args:
        session: a database that has all that is expected.
        expected: of which `by_text_alone` is true.
        actual: what `session` has read.
        policy: with which both are compared.
    """
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


def by_text_alone(table: Table) -> bool:
    """Whether CREATE statements, and values in its columns, decide all that a check finds of a table."""
    odd = table.ignored or table.reads or table.query or table.relation is not Relation.TABLE
    named = table.name.schema is None and table.name.name not in OWN_TOOLS
    return named and not odd and all(map(_plain, table.columns))


def _plain(column: Column) -> bool:
    by_rows = (column.needs_value and column.nullable) or column.classes or column.identities or column.never_again
    return not (by_rows or column.ignored or column.read_by_own_code)


def _reader(column: Column) -> str:
    return getattr(column.reads, "type", "")
