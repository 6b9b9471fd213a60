"""Repairing before an application starts, from within its own process."""

from __future__ import annotations

from typing import Any

from schema_guard.difference import Impact
from schema_guard.errors import StepError
from schema_guard.execute.limits import Limits
from schema_guard.guard import Guard
from schema_guard.report import Report

__all__ = ["apply_before_start"]

MOST_NAMED = 3


def apply_before_start(guard: Guard, database: Any, limits: Limits | None = None) -> Report:
    """Apply, and raise when something that breaks the application remains, so that it does not start.

    `Guard.apply` logs what is done (logger `schema_guard`). Its connections are closed when it returns: processes that
    are forked afterwards share none.

    Args:
        guard: whose models.
        database: as `Guard.apply` takes it.
        limits: time budget and timeouts.

    Raises:
        StepError: something that breaks the application remains; the message names it.
        UnreachableError, ReadError, LockTimeoutError: as `Guard.apply` does.
    """
    report = guard.apply(database, limits)
    broken = [each.difference for each in report.findings if each.difference.impact is Impact.BREAKS]
    if broken:
        named = "; ".join(f"{each.object}: {each.headline}" for each in broken[:MOST_NAMED])
        more = f"; and {len(broken) - MOST_NAMED:,} more" if len(broken) > MOST_NAMED else ""
        why = "schema-guard plan TARGET says why it is not repaired"
        raise StepError(f"the application cannot start: {named}{more} ({why})")
    return report
