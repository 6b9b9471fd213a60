"""The databases of one application, each with a guard of its own: one run, one report, one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from schema_guard.bind import of_bind
from schema_guard.dialects.stop import Stop
from schema_guard.errors import ConfigurationError, GuardError
from schema_guard.execute.limits import Limits
from schema_guard.many.member import Member, apart, chosen
from schema_guard.many.reports import Part, Reports, named, united
from schema_guard.report import Report, StepResult

if TYPE_CHECKING:
    from schema_guard.guard import Guard

__all__ = ["Group", "group_of"]


class Group:
    """Several guards, one for each database.

    Args:
        members: in the order in which they are looked at.
    """

    def __init__(self, members: Iterable[Member]) -> None:
        self.members = tuple(apart(list(members)))

    def only(self, *names: str) -> Group:
        """The same, of these binds alone. Raises ConfigurationError: there is no such bind."""
        return Group(chosen(self.members, names))

    def check(self, *, survey_timeout: float = 5.0) -> Reports:
        """Read only: as `Guard.check`, on each database. One that cannot be looked at is in `Reports.errors`."""
        return self._each(lambda member: member.guard.check(_database(member), survey_timeout=survey_timeout))

    def apply(
        self,
        limits: Limits | None = None,
        *,
        on_step: Callable[[StepResult], None] | None = None,
        stop: Stop | None = None,
    ) -> Reports:
        """As `Guard.apply`, on one database after the other; each has the whole budget."""
        stop = stop or Stop()
        return self._each(lambda member: member.guard.apply(_database(member), limits, on_step=on_step, stop=stop))

    def _each(self, work: Callable[[Member], Report]) -> Reports:
        parts = []
        for member in self.members:
            try:
                with of_bind(member.name):
                    parts.append(Part(member.name, named(work(member), member.name)))
            except GuardError as error:
                parts.append(Part(member.name, error=error))
        return united(parts)


def group_of(members: Mapping[str, Any], guard: type[Guard]) -> Group:
    """By name: a Guard or models, alone or in a pair with an Engine or a URL.

    Raises:
        ConfigurationError: there is none, or a pair is of something else.
        TargetError: one holds no models.
    """
    if not members:
        raise ConfigurationError("Guard.group({..}): no database was named")
    found = []
    for name, given in members.items():
        models, database = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
        own = models if isinstance(models, guard) else guard(models, name=str(name))
        found.append(Member(str(name), own, database))
    return Group(found)


def _database(member: Member) -> Any:
    if member.database is None:
        reason = member.problem or f"Guard.group({{'{member.name}': (models, engine)}}) names it"
        raise ConfigurationError(f"bind {member.name}: no database is known: {reason}")
    return member.database
