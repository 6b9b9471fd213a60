"""Nouns of a dialect's rules: the words of its errors, conditions that AND joins, the list that a CHECK allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Allowed", "Condition", "ErrorWords", "Unfit"]


@dataclass(frozen=True, slots=True)
class ErrorWords:
    """How an application's errors can be recognised in its log."""

    undefined_table: str
    undefined_column: str
    not_null_violation: str
    unique_violation: str
    check_violation: str
    undefined_function: str
    misused_aggregate: str
    wrong_type: str
    ambiguous_function: str = ""
    """Empty where functions differ in the number of their arguments alone."""


class Allowed(NamedTuple):
    """`operand IN (values)`, both in the dialect's normal form, values as literals."""

    operand: str
    values: frozenset[str]


class Condition(NamedTuple):
    """One of the conditions that AND joins."""

    text: str
    columns: frozenset[str]
    """The columns that it may refer to."""
    literals: tuple[str, ...]
    """The strings and numbers in it, as SQL."""


class Unfit(NamedTuple):
    """A setting of the connection, or a state of the server, under which statements of the application fail."""

    setting: str
    headline: str
    effect: str
    advice: str
    types: tuple[str, ...] = ()
    """Of the columns that are concerned; none: every table is."""
    codec: str = ""
    """Where it is the encoding of the application's text, Python's name of that: a name that it lacks breaks. What the
    rows of columns of these types hold is not known."""
    parameters: bool = False
    """It is the names of parameters alone that the codec has to have: SQLAlchemy gives them those of the columns."""
