"""Types that do not keep a value as it was written: a comparison with what was written finds nothing then."""

from __future__ import annotations

from schema_guard.dialects.postgresql.fits import rounds
from schema_guard.dialects.postgresql.text_types import PADDED, UNPADDED
from schema_guard.schema import Type

__all__ = ["loses"]

_INEXACT = frozenset({"smallint", "integer", "bigint", "real", "double precision"})
_WITH_FRACTIONS = frozenset(
    {
        *("timestamp without time zone", "timestamp with time zone"),
        *("time without time zone", "time with time zone", "interval"),
    }
)
_CUT = frozenset({"name", '"char"'})
_DIGITS = 6
"""Of a second, where a type says nothing (manual, 8.5)."""


def loses(expected: Type, actual: Type) -> bool:
    """Whether a column of the actual type rounds or cuts values that the expected one keeps."""
    if expected.dimensions or actual.dimensions:
        return False
    if expected.name == "numeric" and rounds(expected):
        return actual.name in _INEXACT or (actual.name == "numeric" and _scale(actual) < _scale(expected))
    if expected.name in _WITH_FRACTIONS:
        if actual.name == "date":
            return True
        return actual.name in _WITH_FRACTIONS and _fraction(actual) < _fraction(expected)
    return expected.name in UNPADDED | PADDED and actual.name in _CUT


def _scale(numeric: Type) -> float:
    if not numeric.arguments:
        return float("inf")
    return int(numeric.arguments[1]) if len(numeric.arguments) > 1 else 0


def _fraction(type_: Type) -> int:
    """Digits of a second that it keeps; none where an interval ends with its minutes, hours or days."""
    digits = [int(argument) for argument in type_.arguments if argument.isdigit()]
    fields = [argument for argument in type_.arguments if not argument.isdigit()]
    if any(not field.lower().endswith("second") for field in fields):
        return -1
    return digits[0] if digits else _DIGITS
