"""Whether a file holds exactly what was tried when the expectations were frozen, and its rows what can be read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from schema_guard.dialects.sqlite.exact.text import FORMAT, digest_of
from schema_guard.dialects.sqlite.usual import TOGETHER, Texts, filled, groups_of, texts_of, unlisted, unusual
from schema_guard.errors import GuardError
from schema_guard.names import in_quotes

__all__ = ["OBJECTS", "VERSION", "are_as_tried", "differs", "is_exact", "is_exact_by", "queries_of", "texts_queries"]

VERSION = sqlite3.sqlite_version
OBJECTS = "SELECT type, name, tbl_name, sql FROM main.sqlite_master"
LOCK_TIMEOUT = 0.2
"""Seconds for a file that somebody writes to: a whole check waits for it."""


def is_exact(file: str, known: Mapping[str, Any]) -> bool:
    """Whether nothing in it differs; false where anything does, may, or goes wrong: a whole check says what.

    Args:
        file: its path.
        known: what the frozen file says of SQLite.
    """
    if not (os.path.isfile(file) and os.access(file, os.W_OK)):  # noqa: PTH113
        return False
    if not os.access(os.path.dirname(os.path.realpath(file)), os.W_OK | os.X_OK):  # noqa: PTH120
        return False  # no room for the journal: a whole check warns
    try:
        with closing(sqlite3.connect(file, timeout=LOCK_TIMEOUT)) as connection:
            connection.execute("BEGIN")  # all is read as of one moment
            return is_exact_by(lambda sql: connection.execute(sql).fetchall(), known)
    except (sqlite3.Error, sqlite3.Warning):
        return False


def is_exact_by(read: Callable[[str], Sequence[Any]], known: Mapping[str, Any]) -> bool:
    """The same of a database that is open.

    Args:
        read: runs one SELECT or PRAGMA.
        known: as `is_exact` takes it.
    """
    try:
        if known["format"] != FORMAT or differs(read) or digest_of(read(OBJECTS)) != known["digest"]:
            return False
        return are_as_tried(read, known["rows"], known["texts"])
    except (sqlite3.Error, sqlite3.Warning, GuardError):
        return False


def differs(read: Callable[[str], Sequence[Any]]) -> bool:
    """Whether more than the definitions of tables decides on this connection."""
    ((enforced,),) = read("PRAGMA foreign_keys")
    return bool(enforced or read("SELECT 1 FROM temp.sqlite_master"))


def are_as_tried(
    read: Callable[[str], Sequence[Any]], rows: Mapping[str, Mapping[str, Any]], texts: Mapping[str, Sequence[str]]
) -> bool:
    """Whether the rows hold nothing that a check would look at more closely. Raises as `read` does: the driver fails on
    a text that it cannot return.

    Args:
        read: as `is_exact_by` takes it.
        rows, texts: as `queries_of` and `texts_queries` take them.
    """
    names = {name: in_quotes(name) for name in {*rows, *texts}}
    full = filled(names.values(), read)
    there = {name for name, quoted in names.items() if quoted in full}
    for query in texts_queries(texts, there):
        read(query)
    return not any(read(query) for query in queries_of(rows, there))


def queries_of(rows: Mapping[str, Mapping[str, Any]], there: Collection[str]) -> Iterator[str]:
    """Each finds a value that a check would look at more closely; of such there are none, almost always.

    Args:
        rows: by table and column, what reads the values, or the labels that stand for all of them.
        there: the tables that hold a row. The others count where bounds are shared, as they do for a whole check.
    """
    read = sum(isinstance(reader, str) for columns in rows.values() for reader in columns.values())
    queries = []
    for name, columns in rows.items():
        if name not in there:
            continue
        table = in_quotes(name)
        for column, how in columns.items():
            if isinstance(how, str):
                queries.append(unusual(in_quotes(column), table, how, read))
            else:
                queries.append(unlisted(in_quotes(column), table, f"label NOT IN ({', '.join(how)})"))
    for start in range(0, len(queries), TOGETHER):
        yield " UNION ALL ".join(f"SELECT 1 FROM ({query})" for query in queries[start : start + TOGETHER])


def texts_queries(columns: Mapping[str, Sequence[str]], there: Collection[str]) -> Iterator[str]:
    """Each reads texts that nothing but the driver reads.

    Args:
        columns: by table.
        there: as `queries_of` takes it.
    """
    read = sum(map(len, columns.values()))
    groups = [
        Texts(in_quotes(table), [*map(in_quotes, some)])
        for table, every in columns.items()
        if table in there
        for some in groups_of(every)
    ]
    for start in range(0, len(groups), TOGETHER):
        yield texts_of(groups[start : start + TOGETHER], read)
