"""`schema-guard check`: the differences by impact, then one line with the verdict."""

from __future__ import annotations

from schema_guard.difference import Impact
from schema_guard.render.line import Line, Span, Style, blank, line, style_of, words
from schema_guard.render.text.findings import finding_groups, hints
from schema_guard.render.text.phrases import (
    ALL_THERE,
    accepted_phrase,
    header,
    impact_counts,
    left_out_phrase,
    look_phrase,
)
from schema_guard.report import Report

__all__ = ["check_lines", "opening"]


def check_lines(
    report: Report,
    exit_code: int,
    *,
    next_command: str = "",
    keys: Impact | None = None,
    verbose: bool = False,
) -> list[Line]:
    """Render a check.

    Args:
        report: what was found.
        exit_code: what the command will exit with; it stands in the verdict.
        next_command: what a person would run next; shown when there is something to repair.
        keys: the impact from which on the key of a finding is shown, to accept it by.
        verbose: list everything, with the queries that find violating rows.
    """
    lines = opening(report)
    lines.extend(finding_groups(report, keys=keys, verbose=verbose))
    lines.append(blank)
    lines.extend(hints(report, keys, verbose=verbose))
    if next_command and report.plan is not None and not report.plan.empty:
        lines.append(line(Span("next: ", Style.DIM), words(next_command, Style.SQL)))
    lines.append(_verdict(report, exit_code))
    return lines


def opening(report: Report) -> list[Line]:
    """Which database was looked at, and what looks odd about that."""
    lines = [line(Span(header(report), Style.BOLD))]
    lines.extend(line(Span("warning: ", Style.WEAKENS), words(warning)) for warning in report.warnings)
    if left_out := left_out_phrase(report):
        lines.append(line(Span(left_out, Style.DIM)))
    return lines


def _verdict(report: Report, exit_code: int) -> Line:
    tail = f" · {look_phrase(report)} · exit {exit_code}"
    if report.remembered:
        text = f"satisfied: nothing has changed since the check of {report.remembered}"
        return line(Span(text, Style.GOOD), tail)
    accepted = accepted_phrase(report)
    tail = f" · {accepted}{tail}" if accepted else tail
    if report.worst is None:
        text = "satisfied" if accepted or report.left_out else f"satisfied: {ALL_THERE}"
        return line(Span(text, Style.GOOD), tail)
    if report.satisfied:
        return line(Span(f"satisfied · {impact_counts(report.findings)}", Style.GOOD), tail)
    return line(Span(impact_counts(report.findings), style_of(report.worst)), tail)
