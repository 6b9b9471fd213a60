"""What the page of each command holds, from top to bottom."""

from __future__ import annotations

from schema_guard.errors import GuardError
from schema_guard.plan import Plan
from schema_guard.render.html.cards import accepted_section, difference_sections
from schema_guard.render.html.diagram import diagram
from schema_guard.render.html.element import tag
from schema_guard.render.html.page import opening, page
from schema_guard.render.html.steps import steps_section
from schema_guard.render.html.timeline import timeline_section
from schema_guard.render.text import apply_lines, check_lines, plan_lines
from schema_guard.report import Report

__all__ = ["apply_html", "check_html", "error_html", "plan_html"]


def check_html(report: Report, exit_code: int, next_command: str = "") -> str:
    """The verdict, the tables, the differences."""
    verdict = check_lines(report, exit_code)[-1]
    repairable = report.plan is not None and not report.plan.empty
    return page(
        _title("check", report),
        (
            opening(report, "check", verdict, next_command if repairable else ""),
            diagram(report),
            *difference_sections(report, numbered=False),
            accepted_section(report),
        ),
    )


def plan_html(report: Report, exit_code: int, apply_code: int, next_command: str = "") -> str:
    """What apply would come to, the tables, the steps, the differences."""
    plan = report.plan or Plan()
    *others, verdict = plan_lines(report, plan, exit_code, apply_code=apply_code)
    prospect = others[-1] if plan.steps or apply_code else ()
    return page(
        _title("plan", report),
        (
            opening(report, "plan", verdict, "" if plan.empty else next_command, prospect),
            diagram(report),
            steps_section(plan),
            *difference_sections(report, numbered=True),
            accepted_section(report),
        ),
    )


def apply_html(report: Report, exit_code: int) -> str:
    """Whether the application can start, the tables, what was done, what remains."""
    verdict = apply_lines(report, exit_code)[-1]
    return page(
        _title("apply", report),
        (
            opening(report, "apply", verdict),
            diagram(report),
            timeline_section(report),
            *difference_sections(report, numbered=False),
            accepted_section(report),
        ),
    )


def error_html(command: str, error: GuardError) -> str:
    """In place of these, when a command could not do its work."""
    banner = tag(
        "header",
        tag("p", f"schema-guard {command}".strip(), class_="command"),
        tag("h1", tag("span", "✗", class_="sign", aria_hidden="true"), "No answer"),
        tag("p", error.message),
        tag("p", f"{error.code} · exit {error.exit_code}"),
        class_="banner breaks",
    )
    return page(f"schema-guard {command}: no answer".replace(" :", ":"), (banner,))


def _title(command: str, report: Report) -> str:
    return f"schema-guard {command}: {report.server.application or report.server.database}"
