"""Noun: what was found on several databases of one application."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from schema_guard.difference import Impact
from schema_guard.errors import GuardError
from schema_guard.report import Report

__all__ = ["Part", "Reports", "named", "united"]

SAID_OF_SETTINGS = ("accept", "include", "exclude")
"""How warnings begin about an entry that names nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """Of one bind: a report, or why there is none."""

    name: str
    report: Report | None = None
    error: GuardError | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """One for each bind, in the application's order."""

    parts: tuple[Part, ...]

    def __getitem__(self, name: str) -> Report:
        """The report of that bind. Raises what kept it from being made; KeyError where there is no such bind."""
        part = self._by_name[name]
        if part.report is None:
            raise part.error or KeyError(name)
        return part.report

    def __iter__(self) -> Iterator[Part]:
        return iter(self.parts)

    @property
    def _by_name(self) -> Mapping[str, Part]:
        return {part.name: part for part in self.parts}

    @property
    def errors(self) -> Mapping[str, GuardError]:
        """By bind: why it was not looked at, or not to the end."""
        return {part.name: part.error for part in self.parts if part.error is not None}

    @property
    def worst(self) -> Impact | None:
        """Of all differences; None where there is none. What was not looked at is in `errors`."""
        return max((part.report.worst for part in self.parts if part.report and part.report.worst), default=None)

    @property
    def satisfied(self) -> bool:
        """All were looked at, and all are satisfied."""
        return all(part.report is not None and part.report.satisfied for part in self.parts)

    def remains(self, fail_on: Impact) -> bool:
        """Whether the application lacks something of that impact, or a database was not looked at."""
        return any(part.report is None or part.report.remains(fail_on) for part in self.parts)


def named(report: Report, bind: str) -> Report:
    """The report, which says of which bind it is."""
    return replace(report, server=replace(report.server, bind=bind)) if bind else report


def united(parts: Iterable[Part]) -> Reports:
    """All parts. An entry that is accepted or excluded is of use when one of the databases has what it names."""
    parts = tuple(parts)
    reports = [part.report for part in parts if part.report is not None]
    heads = [{_head(warning) for warning in report.warnings} for report in reports]
    idle = [{f"'{each.key}'" for each in report.idle} for report in reports]
    everywhere = set.intersection(*heads) if heads else set()
    nowhere = set.intersection(*idle) if idle else set()

    def kept(warning: str) -> bool:
        if not warning.startswith(SAID_OF_SETTINGS) or "expired" in warning:
            return True
        return _head(warning) in everywhere or any(key in warning for key in nowhere)

    def told(report: Report) -> Report:
        return replace(report, warnings=tuple(filter(kept, report.warnings)))

    return Reports(tuple(part if part.report is None else replace(part, report=told(part.report)) for part in parts))


def _head(warning: str) -> str:
    """What it is about: the setting and the entry."""
    return "'".join(warning.split("'")[:2])
