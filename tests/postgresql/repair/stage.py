"""Repairs on a real server: plan for some models, run steps one by one, see what they lock."""

from __future__ import annotations

from typing import Any

from sqlalchemy import MetaData

from schema_guard.dialects import open_session
from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.plan import Lock, Plan, Policy, Step
from schema_guard.report import Report
from schema_guard.schema import Name
from tests.postgres.database import Database

__all__ = ["apply", "locks_taken", "needed", "plan", "prepare", "run", "stands_in_the_way"]

_HELD = """
SELECT n.nspname, c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.granted AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%'
"""
_MODES = {lock.name.replace("_", "") + "LOCK": lock for lock in Lock}


def prepare(database: Database, sql: str) -> None:
    """What is there before."""
    with database.connect() as connection:
        connection.execute(sql.encode())


def plan(database: Database, models: MetaData, policy: Policy | None = None) -> Plan:
    return Guard(models, policy=policy).plan(database.url)


def apply(database: Database, models: MetaData, policy: Policy | None = None) -> Report:
    return Guard(models, policy=policy).apply(database.url, Limits())


def needed(database: Database, step: Step) -> bool:
    return _asked(database, step.probe)


def stands_in_the_way(database: Database, step: Step) -> bool:
    return bool(step.unless) and _asked(database, step.unless)


def run(database: Database, step: Step) -> None:
    """As the runner does: in a transaction, or each statement by itself."""
    session = open_session(database.url)
    try:
        session.execute(step, 1.0, 10.0, lambda _: None)
    finally:
        session.close()


def locks_taken(database: Database, step: Step) -> dict[Name, Lock]:
    """Run the step's transaction and read, before it commits, the strongest lock on each table that was there."""
    assert step.transactional
    with database.connect(autocommit=False) as connection:
        before = _tables(connection)
        connection.rollback()
        for statement in step.statements:
            connection.execute(statement.encode())
        taken: dict[Name, Lock] = {}
        for schema, table, mode in connection.execute(_HELD.encode()).fetchall():
            name, lock = Name(schema, table), _MODES[mode.upper()]
            if name in before:
                taken[name] = max(lock, taken.get(name, Lock.NONE))
        connection.commit()
    return taken


def _tables(connection: Any) -> set[Name]:
    rows = connection.execute("SELECT schemaname, tablename FROM pg_tables").fetchall()
    return {Name(*row) for row in rows}


def _asked(database: Database, question: str) -> bool:
    with database.connect() as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return bool(row[0])
