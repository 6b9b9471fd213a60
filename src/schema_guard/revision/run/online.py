"""A guarded revision on a live database: the guard's own steps, each in a transaction of its own."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import NullPool

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.server import own_engine
from schema_guard.difference import Impact
from schema_guard.errors import GuardError
from schema_guard.execute.limits import Limits
from schema_guard.report import Outcome, Report, StepResult
from schema_guard.revision.run.part import Part

__all__ = ["run_online"]

log = logging.getLogger("alembic.schema_guard")
"""Below Alembic's own logger, so that its configuration shows what is done."""

_UNDONE = frozenset({Outcome.FAILED, Outcome.LOCKED, Outcome.LEFT})
_SETTINGS = "SELECT pg_catalog.current_setting('search_path'), pg_catalog.current_setting('role')"


def run_online(part: Part, context: MigrationContext, limits: Limits) -> None:
    """Fix what the revision speaks of.

    What earlier revisions of this run did is committed first: the guard works on connections of its own, one short
    transaction after the other, so that no lock is held for longer than its statement.

    Raises:
        CommandError: a step failed, or a lock could not be acquired in time; run again, what is done stays done.
    """
    bind = context.bind
    assert bind is not None
    engine = _like(bind)
    with ExitStack() as stack:
        try:
            stack.enter_context(context.autocommit_block())
        except AssertionError:
            raise CommandError(
                "env.py opened a transaction around the migrations; this revision needs short ones of its own:"
                " use connectable.connect() there instead of connectable.begin()"
            ) from None
        try:
            report = part.apply(engine, limits, on_step=_log_step)
        except GuardError as error:
            raise CommandError(error.message) from None
    _settle(part, report)


def _like(bind: Connection) -> Engine:
    """The engine of Alembic's connection, with the search_path and the role that env.py may have set on it."""
    if bind.dialect.name != "postgresql":
        return _of_file(bind)
    path, role = bind.exec_driver_sql(_SETTINGS).one()
    engine = own_engine(bind.engine)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:  # noqa: ARG001
        cursor = connection.cursor()
        cursor.execute(f"SELECT pg_catalog.set_config('role', {literal(role)}, false)")
        cursor.execute(f"SELECT pg_catalog.set_config('search_path', {literal(path)}, false)")
        cursor.close()
        connection.commit()

    return engine


def _of_file(bind: Connection) -> Engine:
    """SQLite: the engine of the file that is really open; a URL may name another (a connect hook led it elsewhere)."""
    engine = bind.engine
    file = next((row[2] for row in bind.exec_driver_sql("PRAGMA database_list") if row[1] == "main"), "")
    named = engine.url.database
    if not file or (named and Path(named).exists() and Path(file).samefile(named)) or str(named).startswith("file:"):
        return engine
    return create_engine(engine.url.set(drivername="sqlite", database=file), poolclass=NullPool)


def _log_step(result: StepResult) -> None:
    if result.outcome is Outcome.DONE and result.step.resolves:
        log.info("%s: %s", result.step.object, result.step.why)


def _settle(part: Part, report: Report) -> None:
    """Say what remains; fail where a step did, unless somebody else did its work meanwhile."""
    remaining = {finding.difference.key for finding in report.findings}
    for result in report.results:
        if result.outcome in _UNDONE and (not result.step.resolves or remaining & set(result.step.resolves)):
            raise CommandError(f"{result.step.object}: {result.step.why}: {result.message}; run it again, it goes on")
    for name in part.absent:
        log.warning("table %s does not exist, and this revision does not create it: left as it is", name)
    for finding in report.findings:
        if finding.difference.impact is not Impact.NOTES:
            why = f": {finding.refusal.reason}" if finding.refusal else ""
            log.warning("not fixed: %s: %s%s", finding.difference.object, finding.difference.headline, why)
