"""What a statement failed on, read from the driver's error: the object, where the schema may be the reason.

PostgreSQL tells the table, the column and the constraint in fields of their own (manual, 55.8) where a constraint was
violated; for a missing table or column they are in the message alone. SQLite has the message alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

from schema_guard.dialects.postgresql.failures import diagnose

__all__ = ["Failed", "Problem", "failed_on"]


class Problem(Enum):
    NO_COLUMN = "column missing"
    NO_TABLE = "table missing"
    NULL = "NOT NULL violated"
    CHECK = "CHECK violated"


_STATES = {
    "42703": Problem.NO_COLUMN,
    "42P01": Problem.NO_TABLE,
    "23502": Problem.NULL,
    "23514": Problem.CHECK,
}
"""SQLSTATEs: PostgreSQL manual, appendix A."""

_POSTGRESQL = {
    Problem.NO_COLUMN: (
        re.compile(r'^column "(?P<name>.*)" of relation "(?P<table>.*)" does not exist$', re.DOTALL),
        re.compile(r'^column "(?P<name>.*)" does not exist$', re.DOTALL),
        re.compile(r"^column (?P<name>.*) does not exist$", re.DOTALL),
    ),
    Problem.NO_TABLE: (re.compile(r'^relation "(?P<name>.*)" does not exist$', re.DOTALL),),
}
_SQLITE = (
    (Problem.NO_COLUMN, re.compile(r"^no such column: (?P<name>.*)$", re.DOTALL)),
    (Problem.NO_COLUMN, re.compile(r"^table (?P<table>.*) has no column named (?P<name>.*)$", re.DOTALL)),
    (Problem.NO_TABLE, re.compile(r"^no such table: (?:main\.)?(?P<name>.*)$", re.DOTALL)),
    (Problem.NULL, re.compile(r"^NOT NULL constraint failed: (?P<table>[^.]*)\.(?P<name>.*)$", re.DOTALL)),
    (Problem.CHECK, re.compile(r"^CHECK constraint failed: (?P<name>.*)$", re.DOTALL)),
)


@dataclass(frozen=True, slots=True)
class Failed:
    """What is wrong with which object.

    Args:
        problem: what is wrong.
        name: the column (perhaps behind a table's name or an alias), the table (perhaps behind its schema) or the
            constraint; empty where only `said` holds it, in the server's language.
        table: the table, where it is told.
        schema: its schema, where it is told.
        said: the server's message.
    """

    problem: Problem
    name: str
    table: str = ""
    schema: str = ""
    said: str = ""


def failed_on(error: BaseException, dialect: str) -> Failed | None:
    """What the driver's error is about; None where it is none of these.

    Args:
        error: as psycopg, psycopg2, pg8000, asyncpg, sqlite3 or aiosqlite raise it.
        dialect: "postgresql" or "sqlite".
    """
    return _on_sqlite(str(error)) if dialect == "sqlite" else _on_postgresql(error)


def _on_sqlite(message: str) -> Failed | None:
    for problem, pattern in _SQLITE:
        if found := pattern.match(message):
            groups = found.groupdict()
            return Failed(problem, groups["name"], groups.get("table") or "", said=message)
    return None


def _on_postgresql(error: BaseException) -> Failed | None:
    diagnosis = diagnose(error)
    problem = _STATES.get(diagnosis.sqlstate)
    if problem is None:
        return None
    name = _field(error, "n" if problem is Problem.CHECK else "c")
    table, schema = _field(error, "t"), _field(error, "s")
    for pattern in _POSTGRESQL.get(problem, ()):
        if not name and (found := pattern.match(diagnosis.message)):
            groups = found.groupdict()
            name, table = groups["name"], groups.get("table") or table
    return Failed(problem, name, table, schema, diagnosis.message)


_FIELDS = {"s": "schema_name", "t": "table_name", "c": "column_name", "n": "constraint_name"}
"""By the letters of the protocol, as pg8000 gives them; the other drivers have attributes."""


def _field(error: BaseException, letter: str) -> str:
    fields: Any = error.args[0] if error.args and isinstance(error.args[0], dict) else None
    if fields is not None:
        return str(fields.get(letter) or "")
    source = getattr(error, "diag", None) or error.__cause__ or error
    return str(getattr(source, _FIELDS[letter], None) or "")
