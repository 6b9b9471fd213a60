"""Statements that the database cannot prepare: a trigger or a foreign key leads to what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import failing, writers
from schema_guard.counted import listed
from schema_guard.difference import Impact, WriteRefused
from schema_guard.refused_write import RELATION, UNANSWERED, RefusedWrite
from schema_guard.schema import Name, Schema, Table

__all__ = ["compare_refused_writes"]

_VERBS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def compare_refused_writes(table: Table, live: Table, expected: Schema, actual: Schema) -> Iterator[WriteRefused]:
    """One for each message. Where the models have the table or column that it names, that difference says it."""
    told: dict[str, list[RefusedWrite]] = {}
    for refused in live.facts.refused_writes:
        if refused.lacks != RELATION and not _comes(refused, table, expected, actual):
            told.setdefault(refused.message, []).append(refused)
    for message, those in told.items():
        these = [each for each in those if not each.doubt] or those
        verbs = [verb for verb in _VERBS if any(each.verb == verb for each in these)]
        effect = f"{failing(verbs, writers(table))} ({message})"
        impact = Impact.BREAKS
        if these[0].lacks == UNANSWERED:
            effect = f"not provable: {listed(verbs)} of {writers(table)} could not be asked, {message}"
            impact = Impact.WEAKENS
        elif these[0].doubt:
            impact, effect = Impact.WEAKENS, f"not provable: {effect} {these[0].doubt}"
        lacks, remedy = these[0].lacks, tuple(dict.fromkeys(text for each in these for text in each.remedy))
        yield WriteRefused(table=table, message=message, lacks=lacks, remedy=remedy, impact=impact, effect=effect)


def _comes(refused: RefusedWrite, table: Table, expected: Schema, actual: Schema) -> bool:
    """Whether another difference says that it is missing, and so breaks the application already."""
    name = refused.name
    match refused.lacks:
        case "table" | "parent":
            wanted = Name(table.name.schema, name)
            return expected.table(wanted) is not None and actual.table(wanted) is None
        case "column":
            return any(_lacks_column(each, actual.table(each.name), name) for each in expected.tables)
        case _:
            return False


def _lacks_column(table: Table, live: Table | None, name: str) -> bool:
    return table.column(name) is not None and live is not None and live.column(name) is None
