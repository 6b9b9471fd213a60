"""What the catalog's letters and identities mean, in words."""

from __future__ import annotations

__all__ = ["ACTIONS", "MATCHES", "use_words"]

ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
"""Of a foreign key: pg_constraint.confdeltype and confupdtype."""
MATCHES = {"f": "FULL", "p": "PARTIAL", "s": "SIMPLE"}
"""pg_constraint.confmatchtype."""


def use_words(kind: str, identity: str) -> str:
    """A view is a rule named _RETURN, and a generated column's expression is its default."""
    match kind:
        case "rule" if identity.startswith('"_RETURN" on '):
            return f"view {identity.partition(' on ')[2]}"
        case "default value" | "table column":
            return f"generated column {identity.removeprefix('for ')}"
        case "publication relation":
            return f"publication {identity.partition(' in publication ')[2]}"
        case "partition key":
            return f"partition key of {identity}"
        case _:
            return f"{kind} {identity}"
