"""What every difference has: an impact, an object, a headline."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from schema_guard.schema import Name, Table

__all__ = ["BaseDifference", "Fit", "Holder", "Impact", "held"]


class Impact(IntEnum):
    """What a difference does to the application; a higher value is worse."""

    NOTES = 0
    """No effect."""
    WEAKENS = 1
    """A promise of the models is not kept."""
    BREAKS = 2
    """Some statement that the application issues fails."""

    @property
    def word(self) -> str:
        return self.name.lower()


class Fit(IntEnum):
    """How a column's actual type relates to the expected one."""

    SAME = 0
    WIDER = 1
    """Holds every value of the expected type, read back equal."""
    NARROWER = 2
    """The same family, but some values don't fit; widening rewrites and scans nothing."""
    NARROWER_REWRITE = 3
    """The same family, but some values don't fit; widening rewrites the table."""
    OTHER = 4
    """Statements run and values come back, but not all alike (a time zone, an affinity)."""
    INCOMPATIBLE = 5
    """Some statement fails."""
    UNKNOWN = 6
    """Could not be compared."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What already bears the name that an expected object should get."""

    kind: str
    definition: str

    def __str__(self) -> str:
        return f"{self.kind} {self.definition}".strip()


def held(holder: Holder | None) -> str:
    """The end of a headline when something bears the name."""
    return f"; the name is held by {holder}" if holder else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDifference:
    code: ClassVar[str]
    impact: Impact
    effect: str = ""
    """What it does to the application, one clause without a full stop."""

    @property
    def object(self) -> str:
        """The object's name as a person writes it: `proposals.visitor_session_id`."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        """What is wrong with the object, in a few words."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """Identifies the difference within one comparison."""
        return f"{self.code} {self.object}"

    @property
    def table_name(self) -> Name | None:
        """The table it belongs to, None for schemas, types and sequences."""
        table: Table | None = getattr(self, "table", None)
        return table.name if table is not None else None
