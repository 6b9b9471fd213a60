"""The database on which a scenario plays: what the proofs need to know about it, and how it is set up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from schema_guard.need import Need
from schema_guard.plan import Step

__all__ = ["Contents", "Stage", "freeze", "runnable", "table_of_rows"]

Contents = dict[str, tuple[Sequence[str], Counter[Any]]]
"""Of each table the columns' names and how often it holds which row."""


class Stage(Protocol):
    """A database of one scenario's own; `database` is what the guard is given."""

    dialect: str
    target: str
    """Whose snapshots count: the dialect's, or those of its older versions."""
    database: Any

    def state(self) -> Hashable:
        """Everything that a read-only command must leave as it is."""
        ...

    def objects(self) -> frozenset[str]:
        """Everything that has a name: nothing of it may be gone afterwards."""
        ...

    def contents(self, columns: Mapping[str, Sequence[str]] | None = None) -> Contents:
        """The rows of every table; or of the given tables, only these columns."""
        ...

    def query(self, sql: str) -> Sequence[Sequence[Any]]:
        """The rows of a SELECT."""
        ...

    def changes(self) -> list[str]:
        """The statements that changed something since the last call, as the database itself saw them."""
        ...

    def take(self, steps: Sequence[Step], after: Callable[[Step], None] | None = None) -> None:
        """Run the steps one after the other, proving of each its probe, its locks and its cost.

        Args:
            steps: of a plan, in its order.
            after: is called when a step is done, with nothing locked.
        """
        ...

    def anywhere(self, text: str) -> str:
        """The text without what is this database's alone: its address."""
        ...

    def copy(self) -> Stage:
        """Another database with the same contents."""
        ...

    def close(self) -> None: ...


def runnable(steps: Sequence[Step], ask: Callable[[str], bool]) -> Iterator[Step]:
    """The steps that can run, each asked for when it is its turn: not those that rows stand in the way of, nor what
    depends on them. A probe has to be true before its step; a backfill may turn out to have nothing to fill.
    """
    missing: set[Need] = set()
    for step in steps:
        if step.requires & missing:
            missing |= step.provides
            continue
        needed = ask(step.probe)
        assert needed or step.repeat, f"{step.id}: the probe must be true before\n{step.probe}"
        if step.unless and ask(step.unless):
            missing |= step.provides
        elif needed:
            yield step


def freeze(value: Any) -> Hashable:
    """The value with its type, so that 1 and '1' differ; fit for a Counter."""
    return (type(value).__name__, value if isinstance(value, Hashable) else repr(value))


def table_of_rows(rows: Sequence[Sequence[Any]]) -> str:
    """The rows as comments, one a line."""

    def shown(value: Any) -> str:
        return "NULL" if value is None else str(value)

    return "".join(f"-- {' | '.join(shown(value) for value in row)}\n" for row in rows) or "-- no rows\n"
