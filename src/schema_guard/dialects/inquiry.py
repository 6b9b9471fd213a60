"""What only the database can answer about two definitions; its answers are Verdicts (terms.py)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from schema_guard.schema import Call, Lack, Name

__all__ = ["Gives", "Inquiry", "Known", "Placed", "Question", "SameQuery", "Trial"]


@dataclass(frozen=True, slots=True)
class Question:
    """A pair of expressions (or, with `table` None, of type names) that only the database can compare.

    `cast` is the column type that both sides are cast to, for defaults. `table` is the live table that gives the
    columns' meaning.
    """

    expected: str
    actual: str
    table: Name | None = None
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether a live condition takes a value that the models allow: only the database can evaluate it.

    The answer is DIFFERENT when the models' conditions take the value and the live one does not, RAISES when it raises
    an error for it, EQUAL when nothing
    speaks against writing it, NOT_COMPARABLE when the database could not evaluate them.
    """

    table: Name
    column: str
    value: str
    """An SQL literal."""
    type: str
    """The live column's type, below its domain."""
    condition: str
    """On this column alone, as the database writes it."""
    wanted: tuple[str, ...] = ()
    """What the models say of this column alone."""
    collation: str | None = None


@dataclass(frozen=True, slots=True)
class SameQuery:
    """Whether a view that is there gives what the models' query gives, as far as the database plans both alike.

    The answer is NOT_COMPARABLE when the database cannot plan one of them for this role.
    """

    view: Name
    query: str
    """The models' SELECT."""


@dataclass(frozen=True, slots=True)
class Known:
    """Whether the database takes what a statement of the application calls and reads for a column of a live table.

    The answer is DIFFERENT when this is what is lacking, NOT_COMPARABLE when the application's own connections may know
    more functions, EQUAL in every other case.
    """

    table: Name
    column: str
    call: Call
    lack: Lack = Lack.FUNCTION


@dataclass(frozen=True, slots=True)
class Gives:
    """Whether the default of a live column can be computed, as an INSERT does that leaves the column out.

    The answer is DIFFERENT when it raises an error whatever is stored, NOT_COMPARABLE when that is not known without
    running code that may change something, or when it is so at present only.
    """

    table: Name
    column: str
    default: str
    """As the database writes it."""
    type: str
    """The live column's type, below its domain."""
    refuses_null: bool = False
    """NULL counts as an error, too."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Whether a row that holds this value in the partition key is stored.

    The answer is DIFFERENT when no partition takes it; where `null` names a column, when the partition that takes it
    refuses NULL in that column. NOT_COMPARABLE when the value alone does not say which partition it is.
    """

    table: Name
    column: str
    value: str
    """SQL."""
    type: str
    null: str = ""
    wanted: tuple[str, ...] = ()
    """What the models say of the key alone: a row that they exclude is none of theirs."""


Inquiry: TypeAlias = Question | Trial | SameQuery | Known | Gives | Placed
"""What only the database can answer, with a verdict."""
