"""Which columns of its table a constraint or an index stands on."""

from __future__ import annotations

from schema_guard.dialects.violators import mentions
from schema_guard.difference import (
    CheckMissing,
    CheckNotValidated,
    Difference,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    IndexInvalid,
    IndexMissing,
    NullabilityDiffers,
    PrimaryKeyDiffers,
    UniqueMissing,
)
from schema_guard.schema import Index, Table

__all__ = ["columns_under"]


def columns_under(difference: Difference) -> frozenset[str]:
    """The columns whose values, or whose existence, decide whether the difference can be repaired."""
    match difference:
        case NullabilityDiffers(column=column):
            return frozenset({column.name})
        case UniqueMissing(unique=unique):
            return frozenset(unique.columns)
        case PrimaryKeyDiffers(primary_key=key):
            return frozenset(key.columns)
        case ForeignKeyMissing(foreign_key=foreign) | ForeignKeyNotValidated(foreign_key=foreign):
            return frozenset(foreign.columns)
        case CheckMissing(check=check, table=table) | CheckNotValidated(check=check, table=table):
            return frozenset(column.name for column in table.columns if mentions(check.expression, column.name))
        case IndexMissing(index=index, table=table) | IndexInvalid(index=index, table=table):
            return _of_index(index, table)
        case _:
            return frozenset()


def _of_index(index: Index, table: Table) -> frozenset[str]:
    texts = [index.where or "", *(element.text for element in index.elements if element.is_expression)]
    plain = {element.text for element in index.elements if not element.is_expression} | set(index.include)
    told = {
        column.name
        for column in table.columns
        if any(mentions(text, column.name) for text in (*texts, index.where or ""))
    }
    return frozenset(plain | told)
