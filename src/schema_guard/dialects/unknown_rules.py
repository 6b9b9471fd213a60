"""Rules that the models don't know, and that may refuse what a new default gives to rows that were stored with NULL.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable

from schema_guard.dialects.violators import mentions
from schema_guard.difference import DefaultDiffers, Difference, Impact, ObjectUnknown

__all__ = ["hinders_default"]


def hinders_default(difference: DefaultDiffers, differences: Iterable[Difference], *, repeats: bool) -> str:
    """Why the default is not set, in words; empty where nothing stands against it.

    Args:
        difference: the column and the default that it lacks.
        differences: all that were found, those of this table among them.
        repeats: two rows may get the same value.
    """
    if not difference.actual.nullable or difference.actual.value_domain_not_null:
        return ""  # what leaves the column out fails already, or has a default now
    for rule in differences:
        if (
            not isinstance(rule, ObjectUnknown)
            or rule.impact is Impact.NOTES
            or rule.table.name != difference.table.name
        ):
            continue
        unique = "UNIQUE" in rule.kind.upper()
        own = rule.definition.partition(" to ")[0] if rule.kind == "FOREIGN KEY" else rule.definition
        if mentions(own, difference.column.name) and (repeats or not unique):
            refused = "a second row with it" if unique else "it"
            return (
                f"{rule.kind} {rule.definition}, which the models don't know, may refuse {refused}: an INSERT that"
                f" leaves the column out stores {difference.actual.default or 'NULL'} now, and would fail then"
            )
    return ""
