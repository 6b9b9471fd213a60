"""A plan as SQL to read and to run by hand: the statements that apply would send, everything else as comments.

It is not guarded: it holds for the database the plan was made from. `schema-guard sql` writes a script that asks first.
"""

from __future__ import annotations

from collections.abc import Iterable

from schema_guard.plan import Plan, Refusal, Step
from schema_guard.render.line import shown
from schema_guard.render.text.phrases import header, terminated
from schema_guard.render.text.plan import cautions, lock_phrase
from schema_guard.report import Report

__all__ = ["plan_sql"]


def plan_sql(report: Report, plan: Plan) -> str:
    """The statements in order, each step under a comment with its urgency, locks and reason."""
    lines = [f"-- {header(report)}"]
    if plan.empty:
        lines.append("-- nothing to do")
    lines.extend(_settings(report, plan))
    for number, step in enumerate(plan.steps, start=1):
        lines.extend(_step(number, step))
    for refusal in plan.refusals:
        lines.extend(_refusal(refusal))
    return "\n".join(lines) + "\n"


def _settings(report: Report, plan: Plan) -> Iterable[str]:
    """What a statement with a backslash in it depends on; apply sets it too."""
    if report.server.dialect == "postgresql" and any("\\" in text for step in plan.steps for text in step.statements):
        yield ""
        yield "-- A backslash in a string is a backslash, whatever the role or the database sets."
        yield "SET standard_conforming_strings = on;"


def _step(number: int, step: Step) -> Iterable[str]:
    yield ""
    yield f"-- {number} {step.urgency}: {shown(step.object)}: {shown(step.why)}"
    yield f"-- {lock_phrase(step)}"
    yield from (f"-- {each}" for each in cautions(step))
    for statement in step.statements:
        yield terminated(statement)


def _refusal(refusal: Refusal) -> Iterable[str]:
    yield ""
    yield f"-- refused: {shown(refusal.difference.object)}: {shown(refusal.difference.headline)}"
    yield f"-- {shown(refusal.reason)}"
    for advice in refusal.advice:
        yield from (f"--   {shown(part)}" for part in advice.strip().splitlines())
