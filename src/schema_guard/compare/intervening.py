"""Triggers and rules that the models don't know, and that keep statements of the application from their work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from schema_guard.code_of_others import Intervener, refuse_returning
from schema_guard.compare.impact_words import writers
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.schema import Name, Schema, Table

__all__ = ["compare_interveners"]


class _Says(NamedTuple):
    """What is told of a trigger or a rule; the same of those of several partitions."""

    kind: str
    name: str
    verbs: str
    effect: str
    breaks: bool


def compare_interveners(table: Table, live: Table, expected: Schema) -> Iterator[ObjectUnknown]:
    """By its text alone, which proves nothing: it may call a function that ends it first. But a rule that has no
    RETURNING fails each INSERT that asks for the key, as SQLAlchemy does where the server gives it."""
    asks = any(column.autoincrement for column in table.columns) and refuse_returning(live.facts.interveners)
    told: dict[tuple[_Says, Name | None], list[Name]] = {}
    for found in live.facts.interveners:
        says = None if found.adds else _said(found, table, expected, asks=asks)
        if says is not None and found.partition is None:
            told[says, None] = []
        elif says is not None and found.partition is not None:
            first = next((name for (other, name) in told if other == says and name is not None), found.partition)
            told.setdefault((says, first), []).append(found.partition)
    for (says, partition), every in told.items():
        rest = f" and {len(every) - 1} more" if len(every) > 1 else ""
        yield ObjectUnknown(
            table=table,
            kind=says.kind,
            name=says.name,
            definition=f"on {says.verbs}{f' in {partition}{rest}' if partition else ''}",
            partition=partition,
            impact=Impact.BREAKS if says.breaks else Impact.WEAKENS,
            effect=f"{'' if says.breaks else 'not provable: '}{says.effect}"
            f"{', if such a partition takes the row' if partition else ''}",
        )


def _said(found: Intervener, table: Table, expected: Schema, *, asks: bool) -> _Says | None:
    """None where it keeps no statement of the application from its work, or where something else says so."""
    verbs = ", ".join(verb for verb in found.statements if verb != "UPDATE" or _is_updated(table, found))
    if not verbs:
        return None
    breaks = False
    if asks and found.kind == "rule" and "INSERT" in found.statements:
        breaks = True
        effect = f"INSERT of {writers(table)} fails (FeatureNotSupported): the rule does not return the key"
    elif found.lacks:
        if table.column(found.lacks) is not None:
            return None  # the column that is missing is said by itself
        effect = f"{verbs} of {writers(table)} fails: it names the column {found.lacks}, which is not there"
        breaks = found.sure and found.partition is None
    elif found.absent:
        if _comes(found, expected):
            return None  # that it is missing is said by itself
        effect = f"{verbs} of {writers(table)} fails: it {found.does} {found.absent}, which is not there"
    elif found.raises:
        effect = f"{verbs} of {writers(table)} fails: it raises an error"
    elif found.kind == "rule":
        effect = f"{verbs} of {writers(table)} does what the rule says instead"
    else:
        effect = f"{verbs} of {writers(table)} leaves rows as they are"
    return _Says(found.kind, found.name, verbs, effect, breaks)


def _is_updated(table: Table, found: Intervener) -> bool:
    """Whether an UPDATE of the application fires it: the ORM's sets any column but those of the key."""
    key = table.primary_key.columns if table.primary_key is not None else ()
    return not found.columns or any(name not in key and table.column(name) is not None for name in found.columns)


def _comes(found: Intervener, expected: Schema) -> bool:
    """Whether the models have the table, or the column, that is not there."""
    above, _, name = found.absent.rpartition(".")
    if found.does in ("writes the column", "reads the column"):
        return any(other.name.name == above and other.column(name) is not None for other in expected.tables)
    return found.does != "calls" and any(other.name.name == name for other in expected.tables)
