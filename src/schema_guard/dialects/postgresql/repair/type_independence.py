"""Whether an index or a CHECK is possible over a column of whatever type it is."""

from __future__ import annotations

import re

from schema_guard.difference import CheckMissing, Difference, IndexInvalid, IndexMissing, TypeDiffers
from schema_guard.schema import Index

__all__ = ["suits_any_type"]

WITHOUT_ORDER = frozenset({"box", "circle", "json", "line", "lseg", "path", "point", "polygon", "xml"})
"""Built-in types without a default operator class for btree (pg_opclass)."""


def suits_any_type(difference: Difference, typed: TypeDiffers) -> bool:
    """Whether what is missing says nothing of the column that depends on its type: it orders it, or asks for NULL.

    Args:
        difference: what is missing.
        typed: the column, and the type that it has.
    """
    match difference:
        case IndexMissing(index=index) | IndexInvalid(index=index):
            return _only_orders(index) and typed.actual.type.name not in WITHOUT_ORDER
        case CheckMissing(check=check):
            return _only_asks_for_null(check.expression, typed.column.name)
        case _:
            return False


def _only_orders(index: Index) -> bool:
    plain = all(not (item.is_expression or item.operator_class or item.collation) for item in index.elements)
    return plain and index.method == "btree" and index.where is None


def _only_asks_for_null(expression: str, column: str) -> bool:
    doubled = column.replace('"', '""')
    name = rf"(?:\"{re.escape(doubled)}\"|(?<![\w$\"]){re.escape(column)}(?![\w$\"]))"
    rest = re.sub(rf"{name}\s+IS\s+(?:NOT\s+)?NULL\b", "", expression, flags=re.IGNORECASE)
    return not any(word.lower() in rest.lower() for word in (column, doubled))
