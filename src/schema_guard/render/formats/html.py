"""A page for a browser: to open, to print, to keep as an artifact of CI."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.errors import GuardError
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.html import check_html

    return check_html(report, shown.exit_code, shown.next_command)


def plan(report: Report, shown: Shown) -> str:
    from schema_guard.render.html import plan_html

    return plan_html(report, shown.exit_code, shown.apply_code, shown.next_command)


def apply(report: Report, shown: Shown) -> str:
    from schema_guard.render.html import apply_html

    return apply_html(report, shown.exit_code)


def error(error: GuardError, shown: Shown) -> str:
    from schema_guard.render.html import error_html

    return error_html(shown.command, error)
