"""Text for people: what a terminal, a pipe and a log show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schema_guard.plan import Plan

if TYPE_CHECKING:
    from schema_guard.chain.deploy import Deployment
    from schema_guard.chain.diagnosis import Diagnosis
    from schema_guard.chain.stamp import Stamped
    from schema_guard.compat.compatibility import Compatibility
    from schema_guard.history.table import Run
    from schema_guard.readiness import Readiness
    from schema_guard.render.formats import Shown
    from schema_guard.render.line import Line
    from schema_guard.report import Report


def check(report: Report, shown: Shown) -> list[Line]:
    from schema_guard.render.text import check_lines

    return check_lines(report, shown.exit_code, next_command=shown.next_command, keys=shown.keys, verbose=shown.verbose)


def plan(report: Report, shown: Shown) -> list[Line]:
    from schema_guard.render.text import plan_lines

    return plan_lines(
        report,
        report.plan or Plan(),
        shown.exit_code,
        next_command=shown.next_command,
        apply_code=shown.apply_code,
        verbose=shown.verbose,
    )


def apply(report: Report, shown: Shown) -> list[Line]:
    from schema_guard.render.text import apply_lines

    lines: list[Line] = []
    if shown.newer:
        from schema_guard.render.chain.text import newer_lines

        lines = newer_lines(shown.newer, shown.exit_code, shown.lost, shown.named)
    return lines + apply_lines(report, shown.exit_code, keys=shown.keys, logged=shown.logged, verbose=shown.verbose)


def doctor(diagnosis: Diagnosis, shown: Shown) -> list[Line]:
    from schema_guard.render.chain.text import doctor_lines

    return doctor_lines(diagnosis, shown.exit_code, verbose=shown.verbose)


def stamp(stamped: Stamped, shown: Shown) -> list[Line]:
    from schema_guard.render.chain.text import stamp_lines

    return stamp_lines(stamped, shown.exit_code)


def deploy(deployment: Deployment, shown: Shown) -> list[Line]:
    from schema_guard.render.chain.text import deploy_lines

    lines = deploy_lines(deployment, shown.exit_code)
    return lines if deployment.report is None else lines + apply(deployment.report, shown)


def compat(found: Compatibility, shown: Shown) -> list[Line]:
    from schema_guard.render.compat import compat_lines

    return compat_lines(found, shown.exit_code)


def ready(readiness: Readiness, shown: Shown) -> list[Line]:
    from schema_guard.counted import duration
    from schema_guard.render.line import Style, line, words
    from schema_guard.render.readiness import ready_line

    verdict = words(ready_line(readiness), Style.GOOD if readiness else Style.BREAKS)
    return [line(verdict, f" · {duration(readiness.seconds)} · exit {shown.exit_code}")]


def history(runs: Sequence[Run], shown: Shown) -> list[Line]:
    from schema_guard.render.history import history_lines

    return history_lines(runs, shown.exit_code, verbose=shown.verbose)
