"""A plan as SQL, to read and to run by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema_guard.plan import Plan

if TYPE_CHECKING:
    from schema_guard.render.formats import Shown
    from schema_guard.report import Report


def plan(report: Report, shown: Shown) -> str:  # noqa: ARG001 - every format is called alike
    from schema_guard.render.sql import plan_sql

    return plan_sql(report, report.plan or Plan())
