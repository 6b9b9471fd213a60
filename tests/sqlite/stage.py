"""A real SQLite file for one test, and short words for what is looked at in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData, create_engine, event

from schema_guard.guard import Guard
from schema_guard.plan import Plan, Policy
from schema_guard.report import Outcome, Report

__all__ = ["Stage"]


class Stage:
    """Args:
    path: the file, which need not exist.
    foreign_keys: the application's connections enforce foreign keys.
    """

    def __init__(self, path: Path, *, foreign_keys: bool = True) -> None:
        self.path = path
        self.engine: Engine = create_engine(f"sqlite:///{path}")
        if foreign_keys:
            event.listen(self.engine, "connect", lambda raw, _: raw.execute("PRAGMA foreign_keys = ON"))

    def script(self, sql: str) -> None:
        connection = sqlite3.connect(self.path)
        connection.executescript(sql)
        connection.close()

    def rows(self, sql: str) -> list[Any]:
        connection = sqlite3.connect(self.path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def value(self, sql: str) -> Any:
        return self.rows(sql)[0][0]

    def texts(self) -> dict[str, str]:
        """The stored statement of each object."""
        return dict(self.rows("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))

    def backups(self) -> set[Path]:
        return set(self.path.parent.glob(f"{self.path.name}.backup-*"))

    def plan(self, metadata: MetaData, **policy: bool) -> Plan:
        return Guard(metadata, policy=Policy(**policy)).plan(self.engine)

    def apply(self, metadata: MetaData, **policy: bool) -> Report:
        """Apply; what is written must be what the plan shows, whole and sound."""
        report = Guard(metadata, policy=Policy(**policy)).apply(self.engine)
        assert self.value("PRAGMA integrity_check") == "ok"
        for result in report.results:
            if result.outcome is Outcome.DONE and not result.step.repeat:
                assert result.statements == result.step.statements
        return report

    def satisfied(self, metadata: MetaData, **policy: bool) -> Report:
        """Apply; everything is repaired, and a second run has nothing to do."""
        report = self.apply(metadata, **policy)
        assert report.satisfied, [finding.difference.key for finding in report.findings]
        again = Guard(metadata).apply(self.engine)
        assert again.results == ()
        return report


def outcomes(report: Report) -> list[Outcome]:
    return [result.outcome for result in report.results]


def keys(report: Report) -> set[str]:
    return {finding.difference.key for finding in report.findings}


def refused(plan: Plan) -> dict[str, str]:
    return {refusal.difference.key: refusal.reason for refusal in plan.refusals}


def statements(plan: Plan) -> list[str]:
    return [statement for step in plan.steps for statement in step.statements]


def starting(words: str, texts: Iterable[str]) -> list[str]:
    return [text for text in texts if text.startswith(words)]
