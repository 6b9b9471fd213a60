"""Columns that relationships compare, where no foreign key of the models says so (`primaryjoin=`, `foreign()`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Table
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import BinaryExpression
from sqlalchemy.sql.visitors import iterate

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapper
    from sqlalchemy.sql.elements import ColumnElement

__all__ = ["Compared", "compared_by"]

Compared = tuple[Column[Any], Column[Any], str]
"""Two columns, and the relationship."""


def compared_by(mapper: Mapper[Any]) -> Iterator[Compared]:
    """Only columns as they are: what a cast or a function makes of one is of another type."""
    for relationship in mapper.relationships:
        if relationship.parent is not mapper:
            continue
        for left, right in _equated((relationship.primaryjoin, relationship.secondaryjoin)):
            pair = {left, right}
            if not any(pair == {key.parent, key.column} for each in pair for key in each.foreign_keys):
                yield left, right, f"{mapper.class_.__name__}.{relationship.key}"


def _equated(conditions: Iterable[ColumnElement[bool] | None]) -> Iterator[tuple[Any, Any]]:
    for condition in conditions:
        for part in iterate(condition) if condition is not None else ():
            if isinstance(part, BinaryExpression) and part.operator is operators.eq:
                left, right = part.left, part.right
                if _is_of_table(left) and _is_of_table(right):
                    yield left._deannotate(), right._deannotate()


def _is_of_table(part: Any) -> bool:
    return isinstance(part, Column) and isinstance(part.table, Table)
