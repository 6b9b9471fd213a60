"""By what a check knows the tables of SQLite that have the CREATE statements of the models: samples of their columns
are made in a database in memory, and a whole check of these has to find nothing."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from schema_guard.by_text import by_text_alone, told
from schema_guard.compare.warnings import warnings_of
from schema_guard.dialects.sqlite.direct import EmptyPlace
from schema_guard.dialects.sqlite.exact.definitions import like
from schema_guard.dialects.sqlite.session import SQLiteSession
from schema_guard.errors import GuardError
from schema_guard.names import Name
from schema_guard.plan import Policy
from schema_guard.schema import Column, PrimaryKey, Schema, Table

__all__ = ["add_looks"]

_CONSTANT = re.compile(r"\(*(?:'(?:[^']|'')*'|[-+]?[0-9.]+|CURRENT_(?:TIMESTAMP|DATE|TIME)|NULL|true|false)\)*", re.I)
"""Defaults that mean the same on every connection."""
_NONE = -1
"""In place of a sample, where a check has more to say of one of them: it is not tried again."""
_TOGETHER = 500
"""Columns of a table: SQLite takes 2,000 (SQLITE_MAX_COLUMN)."""


def add_looks(digests: Mapping[str, Any], policy: Policy) -> None:
    """Note what is looked at in the rows of columns that are plain, once; a table that has others is compared.

    Args:
        digests: of `SQLiteDialect.digests`.
        policy: with which a whole check compares.
    """
    if digests["looks"]:
        return
    samples: Sequence[Column] = digests["samples"]
    plain = {place for place, sample in enumerate(samples) if _is_plain(sample)}
    known = [told for told in digests["tables"].values() if told is not None and told.places <= plain]
    others = dict.fromkeys(place for told in known for name, place in told.columns if name not in told.key)
    keys = dict.fromkeys(tuple(place for name, place in told.columns if name in told.key) for told in known)
    digests["looks"].update(_tried(list(_tables(samples, list(others), list(keys))), policy) or {_NONE: (None, False)})


def _is_plain(sample: Column) -> bool:
    """Whether its definition, and values in it, decide all that a check finds of such a column."""
    odd = sample.generated or sample.calls or sample.collation
    default = sample.default is None or _CONSTANT.fullmatch(sample.default) is not None
    return not odd and default and by_text_alone(Table(Name(None, "samples"), columns=(sample,)))


def _tables(samples: Sequence[Column], others: Sequence[int], keys: Sequence[Sequence[int]]) -> Iterator[Table]:
    """With the samples in the parts that they have: a key, or beside one."""
    for start in range(0, len(others), _TOGETHER):
        yield _table(f"others_{start}", [_named(samples, place, 0) for place in others[start : start + _TOGETHER]])
    for at, key in enumerate(keys):
        columns = [_named(samples, place, position) for position, place in enumerate(key)]
        if columns:
            yield _table(f"keys_{at}", columns, PrimaryKey(None, tuple(each.name for each in columns)))


def _named(samples: Sequence[Column], place: int, position: int) -> Column:
    name = f"c{place}_{position}"
    return replace(samples[place], name=name, ddl=like(name, samples[place].ddl))


def _table(name: str, columns: Sequence[Column], key: PrimaryKey | None = None) -> Table:
    parts = [each.ddl for each in columns]
    if key is not None:
        parts.append(f"PRIMARY KEY ({', '.join(key.columns)})")
    ddl = f"CREATE TABLE {name} ({', '.join(parts)})"
    return Table(Name(None, name), columns=tuple(columns), primary_key=key, ddl=ddl)


def _tried(tables: Sequence[Table], policy: Policy) -> dict[int, tuple[object, bool]] | None:
    """By the samples' numbers, what a check looks at in their rows, and whether it reads their texts. None where it has
    more to say of one of them."""
    place, expected = EmptyPlace(), Schema(tables=tuple(tables))
    try:
        for table in tables:
            place.run(table.ddl)
        session = SQLiteSession(place)
        actual = session.inspect(expected)
        found = None if warnings_of(expected, actual) else told(session, expected, actual, policy)
    except (GuardError, sqlite3.Error, sqlite3.Warning):
        return None
    finally:
        place.dispose()
    if found is None:
        return None
    looks: dict[int, tuple[object, bool]] = {}
    for table in tables:
        rows, texts = found["rows"].get(table.name.name, {}), found["texts"].get(table.name.name, ())
        for column in table.columns:
            looks[int(column.name[1:].partition("_")[0])] = rows.get(column.name), column.name in texts
    return looks
