"""JUnit XML, which CI servers show as tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.errors import GuardError
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.junit import check_junit

    return check_junit(report, shown.keys)


def plan(report: Report, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.junit import plan_junit

    return plan_junit(report)


def error(error: GuardError, shown: Shown) -> str:
    from schema_guard.render.junit import error_junit

    return error_junit(shown.command, error)
