"""What every repair may look at, and what it may answer beside a step or a refusal: an edit of the table's text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from schema_guard.dialects.base import Facts
from schema_guard.dialects.sqlite.changes import Change
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.needs import standing
from schema_guard.dialects.violators import violators_of
from schema_guard.difference import Difference, Impact
from schema_guard.need import Need
from schema_guard.plan import CHANGE_OR_REMOVE, REFUSED, Lock, Locked, Noun, Policy, Refusal, Survey, Urgency
from schema_guard.schema import Column, Name, Schema, Table

__all__ = ["FILE_LOCK", "ByHand", "Case", "Edit", "Rows", "refuse_violated", "urgency_of"]

FILE_LOCK = (Locked(Lock.WRITE),)
_OF_THE_APPLICATION = frozenset({"collation", "function"})
REGISTERED = "; where the application registers it on its own connections, give the guard its engine in place of a URL"


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of a table's stored text that a rebuild makes true.

    `certain`: no row can stand in its way. Where one may, `unless` asks. `checks` must be true just before the old
    table goes.
    """

    difference: Difference
    change: Change
    why: str
    certain: bool = True
    unless: str = ""
    checks: tuple[Condition, ...] = ()
    requires: frozenset[Need] = frozenset()
    provides: frozenset[Need] = frozenset()


@dataclass(frozen=True, slots=True)
class ByHand:
    """A difference that is refused, and the change of the table's text that a person could make."""

    difference: Difference
    reason: str
    change: Change
    checks: tuple[Condition, ...] = ()


class Rows(Enum):
    """What the rows say about a promise that the table does not make yet."""

    KEEP_IT = auto()
    BREAK_IT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known when repairs are planned."""

    differences: Sequence[Difference]
    expected: Schema
    actual: Schema
    facts: Facts
    survey: Survey
    policy: Policy
    lost: Mapping[Need, str] = field(default_factory=dict)
    """What the database lacks and no repair provides, with the reason."""

    doubtful: frozenset[Need] = frozenset()
    """What is provided only if no row stands in the way."""

    def lacking(self, needs: Iterable[Need]) -> list[Need]:
        """Those of the needs that stay unmet."""
        return [need for need in sorted(needs, key=str) if need in self.lost]

    def unsure(self, needs: Iterable[Need]) -> list[Need]:
        """Those of the needs that stay unmet, or may."""
        return [need for need in sorted(needs, key=str) if need in self.lost or need in self.doubtful]

    def awaited(self, needs: Iterable[Need]) -> frozenset[Need]:
        """The keys among the needs that tables which are there do not have yet."""
        return frozenset(need for need in needs if self.live(need.name) and standing(need, self.actual) is False)

    def live(self, name: Name) -> Table | None:
        return self.actual.table(name)

    def empty(self, name: Name) -> bool:
        return not self.survey.has_rows(name)

    def rows(self, difference: Difference, table: Name) -> Rows:
        evidence = self.survey.evidence.get(difference.key)
        if evidence is None or evidence.count is None:
            return Rows.KEEP_IT if self.empty(table) else Rows.UNKNOWN
        if evidence.count:
            return Rows.BREAK_IT
        return Rows.KEEP_IT if evidence.exact else Rows.UNKNOWN

    def in_the_way(self, difference: Difference, table: Table) -> str:
        """A SELECT of one boolean: whether a row of the table, as it will be by then, stands in the way."""
        violators = violators_of(difference, table, quote)
        return violators.exists if violators else ""

    def rejection(self, table: Table, *definitions: Noun) -> str:
        """Why SQLite does not take definitions of the models; empty where it does, or was not asked."""
        found = [self.survey.rejections.get((table.name, definition)) for definition in definitions]
        rejected = [rejection for rejection in found if rejection is not None]
        if not rejected:
            return ""
        said = ", ".join(dict.fromkeys(rejection.said for rejection in rejected))
        by = "" if all(one.kind == REFUSED for one in rejected) else "SQLite says: "
        return f"{by}{said}{REGISTERED if any(one.kind in _OF_THE_APPLICATION for one in rejected) else ''}"

    def not_remade(self, live: Table) -> str:
        """Why the table cannot be made again, nor an index on all of its columns; empty where it can."""
        return self.rejection(live, live)

    def not_compared(self, live: Table, columns: Iterable[str]) -> str:
        """Why values of these columns cannot be compared here; empty where they can."""
        return self.rejection(live, *(column for column in live.columns if column.name in set(columns)))

    def collation_missing(self, expected: Table, *columns: Column) -> str:
        """Why the collation of one of the columns cannot be written here; empty where it can."""
        known = [
            column
            for column in columns
            if (said := self.survey.rejections.get((expected.name, column))) and said.kind == "collation"
        ]
        return self.rejection(expected, *known)

    def name_taken(self, schema: str | None, name: str) -> bool:
        """Tables, views and indexes share their names (https://sqlite.org/lang_createtable.html)."""
        wanted = (schema, name.lower())
        return (
            any((taken, held.lower()) == wanted for taken, held, _ in self.actual.names_taken)
            or any((table.name.schema, table.name.name.lower()) == wanted for table in self.actual.tables)
            or any((table.schema, table.name.lower()) == wanted for table in self.actual.unknown_tables)
        )

    def free_name(self, schema: str | None, wanted: str) -> str:
        name, number = wanted, 2
        while self.name_taken(schema, name):
            name, number = f"{wanted}_{number}", number + 1
        return name


def urgency_of(*differences: Difference) -> Urgency:
    breaks = any(difference.impact is Impact.BREAKS for difference in differences)
    return Urgency.REQUIRED if breaks else Urgency.DEBT


def refuse_violated(case: Case, difference: Difference) -> Refusal:
    """The refusal of a promise that rows break: how many, which, and the query that finds them."""
    evidence = case.survey.evidence[difference.key]
    return Refusal(difference, evidence.said("violate it", "violates it", CHANGE_OR_REMOVE), (evidence.query,))
