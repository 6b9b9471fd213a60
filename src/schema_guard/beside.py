"""Another release that still runs on the same database: repairs that would make its statements fail are held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from schema_guard.compare.beside import danger, softened
from schema_guard.plan import Refusal

if TYPE_CHECKING:
    from schema_guard.dialects.base import Dialect
    from schema_guard.difference import Difference
    from schema_guard.sources.source import Source

__all__ = ["Beside", "Held"]


@dataclass(frozen=True, slots=True)
class Beside:
    """The other release.

    Args:
        source: what it expects.
        name: how messages call it: the file, or a Git revision's.
    """

    source: Source
    name: str

    def held(self, dialect: Dialect, differences: Sequence[Difference]) -> Held:
        """What can be repaired while it runs, and what is held."""
        release = self.source.expect(dialect)
        found = tuple(softened(each, release) for each in differences)
        dangers = ((each, danger(each, release, dialect.rules)) for each in found)
        return Held(found, tuple(self._refusal(each, what) for each, what in dangers if what))

    def _refusal(self, difference: Difference, what: str) -> Refusal:
        reason = f"held while the release of {self.name} runs beside this one: {what}"
        return Refusal(difference, reason, ("run the same command without --beside when that release is gone",))


@dataclass(frozen=True, slots=True)
class Held:
    """Differences, and those of them that wait for the other release to end."""

    differences: tuple[Difference, ...]
    refusals: tuple[Refusal, ...] = ()
