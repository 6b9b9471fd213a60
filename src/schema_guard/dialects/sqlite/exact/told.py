"""Which tables have the definitions that the models' parts give, and rows that can be read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schema_guard.dialects.sqlite.exact.definitions import as_told
from schema_guard.dialects.sqlite.exact.look import OBJECTS, are_as_tried, differs
from schema_guard.errors import GuardError

__all__ = ["tables_as_told"]


def tables_as_told(read: Callable[[str], Sequence[Any]], digests: Mapping[str, Any]) -> frozenset[str]:
    """The tables in which nothing differs; none where it may, or anything goes wrong.

    Args:
        read: as `is_exact_by` takes it.
        digests: as `by_definitions.add_looks` leaves them.
    """
    try:
        looks = digests["looks"]
        found = {} if differs(read) else as_told(read(OBJECTS), digests["tables"])
        found = {name: told for name, told in found.items() if told.places <= looks.keys()}
        rows = {
            name: {column: looks[place][0] for column, place in told.columns if looks[place][0] is not None}
            for name, told in found.items()
        }
        texts = {name: [column for column, place in told.columns if looks[place][1]] for name, told in found.items()}
        return frozenset(found) if are_as_tried(read, rows, texts) else frozenset()
    except (sqlite3.Error, sqlite3.Warning, GuardError):
        return frozenset()
