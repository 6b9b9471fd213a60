"""What `apply` and `run` have in common: repair within the limits, stoppable, and its exit code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from schema_guard.cli.ahead import with_chain
from schema_guard.cli.followed import followed
from schema_guard.cli.output import log
from schema_guard.cli.progress import log_step
from schema_guard.cli.request import Request
from schema_guard.cli.waiting import when_reachable
from schema_guard.dialects import check_same
from schema_guard.exit_codes import apply_code
from schema_guard.many.reports import named
from schema_guard.render.formats import Shown
from schema_guard.report import Report

__all__ = ["Applied", "applied", "rehearsed"]


@dataclass(frozen=True, slots=True)
class Applied:
    report: Report
    code: int
    stopped: bool
    newer: tuple[str, ...] = ()
    """Revisions of a newer release that alembic_version names."""
    lost: str = ""
    """The command for when their files are lost."""
    named: str = ""
    """Which revision's file names one of them, and may replace it."""

    def shown(self, *, logged: bool, verbose: bool) -> Shown:
        """What `apply` and `run` say beside the report."""
        return Shown(
            command="apply",
            exit_code=self.code,
            newer=self.newer,
            lost=self.lost,
            named=self.named,
            logged=logged,
            verbose=verbose,
        )


def applied(asked: Request, lost: tuple[str, ...] = ()) -> Applied:
    """Wait for the database, apply, and say what the command exits with.

    Raises:
        UnreachableError, LockTimeoutError, ReadError, StoppedError: as `Guard.apply` does.
        ConfigurationError: --ddl-url is another database than --url.
    """
    deadline = asked.deadline()
    guard, ahead = with_chain(asked, lost)
    told = partial(log_step, where=f"bind {asked.bind}" if asked.bind else "")
    with followed() as stop:

        def repair() -> Report:
            stop.check()
            if asked.settings.ddl_url is not None:
                check_same(asked.database, asked.ddl_database, deadline)
            return guard.apply(asked.ddl_database, asked.limits, on_step=told, stop=stop, deadline=deadline)

        report = when_reachable(repair, asked.wait, log, over=lambda: deadline.over, sleep=stop.sleep)
        report = named(report, asked.bind)
        code = 128 + stop.signal if stop.asked else apply_code(report)
        if ahead is None:
            return Applied(report, code, stop.asked)
        return Applied(report, code, stop.asked, ahead.newer, ahead.commands.lost(ahead.newer), ahead.named)


def rehearsed(asked: Request, lost: tuple[str, ...] = ()) -> Report:
    """What apply would begin with: it waits for the database and looks, and changes nothing. Raises as `applied`."""
    guard = with_chain(asked, lost)[0]

    def look() -> Report:
        if asked.settings.ddl_url is not None:
            check_same(asked.database, asked.ddl_database)
        return guard.check(asked.ddl_database)

    return named(when_reachable(look, asked.wait, log), asked.bind)
