"""What many databases or schemas lack, by difference: each is told once, with where it was found. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from schema_guard.difference import Impact
from schema_guard.report import Finding

__all__ = ["Found", "Summary"]


@dataclass(slots=True)
class Found:
    """A difference, and the names of those that have it."""

    code: str
    impact: Impact
    object: str
    headline: str
    effect: str
    """Which statements of the application fail, or what else it does."""
    names: list[str] = field(default_factory=list)
    refused: dict[str, list[str]] = field(default_factory=dict)
    """Why it is not repaired, and where for this reason; the others repair it, or were not asked."""


@dataclass(slots=True)
class Summary:
    """Filled one by one, so that no report has to be kept."""

    satisfied: int = 0
    differing: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """By name: why it was not looked at, or not to the end."""
    found: dict[tuple[str, ...], Found] = field(default_factory=dict)

    def add(self, name: str, findings: Iterable[Finding], *, satisfied: bool) -> None:
        """What one of them lacks."""
        self.satisfied += satisfied
        self.differing += not satisfied
        for finding in findings:
            difference = finding.difference
            refused = finding.refusal.reason if finding.refusal is not None else ""
            said = (difference.code, difference.impact, difference.object, difference.headline, difference.effect)
            self.put(name, *said, refused)

    def put(self, name: str, code: str, impact: Impact, object_: str, headline: str, effect: str, refused: str) -> None:
        """One difference of one of them."""
        key = (code, object_, headline)
        known = self.found.setdefault(key, Found(code, impact, object_, headline, effect))
        known.names.append(name)
        if refused:
            known.refused.setdefault(refused, []).append(name)

    @property
    def total(self) -> int:
        return self.satisfied + self.differing + len(self.failed)

    @property
    def by_impact(self) -> list[Found]:
        """The worst first, and of these the most frequent."""
        return sorted(self.found.values(), key=lambda each: (-each.impact, -len(each.names), each.object))
