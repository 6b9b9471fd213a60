"""Triggers and rules from rows of catalog.sql: what keeps a statement from its work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from schema_guard.code_of_others import Intervener
from schema_guard.dialects.postgresql.trigger_fields import Fired, lacking

__all__ = ["interveners"]

_ASKS = re.compile(r"(?i)\b(?:IF|CASE|WHEN|WHILE|LOOP|ASSERT)\b")


def interveners(rows: Iterable[Sequence[Any]], columns: Collection[str]) -> tuple[Intervener, ...]:
    """Those of a table.

    Args:
        rows: each as catalog.sql builds it.
        columns: the names of the table's columns.
    """
    return tuple(one for row in rows for one in _of(row, columns))


def _of(row: Sequence[Any], columns: Collection[str]) -> Iterator[Intervener]:
    kind, name, verbs, raises, adds, returns, lacks, sure, absent, of_update, fired = row
    does, gone = absent or ("", "")
    found = Intervener(
        kind, name, tuple(verbs), raises, adds, returns, lacks, sure, does, gone, columns=tuple(of_update or ())
    )
    if fired is None:
        yield found
        return
    text, name, timing, of_rows, conditioned, arguments, table, schema = fired
    event = Fired(name, timing, of_rows, tuple(arguments or ()), table or "", schema)
    said = lacking(text, event, verbs, columns)
    if said is not None:
        surely = said.surely and not conditioned
        yield found._replace(lacks=said.column, statements=said.verbs, sure=surely, does="", absent="")
    elif not conditioned and (gone or not _ASKS.search(text)) and (gone or raises):
        yield found._replace(lacks="")
