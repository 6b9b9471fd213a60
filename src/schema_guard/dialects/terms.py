"""Nouns of a dialect's rules: verdicts, the words of its errors, conditions that AND joins, what a CHECK allows.

They stand apart from base.py and inquiry.py, which a check that finds everything as expected does not load.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from schema_guard.schema import Column, Name

__all__ = ["MOMENT", "Alike", "Allowed", "Condition", "ErrorWords", "Unfit", "Verdict"]

MOMENT = (
    r"now\(\)|CURRENT_(?:TIMESTAMP|DATE|TIME)|LOCALTIME(?:STAMP)?"
    r"|\(?now\(\) AT TIME ZONE 'utc'::text\)?|timezone\('utc'::text, now\(\)\)"
)
"""A pattern of defaults that say what time it is, in any case of letters: of these nothing is asked."""


class Verdict(Enum):
    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_COMPARABLE = "not comparable"
    RAISES = "raises an error"
    """Of a trial: an error that comes from the condition, and not from the value."""
    UNDECIDED = "undecided"
    """The cheap comparison proves nothing; the database has to be asked."""


class ErrorWords(NamedTuple):
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


NOT_WRITTEN = "(not written)"
"""In place of a statement, where models are asked only for what decides."""


class Alike(NamedTuple):
    """The columns of tables, each told by another that is like it."""

    samples: tuple[Column, ...]
    tables: Mapping[Name, Sequence[tuple[str, int, str | None]]]
    """Of each column the name, the number of its sample, and the comment."""


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
