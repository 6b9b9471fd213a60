"""Part of the noun Schema: primary keys, UNIQUE constraints and foreign keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from schema_guard.index import IndexElement
from schema_guard.names import Name

__all__ = ["ForeignKey", "PrimaryKey", "Unique", "deferral_words"]


class Deferral(Protocol):
    """A constraint that may be checked later."""

    @property
    def deferrable(self) -> bool: ...
    @property
    def initially_deferred(self) -> bool: ...


def deferral_words(constraint: Deferral) -> str:
    """When it is checked, as DDL says it, after a blank; empty where it cannot be deferred."""
    if not constraint.deferrable:
        return ""
    return f" DEFERRABLE INITIALLY {'DEFERRED' if constraint.initially_deferred else 'IMMEDIATE'}"


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    name: str | None
    columns: tuple[str, ...]
    ddl: str = ""
    deferrable: bool = False
    elements: tuple[IndexElement, ...] = ()
    """Actual side, PostgreSQL: the keys of the index behind it."""
    other_equality: str = ""
    """Actual side: what it tells rows apart by, other than its columns' equality: 'WITHOUT OVERLAPS', a collation."""
    conflict: str = ""
    """SQLite: what ON CONFLICT says: REPLACE, IGNORE, FAIL, ABORT or ROLLBACK."""

    @property
    def unusable(self) -> str:
        """Why neither ON CONFLICT nor a foreign key can use it; empty where they can."""
        if self.deferrable:
            return "it is DEFERRABLE"
        return f"it tells rows apart by {self.other_equality}" if self.other_equality else ""


@dataclass(frozen=True, slots=True)
class Unique:
    name: str | None
    columns: tuple[str, ...]
    deferrable: bool = False
    initially_deferred: bool = False
    nulls_not_distinct: bool = False
    include: tuple[str, ...] = ()
    valid: bool = True
    ddl: str = ""
    elements: tuple[IndexElement, ...] = ()
    """Actual side, PostgreSQL: the keys of the index behind it."""
    conflict: str = ""
    """SQLite: what ON CONFLICT says: REPLACE, IGNORE, FAIL, ABORT or ROLLBACK."""

    def __str__(self) -> str:
        nulls = " NULLS NOT DISTINCT" if self.nulls_not_distinct else ""
        include = f" INCLUDE ({', '.join(self.include)})" if self.include else ""
        conflict = f" ON CONFLICT {self.conflict}" if self.conflict else ""
        return f"UNIQUE{nulls} ({', '.join(self.columns)}){include}{deferral_words(self)}{conflict}"


@dataclass(frozen=True, slots=True)
class ForeignKey:
    name: str | None
    columns: tuple[str, ...]
    target: Name
    target_columns: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    match: str = "SIMPLE"
    deferrable: bool = False
    initially_deferred: bool = False
    validated: bool = True
    enforced: bool = True
    disabled: bool = False
    """Actual side: a trigger that checks it is switched off."""
    ddl: str = ""
