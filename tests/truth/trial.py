"""The application's statements, tried before and after each step of what apply does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.plan import Step
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.truth.laws import State, lost, untrue
from tests.truth.places import OnPostgresql, OnSqlite, Place, sqlite_image, tried
from tests.truth.program import Statement
from tests.truth.unprovable import unprovable

__all__ = ["SETTINGS", "Trial", "setting"]

ROUNDS = 3
"""How often apply plans again, too."""
SETTINGS = {"sqlite": ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"), "postgresql": ("",)}
"""What the application's connections may be set to."""


def setting(statement: str) -> Callable[[sqlite3.Connection], None]:
    """What the application does when it connects to SQLite."""
    return lambda connection: connection.executescript(statement).close()


@dataclass
class Trial:
    """One guard on one database, which is changed by it.

    Args:
        guard: what is put to the test.
        stage: where its steps are taken.
        database: what the guard is given, an engine of the application's own.
        engine: runs the application's statements on PostgreSQL.
        statements: the application's.
        on_connect: what the application does when it connects to SQLite.
    """

    guard: Guard
    stage: PostgresqlStage | SqliteStage
    database: Any
    engine: sa.Engine
    statements: Sequence[Statement]
    on_connect: Callable[[sqlite3.Connection], None] | None = None
    tried: int = field(default=0, init=False)
    """How many statements were tried."""
    steps: int = field(default=0, init=False)

    def violations(self) -> list[str]:
        """What violates the laws, in words."""
        latest = self.state("before", self.statements)
        wrong = untrue(latest, self.statements)

        def after(step: Step) -> None:
            nonlocal latest
            self.steps += 1
            concerned = [statement for statement in self.statements if _concerns(step, statement)]
            now = self.state(f"after {step.id}", concerned)
            wrong.extend(lost(latest, now))
            names = {each.name for statement in concerned for each in (statement, *statement.parts)}
            older = {name: error for name, error in latest.failures.items() if name not in names}
            latest = replace(now, failures={**older, **now.failures})
            wrong.extend(untrue(latest, self.statements))

        for _ in range(ROUNDS):
            plan = self.guard.plan(self.database)
            if plan.empty:
                break
            self.stage.take(plan.steps, after)
            now = self.state("after a whole plan", self.statements)
            wrong += lost(latest, now) + untrue(now, self.statements)
            latest = now
        return wrong

    def state(self, when: str, statements: Sequence[Statement]) -> State:
        report = self.guard.check(self.database)
        self.tried += len(statements)
        return State(when, report, tried(self.place(), statements), unprovable(self.stage))

    def place(self) -> Place:
        if isinstance(self.stage, PostgresqlStage):
            return OnPostgresql(self.engine)
        return OnSqlite(sqlite_image(self.stage.file), self.on_connect)


def _concerns(step: Step, statement: Statement) -> bool:
    """Whether it could do otherwise after the step. What no table bears, such as a type, may be of any."""
    touched = {locked.relation.name for locked in step.locks if locked.relation is not None}
    touched |= {step.table.name} if step.table is not None else set()
    return not touched or any(table.name in touched for table in statement.tables)
