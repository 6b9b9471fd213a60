"""What is made of a column whose type takes no value of the models waits for another type of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from schema_guard.dialects.postgresql.repair.context import Repairs
from schema_guard.dialects.postgresql.repair.type_independence import suits_any_type
from schema_guard.difference import (
    CheckMissing,
    ColumnMissing,
    DefaultDiffers,
    Difference,
    Fit,
    ForeignKeyMissing,
    GeneratedDiffers,
    IndexInvalid,
    IndexMissing,
    TableMissing,
    TypeDiffers,
)
from schema_guard.need import Need
from schema_guard.plan import Step

__all__ = ["after_types", "unfit_types"]

_OF_A_TYPE = (
    CheckMissing,
    ColumnMissing,
    DefaultDiffers,
    ForeignKeyMissing,
    GeneratedDiffers,
    IndexInvalid,
    IndexMissing,
    TableMissing,
)
"""What depends on the types of the columns that its steps require."""


def unfit_types(differences: Iterable[Difference]) -> tuple[TypeDiffers, ...]:
    """Of the columns whose type takes no value of the models."""
    return tuple(each for each in differences if isinstance(each, TypeDiffers) and each.fit is Fit.INCOMPATIBLE)


def after_types(difference: Difference, repairs: Repairs, unfit: Sequence[TypeDiffers]) -> Repairs:
    """The server knows no operator, or no operator class, of such a type, and takes no default of the models for it."""
    if not unfit or not isinstance(difference, _OF_A_TYPE):
        return repairs
    retyped = {
        Need.column(typed.table.name, typed.column.name): Need.column_type(typed.table.name, typed.column.name)
        for typed in unfit
        if not suits_any_type(difference, typed)
    }
    return [
        replace(
            repair,
            requires=repair.requires | ({retyped[n] for n in repair.requires & retyped.keys()} - repair.provides),
        )
        if isinstance(repair, Step)
        else repair
        for repair in repairs
    ]
