"""Triggers and rules that the models don't know, and that keep statements of the application from their work."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.impact_words import writers
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.schema import Table

__all__ = ["compare_interveners"]


def compare_interveners(table: Table, live: Table) -> Iterator[ObjectUnknown]:
    """By its text alone, which proves nothing: it may call a function that ends it first."""
    for found in (each for each in live.interveners if not each.adds):
        verbs = ", ".join(found.statements)
        if found.raises:
            effect = f"{verbs} of {writers(table)} fails: it raises an error"
        elif found.kind == "rule":
            effect = f"{verbs} of {writers(table)} does what the rule says instead"
        else:
            effect = f"{verbs} of {writers(table)} leaves rows as they are"
        yield ObjectUnknown(
            table=table,
            kind=found.kind,
            name=found.name,
            definition=f"on {verbs}",
            impact=Impact.WEAKENS,
            effect=f"not provable: {effect}",
        )
