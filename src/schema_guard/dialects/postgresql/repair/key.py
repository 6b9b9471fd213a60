"""What a PRIMARY KEY and a UNIQUE constraint share: one ALTER TABLE builds the index and adds the constraint."""

from __future__ import annotations

from schema_guard.dialects.postgresql.repair.context import Context
from schema_guard.difference import PrimaryKeyDiffers, UniqueMissing
from schema_guard.need import Need
from schema_guard.plan import Hazard, Phase, Refusal, Step
from schema_guard.schema import PrimaryKey, Unique

__all__ = ["add_key"]


def add_key(
    difference: PrimaryKeyDiffers | UniqueMissing, key: PrimaryKey | Unique, name: str, absent: str, context: Context
) -> Step | Refusal:
    """On an empty table, and on a partitioned one, which takes no index that was built before.

    Args:
        difference: the constraint that is missing.
        key: the constraint as the models declare it.
        name: what it is called where the models give it no name.
        absent: the query that says whether it is missing.
        context: of the plan.
    """
    table, primary = difference.table, isinstance(key, PrimaryKey)
    body = key.ddl if key.name else f"CONSTRAINT {context.quote(name)} {key.ddl}"
    statement = f"ALTER TABLE {context.quote(table.name)} ADD {body}"
    if not context.small(table):
        return Refusal(
            difference,
            "on a partitioned table it would block readers and writers for as long as it builds"
            f"{context.allowance(table)}",
            (f"{statement};",),
        )
    return context.step(
        difference,
        "add-primary-key" if primary else "add-unique",
        [statement],
        absent,
        Phase.PRIMARY_KEY if primary else Phase.UNIQUE,
        cost="builds its index on a small or empty table",
        hazards=(Hazard.SCANS,) if not context.empty(table) else (),
        scans=not context.empty(table),
        provides=frozenset() if key.deferrable else frozenset({Need.key(table.name, key.columns)}),
        requires=frozenset(Need.column(table.name, column) for column in key.columns),
        unless=context.too_many(table),
        unless_reason="the table holds more rows than when it was looked at",
    )
