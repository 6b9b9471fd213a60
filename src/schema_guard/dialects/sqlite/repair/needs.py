"""Which columns a constraint or an index stands on: what needs one that cannot be added is refused with it."""

from __future__ import annotations

from collections.abc import Iterable

from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    CheckMissing,
    Difference,
    ForeignKeyMissing,
    IndexMissing,
    PrimaryKeyDiffers,
    UniqueMissing,
)
from schema_guard.schema import Index

__all__ = ["needed_columns"]


def needed_columns(difference: Difference, columns: Iterable[str]) -> list[str]:
    """Those of the columns that the difference's repair needs."""
    return [column for column in columns if _needs(difference, column)]


def _needs(difference: Difference, column: str) -> bool:
    match difference:
        case UniqueMissing(unique=unique):
            return column in unique.columns
        case ForeignKeyMissing(foreign_key=wanted):
            return column in wanted.columns
        case PrimaryKeyDiffers(primary_key=wanted_key):
            return column in wanted_key.columns
        case CheckMissing(check=check):
            return mentions(check.expression, column)
        case IndexMissing(index=index):
            return _stands_on(index, column)
        case _:
            return False


def _stands_on(index: Index, column: str) -> bool:
    named = any(
        mentions(element.text, column) if element.is_expression else element.text == column
        for element in index.elements
    )
    return named or mentions(index.where or "", column)
