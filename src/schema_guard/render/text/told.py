"""What there is to say of one difference, line by line, where nothing is marked or coloured."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.render.line import shown
from schema_guard.render.text.phrases import advice_lines, evidence_phrase
from schema_guard.render.text.plan import statements_of
from schema_guard.report import Finding, Report

__all__ = ["told_of"]


def told_of(finding: Finding, report: Report) -> Sequence[str]:
    """What it does, what the rows say, and what becomes of it, line by line."""
    difference, refusal = finding.difference, finding.refusal
    lines = [shown(difference.effect)] if difference.effect else []
    if finding.evidence is not None and (phrase := evidence_phrase(difference, finding.evidence, refusal)):
        lines.append(phrase)
    if refusal is not None:
        lines += [
            f"not repaired: {shown(refusal.reason)}",
            *(f"  {part}" for part in advice_lines(refusal, full=False)),
        ]
    for number, step in report.steps_of(finding):
        lines += [f"step {number} of the plan:", *(f"  {part}" for part in statements_of(step))]
    return lines
