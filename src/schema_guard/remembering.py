"""A check that asks first whether it knows the answer already, and keeps a new one: docs/remembering.md."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from schema_guard.acceptance import Acceptance
from schema_guard.dialects.base import Session
from schema_guard.look import Look
from schema_guard.plan import Plan
from schema_guard.remembered import Memory, Remembered
from schema_guard.report import Report

__all__ = ["checked"]


def checked(
    session: Session,
    memory: Memory,
    look: Callable[[], tuple[Look, Report]],
    accept: Sequence[Acceptance],
    started: float,
) -> Report:
    """What is remembered, else what a look finds, which is remembered then.

    Args:
        session: the database.
        memory: what is remembered of it.
        look: looks, and reports.
        accept: what the guard accepts.
        started: when the check began, by time.monotonic().
    """
    known = memory.recall()
    today = datetime.now(UTC).date()
    if known is not None and known.silent and not known.ended(today):
        return _known(known, session, started)
    found, report = look()
    if not report.satisfied:
        return report
    doubt = _doubt(found, report, session)
    if not doubt and not memory.is_there:
        doubt = memory.make()
        if not doubt:  # the catalog is another one now
            memory.recall()
            found, report = look()
            doubt = _doubt(found, report, session) if report.satisfied else "the database was changed"
    if not doubt:
        ends = [each.expires.isoformat() for each in accept if each.expires is not None]
        doubt = memory.keep(_of(report, session, min(ends, default="")))
    return replace(report, warnings=(*report.warnings, f"not remembered: {doubt}")) if doubt else report


def _known(known: Remembered, session: Session, started: float) -> Report:
    return Report(
        server=replace(session.facts.server, application=known.application, schema=session.facts.default_schema),
        tables_expected=known.tables,
        seconds=time.monotonic() - started,
        catalog_queries=1,
        plan=Plan(),
        remembered=known.checked,
    )


def _of(report: Report, session: Session, until: str) -> Remembered:
    return Remembered(
        report.tables_expected,
        len(report.findings),
        len(report.accepted),
        len(report.left_out),
        report.server.application,
        session.fed,
        until,
    )


def _doubt(look: Look, report: Report, session: Session) -> str:
    """Why the answer may be another one although nothing in the catalog has changed; empty where it may not."""
    rows = session.rows_asked or look.by_rows
    if rows:
        return f"rows decide about {rows}, which leave no trace in the catalog"
    return "it has warnings, which are to be seen again" if report.warnings or report.idle else ""
