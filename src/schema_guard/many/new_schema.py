"""A tenant's schema that is not there yet gets the plan of one that was made before, with its own name.

What is found and planned for it follows from the models, from what the database has beside it, and from how the guard
was told to work. Where these are the same as before, nothing is compared and planned again: a sign-up waits for that.
The first two tenants that a process makes are planned in full. That the second plan is the first one with another name
proves that the name stands for nothing else in it. A tenant with a longer name than all before is planned in full, too,
because names that are too long are cut.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from schema_guard.dialects.tenant import Tenant
from schema_guard.look import Look
from schema_guard.many.renamed import Renamed, word_of
from schema_guard.plan import Plan
from schema_guard.schema import Schema
from schema_guard.scope import Guarded
from schema_guard.sources.once import Once
from schema_guard.sources.source import Source

if TYPE_CHECKING:
    from schema_guard.dialects.base import Session
    from schema_guard.dialects.postgresql.tenant import TenantSession

__all__ = ["Anew", "new_schema"]

_TENANT = "\0"
"""Stands for the name where what is around two schemas is compared."""


class Anew:
    """What is known of a schema before it has been compared: nothing."""

    def guarded(self, made: Callable[[], Guarded]) -> Guarded:
        """What is guarded. The names are located by now."""
        return made()

    def look(self, actual: Schema, made: Callable[[], Look]) -> Look:  # noqa: ARG002 - nothing is known
        """What differs from what is there."""
        return made()

    def plan(self, look: Look, made: Callable[[], Plan]) -> Plan:  # noqa: ARG002
        """What is planned for that look."""
        return made()


class _Found(NamedTuple):
    guarded: Guarded
    look: Look
    plan: Plan


class _Around(NamedTuple):
    """What decides what is found, without the schema's name."""

    told: str = ""
    actual: str = ""


@dataclass(slots=True)
class _Before:
    """The schema that was made first, among the same surroundings."""

    name: str
    around: _Around
    renamed: Renamed
    longest: int = 0
    """Characters of the longest name with which that is proved; 0: it is not."""


_before: WeakKeyDictionary[Source, _Before] = WeakKeyDictionary()


class _NewSchema(Anew):
    """What the schema that was made before tells of the next one, in one run of apply.

    Args:
        source: what is expected.
        told: how the guard was told to work.
        session: the tenant's.
        name: of the schema.
    """

    def __init__(self, source: Once, told: object, session: TenantSession, name: str) -> None:
        self._source, self._told, self._session, self._name = source, told, session, name
        self._around = _Around()
        self._guarded: Guarded | None = None
        self._found: _Found | None = None

    def guarded(self, made: Callable[[], Guarded]) -> Guarded:
        self._around, self._guarded, self._found = _Around(self._surroundings()), None, None
        before = _before.get(self._source)
        if before is not None and len(self._name) <= before.longest and before.around.told == self._around.told:
            self._found = _Found(*before.renamed.named(self._name))
        self._guarded = made() if self._found is None else self._found.guarded
        return self._guarded

    def look(self, actual: Schema, made: Callable[[], Look]) -> Look:
        self._around = self._around._replace(actual=self._without_name(actual))
        before = _before.get(self._source)
        if before is None or before.around != self._around:
            self._found = None
        return made() if self._found is None else self._found.look

    def plan(self, look: Look, made: Callable[[], Plan]) -> Plan:
        if self._found is not None and look is self._found.look:
            return self._found.plan
        plan = made()
        if look.hasty and self._guarded is not None and self._around.told:
            self._keep(_Found(self._guarded, replace(look, seconds=0.0), plan))
        return plan

    def _keep(self, found: _Found) -> None:
        before = _before.get(self._source)
        among_same = before is not None and before.around == self._around
        if before is not None and among_same and before.name == self._name:
            return
        if before is not None and among_same and before.renamed.named(self._name) == found:
            before.longest = max(before.longest, len(self._name))
        elif before is None or not among_same or not before.longest:  # the earlier name is another word, too
            _before[self._source] = _Before(self._name, self._around, Renamed(found, self._name))

    def _surroundings(self) -> str:
        """Empty where the name cannot be put in another one's place: SQL quotes it, or the models have that word."""
        dialect = self._session.dialect
        if dialect.quote(self._name) != self._name or self._source.mentions(dialect, self._name):
            return ""
        around = self._session.surroundings(lambda schema: self._source.mentions(dialect, schema))
        return self._without_name((self._told, around))

    def _without_name(self, value: object) -> str:
        return word_of(self._name).sub(_TENANT, repr(value))


def new_schema(source: Source, told: object, session: Session, database: object) -> Anew:
    """What is known before a run of apply. `told` is as `Configured._told`."""
    if told is None or not isinstance(database, Tenant) or not isinstance(source, Once):
        return Anew()
    from schema_guard.dialects.postgresql.tenant import TenantSession

    return _NewSchema(source, told, session, database.schema) if isinstance(session, TenantSession) else Anew()
