"""What a person names in a declaration: a mapped attribute, or a column."""

from __future__ import annotations

from typing import Any

from sqlalchemy.sql.elements import ClauseElement

__all__ = ["bare_column"]


def bare_column(item: Any) -> Any:
    """The bare column behind a mapped attribute, or the column itself; anything else as it is."""
    clause = getattr(item, "__clause_element__", None)
    element = clause() if callable(clause) else item
    return element._deannotate() if isinstance(element, ClauseElement) else element
