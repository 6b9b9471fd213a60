"""Whether an INSERT that leaves a column out, or writes NULL into it, can be proved to fail."""

from __future__ import annotations

from schema_guard.difference import Impact
from schema_guard.schema import Table

__all__ = ["unless_filled"]


def unless_filled(live: Table, effect: str) -> tuple[Impact, str]:
    """The impact and effect of a column that refuses NULL and gets no value from the INSERT.

    It breaks the application, unless a trigger or a rule may give the value: what such code does cannot be read.
    """
    if not live.facts.fillers:
        return Impact.BREAKS, effect
    return Impact.WEAKENS, f"not provable: {live.facts.filled_by} may fill it"
