"""EXCLUDE constraints, matched by name, then by definition."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import constraint_holder
from schema_guard.difference import ExclusionMissing, Impact
from schema_guard.schema import Table

__all__ = ["compare_exclusions"]


def compare_exclusions(table: Table, live: Table) -> Iterator[ExclusionMissing]:
    names = {exclusion.name for exclusion in live.exclusions}
    definitions = {_folded(exclusion.definition) for exclusion in live.exclusions}
    for exclusion in table.exclusions:
        if exclusion.name is not None and exclusion.name in names:
            continue
        if _folded(exclusion.definition) not in definitions:
            yield ExclusionMissing(
                table=table,
                exclusion=exclusion,
                holder=constraint_holder(live, exclusion.name),
                impact=Impact.WEAKENS,
                effect="rows that the models exclude can be stored",
            )


def _folded(definition: str) -> str:
    return "".join(definition.lower().replace('"', "").split())
