"""Code in the database that the models don't know, and that decides what a statement does: triggers and rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from schema_guard.names import Name

__all__ = ["Filler", "Intervener", "against_upserts", "refuse_returning"]


class Filler(NamedTuple):
    """What may give a column its value in an INSERT before the server checks the row, and cannot be read."""

    kind: str
    """`trigger` (BEFORE INSERT, for each row) or `rule` (ON INSERT DO INSTEAD)."""
    name: str
    update: bool
    """It does the same for an UPDATE."""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Intervener(NamedTuple):
    """What keeps each statement from doing what it says, as far as its text tells."""

    kind: str
    """`trigger` or `rule`."""
    name: str
    statements: tuple[str, ...]
    """INSERT, UPDATE, DELETE."""
    raises: bool
    """It raises an error; else the row is left as it is."""
    adds: bool = False
    """A rule DO ALSO: the statement does its work; but ON CONFLICT is not allowed beside it."""
    returns: bool = False
    """A rule DO INSTEAD that has a RETURNING of its own."""
    lacks: str = ""
    """A trigger: the column that its function names, and that the table has not."""
    sure: bool = False
    """It raises an error then, whatever the row holds."""
    does: str = ""
    """A trigger: what its function does with `absent`, "writes to" or "calls", for example."""
    absent: str = ""
    """The table, the function, or the column with its table before it, that is not there."""
    columns: tuple[str, ...] = ()
    """Of UPDATE OF: an UPDATE that sets none of these does not fire it."""
    partition: Name | None = None
    """The partition that has it, where the table itself has not."""


def against_upserts(interveners: Iterable[Intervener]) -> tuple[str, ...]:
    """The names of the rules beside which the server takes no ON CONFLICT: those for INSERT and UPDATE."""
    return tuple(each.name for each in interveners if each.kind == "rule" and "DELETE" not in each.statements)


def refuse_returning(interveners: Iterable[Intervener]) -> bool:
    """Whether the server takes no INSERT .. RETURNING: rules stand in its place, also under a condition, and none of
    them says what it returns (rewriteHandler.c)."""
    rules = [each for each in interveners if each.kind == "rule" and not each.adds and "INSERT" in each.statements]
    return bool(rules) and not any(each.returns for each in rules)
