"""Statements that the database cannot prepare: a trigger or a foreign key leads to what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import writers
from schema_guard.counted import listed
from schema_guard.difference import Impact, WriteRefused
from schema_guard.schema import Name, Schema, Table

__all__ = ["compare_refused_writes"]


def compare_refused_writes(table: Table, live: Table, expected: Schema, actual: Schema) -> Iterator[WriteRefused]:
    """One for each message. Where the models have the table or column that it names, that difference says it."""
    told: dict[str, list[str]] = {}
    for refused in live.refused_writes:
        if not _comes(refused.message, table, expected, actual):
            told.setdefault(refused.message, []).append(refused.verb)
    for message, verbs in told.items():
        effect = f"{listed(verbs)} of {writers(table)} fail{'s' if len(verbs) == 1 else ''} ({message})"
        yield WriteRefused(table=table, message=message, impact=Impact.BREAKS, effect=effect)


def _comes(message: str, table: Table, expected: Schema, actual: Schema) -> bool:
    """Whether another difference says that it is missing, and so breaks the application already."""
    what, _, name = message.partition(": ")
    last = name.rpartition(".")[2]
    if what == "no such table":
        wanted = Name(table.name.schema, last)
        return expected.table(wanted) is not None and actual.table(wanted) is None
    if what != "no such column":
        return False
    return any(
        each.column(last) is not None and (live := actual.table(each.name)) is not None and live.column(last) is None
        for each in expected.tables
    )
