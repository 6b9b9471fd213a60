"""What the database's encoding has no character for can be neither sent nor stored (manual, 23.3.4)."""

from __future__ import annotations

from schema_guard.dialects.postgresql.encoding import lacking
from schema_guard.dialects.postgresql.repair.context import Repairs
from schema_guard.difference import Difference
from schema_guard.plan import Refusal, Step

__all__ = ["storable"]


def storable(difference: Difference, repairs: Repairs, encoding: str) -> Repairs:
    """The repairs, or one refusal in place of all when one of them cannot be sent."""
    steps = [repair for repair in repairs if isinstance(repair, Step)]
    text = "".join(statement for step in steps for statement in (*step.statements, step.probe, step.unless))
    character = lacking(text, encoding)
    if not character:
        return repairs
    reason = f"the database's encoding {encoding} has no {character!r} (U+{ord(character):04X})"
    return [Refusal(difference, f"{reason}: rename it in the models, or use a database in UTF8")]
