"""Markdown, as the comment of a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schema_guard.errors import GuardError
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report


def check(report: Report, shown: Shown) -> str:
    from schema_guard.render.markdown import check_markdown

    return check_markdown(report, shown.exit_code)


def plan(report: Report, shown: Shown) -> str:
    from schema_guard.render.markdown import plan_markdown

    return plan_markdown(report, shown.apply_code)


def error(error: GuardError, shown: Shown) -> str:
    from schema_guard.render.markdown import error_markdown

    return error_markdown(shown.command, error)
