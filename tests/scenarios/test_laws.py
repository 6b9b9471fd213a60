"""Two laws in every scenario: the verdict is true, and what worked before a step works after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from schema_guard import Guard
from schema_guard.plan import Step
from tests.postgres.database import create
from tests.scenarios.document import Document
from tests.scenarios.on_postgresql import PostgresqlStage
from tests.scenarios.on_sqlite import SqliteStage
from tests.scenarios.stage import Stage
from tests.truth import ideal as ideals
from tests.truth.entities import world_of
from tests.truth.ideal import Ideal, in_memory, of_application
from tests.truth.laws import State, lost, untrue
from tests.truth.places import OnPostgresql, OnSqlite, Place, sqlite_image, tried
from tests.truth.program import Statement
from tests.truth.unprovable import unprovable

ROUNDS = 3
"""How often apply plans again, too."""

KNOWN = {
    ("column/type-incompatible", "sqlite"): "a number where a Uuid is expected cannot be loaded: only weakens",
    ("enum/value-missing", "postgresql"): "a row with an enum value that the models lack cannot be loaded: a note",
    (
        "mdraft/7-enum-and-json",
        "sqlite",
    ): "a row with a text that is no value of the Enum cannot be loaded",
}
"""What is wrong today, by scenario and database, and why; each is taken out as its rule is put right."""


@pytest.mark.newest_postgres
def test_laws(document: Document, stage: Stage, guard: Guard, request: pytest.FixtureRequest) -> None:
    if reason := KNOWN.get((document.name, stage.dialect)):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    wrong: list[str] = []
    for variant in variants(stage.dialect):
        trial = Trial(stage, guard, variant)
        try:
            wrong += trial.run()
        finally:
            trial.close()
    assert not wrong, "\n".join(wrong)


def variants(dialect: str) -> tuple[str, ...]:
    """What the application's connections may be set to."""
    return ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON") if dialect == "sqlite" else ("",)


class Trial:
    """The application's statements, tried on a copy of the stage before and after each step."""

    def __init__(self, stage: Stage, guard: Guard, setting: str) -> None:
        self.guard = guard
        self.setting = setting
        self.copy = stage.copy()
        self.cleaning: list[Callable[[], None]] = [self.copy.close]
        tables = guard.models.tables
        if isinstance(self.copy, PostgresqlStage):
            self.engine = sa.create_engine(self.copy.database, poolclass=NullPool)
            self.ideal = self._ideal_beside(self.copy, tables)
        else:
            assert isinstance(self.copy, SqliteStage)
            self.engine = self.copy.database
            sa.event.listen(self.engine, "connect", lambda connection, _: self._set(connection))
            self.ideal = in_memory(tables, self._set)
        world = world_of(tables, self.engine.dialect)
        self.statements = of_application(world, self.ideal, guard.upserts)

    def _ideal_beside(self, stage: PostgresqlStage, tables: Sequence[sa.Table]) -> Ideal:
        own = create(stage.own.server)
        self.cleaning.append(own.drop)
        extensions = [name for (name,) in stage.query("SELECT extname FROM pg_extension")]
        engine = sa.create_engine(own.url, poolclass=NullPool)
        return Ideal(OnPostgresql(engine), ideals.create(engine, tables, extensions))

    def _set(self, connection: sqlite3.Connection) -> None:
        connection.execute(self.setting)

    def close(self) -> None:
        for clean in reversed(self.cleaning):
            clean()

    def run(self) -> list[str]:
        """What violates the laws, in words."""
        latest = self.state("before", self.statements)
        wrong = untrue(latest, self.statements)

        def after(step: Step) -> None:
            nonlocal latest
            concerned = [statement for statement in self.statements if _concerns(step, statement)]
            now = self.state(f"after {step.id}", concerned)
            wrong.extend(lost(latest, now))
            names = {each.name for statement in concerned for each in (statement, *statement.parts)}
            older = {name: error for name, error in latest.failures.items() if name not in names}
            latest = replace(now, failures={**older, **now.failures})
            wrong.extend(untrue(latest, self.statements))

        for _ in range(ROUNDS):
            plan = self.guard.plan(self.copy.database)
            if plan.empty:
                break
            self.copy.take(plan.steps, after)
            now = self.state("after a whole plan", self.statements)
            wrong += lost(latest, now) + untrue(now, self.statements)
            latest = now
        return [f"{self.setting or 'default'}: {line}" for line in wrong]

    def state(self, when: str, statements: Sequence[Statement]) -> State:
        report = self.guard.check(self.copy.database)
        return State(when, report, tried(self.place(), statements), unprovable(self.engine))

    def place(self) -> Place:
        if isinstance(self.copy, PostgresqlStage):
            return OnPostgresql(self.engine)
        assert isinstance(self.copy, SqliteStage)
        return OnSqlite(sqlite_image(self.copy.file), self._set)


def _concerns(step: Step, statement: Statement) -> bool:
    """Whether it could do otherwise after the step. What no table bears, such as a type, may be of any."""
    touched = {locked.relation.name for locked in step.locks if locked.relation is not None}
    touched |= {step.table.name} if step.table is not None else set()
    return not touched or any(table.name in touched for table in statement.tables)
