"""Triggers and rules from rows of catalog.sql: what keeps a statement from its work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from schema_guard.code_of_others import Intervener
from schema_guard.dialects.postgresql.code_conditions import Known
from schema_guard.dialects.postgresql.static_names import static_names
from schema_guard.dialects.postgresql.trigger_fields import Fired, known_of, lacking
from schema_guard.names import DefaultSchema, Name, told

__all__ = ["interveners"]

_KINDS = {"writes to": "relation", "reads": "relation", "calls": "function"}
_ASKS = re.compile(r"(?i)\b(?:IF|CASE|WHEN|WHILE|LOOP|ASSERT)\b")


def interveners(
    rows: Iterable[Sequence[Any]], columns: Collection[str], default: DefaultSchema | None
) -> tuple[Intervener, ...]:
    """Those of a table.

    Args:
        rows: each as catalog.sql builds it.
        columns: the names of the table's columns.
        default: the schema that an unqualified name means.
    """
    return tuple(one for row in rows for one in _of(row, columns, default))


def _of(row: Sequence[Any], columns: Collection[str], default: DefaultSchema | None) -> Iterator[Intervener]:
    kind, name, verbs, raises, adds, returns, lacks, sure, absent, of_update, fired, partition = row
    does, gone = absent or ("", "")
    found = Intervener(
        kind,
        name,
        tuple(verbs),
        raises,
        adds,
        returns,
        lacks,
        sure,
        does,
        gone,
        columns=tuple(of_update or ()),
        partition=Name(told(partition[0], default), partition[1]) if partition else None,
    )
    if fired is None:
        yield found
        return
    text, name, timing, of_rows, conditioned, arguments, table, schema = fired
    if conditioned:
        found = found._replace(does="", absent="", raises=False)
    try:
        yield from _read(
            found, text, Fired(name, timing, of_rows, tuple(arguments or ()), table or "", schema), columns
        )
    except RecursionError:  # what the catalog's patterns found
        if found.lacks or found.absent:
            yield found


def _read(found: Intervener, text: str, event: Fired, columns: Collection[str]) -> Iterator[Intervener]:
    said = lacking(text, event, found.statements, columns)
    if said is not None:
        yield found._replace(lacks=said.column, statements=said.verbs, does="", absent="")
    elif found.absent:
        yield from _with_absent(found._replace(lacks=""), text, event)
    elif found.raises and not _ASKS.search(text):
        yield found._replace(lacks="")


def _with_absent(found: Intervener, text: str, event: Fired) -> Iterator[Intervener]:
    """The statements for which the function may get to what is not there."""
    if found.does not in _KINDS or not _reaches(found, text, {}):
        yield found
    elif verbs := tuple(verb for verb in found.statements if _reaches(found, text, known_of(event, verb))):
        yield found._replace(statements=verbs)


def _reaches(found: Intervener, text: str, known: Known) -> bool:
    names = static_names(text, known)
    return any(each.kind == _KINDS[found.does] and ".".join(each.parts) == found.absent for each in names)
