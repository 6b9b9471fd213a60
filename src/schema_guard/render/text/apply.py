"""`schema-guard apply`: what each step came to, what remains, and whether the application can start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.counted import counted, duration
from schema_guard.difference import Impact
from schema_guard.render.line import Line, Span, Style, blank, line, shown, words
from schema_guard.render.text.check import opening
from schema_guard.render.text.deeds import deed
from schema_guard.render.text.findings import finding_groups, hints
from schema_guard.render.text.phrases import (
    ALL_THERE,
    accepted_phrase,
    evidence_phrase,
    look_phrase,
    sql_lines,
)
from schema_guard.report import Finding, Outcome, Report, StepResult

__all__ = ["apply_lines", "result_lines"]

SIGNS = {
    Outcome.DONE: ("✓", Style.GOOD),
    Outcome.ALREADY: ("✓", Style.DIM),
    Outcome.FAILED: ("✗", Style.BREAKS),
    Outcome.LOCKED: ("✗", Style.BREAKS),
    Outcome.WAITING: ("·", Style.WEAKENS),
    Outcome.BLOCKED: ("!", Style.WEAKENS),
    Outcome.LEFT: ("·", Style.WEAKENS),
}
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth")
NAMED_IN_VERDICT = 3


def apply_lines(
    report: Report, exit_code: int, *, keys: Impact | None = None, logged: bool = False, verbose: bool = False
) -> list[Line]:
    """Render what apply did and what is there now.

    Args:
        report: the report of `Guard.apply`.
        exit_code: what the command will exit with.
        keys: the impact from which on the key of a finding is shown, to accept it by.
        logged: the steps were shown as they ended; they are not shown again.
        verbose: every statement that was sent.
    """
    lines = opening(report)
    results = () if logged and not verbose else report.results
    if results:
        lines.append(blank)
    width = len(str(len(results)))
    for number, result in enumerate(results, start=1):
        lines.extend(result_lines(number, result, width, verbose=verbose))
    lines.extend(finding_groups(report, keys=keys, verbose=verbose))
    lines.append(blank)
    lines.extend(hints(report, keys, verbose=verbose))
    lines.append(_verdict(report, exit_code))
    return lines


def result_lines(number: int, result: StepResult, width: int, *, verbose: bool = False) -> Iterable[Line]:
    """One step's result, the waits and the reason under it."""
    sign, style = SIGNS[result.outcome]
    start = f" {number:>{width}} "
    indent = " " * (len(start) + 2)
    yield line(start, Span(sign, style), " ", words(_what(result)), Span(f"  {_came_to(result)}", Style.DIM))
    if verbose:
        for statement in result.statements:
            yield from (line(indent, Span(part, Style.SQL)) for part in sql_lines(statement))
    if waited := _waited(result):
        yield line(indent, waited)
    if result.reason:
        yield line(indent, words(result.reason))


def _what(result: StepResult) -> str:
    step = result.step
    if result.changed:
        return deed(step)
    if len(step.statements) == 1 and "\n" not in step.statements[0].strip():
        return step.statements[0].strip()
    return f"{step.object}: {step.why}"


def _came_to(result: StepResult) -> str:
    match result.outcome:
        case Outcome.DONE if result.step.repeat or result.rows:
            batches = f" in {counted(result.batches, 'batch', 'batches')}" if result.batches else ""
            return f"{counted(result.rows, 'row')}{batches}, {duration(result.seconds)}"
        case Outcome.DONE:
            return duration(result.seconds)
        case _:
            return str(result.outcome)


def _waited(result: StepResult) -> str:
    """The tries before: how long, for whom or for what reason, and which one it was in the end."""
    tries = result.attempts if result.outcome is not Outcome.FAILED else result.attempts[:-1]
    failed = [attempt for attempt in tries if attempt.error]
    if not failed:
        return ""
    number = len(result.attempts)
    if not result.changed:
        return f"gave up after {counted(number, 'try', 'tries')}"  # the reason stands below
    sessions = {blocker.partition(" (")[0]: blocker for attempt in failed for blocker in attempt.blockers}
    ordinal = ORDINALS[number - 1] if number <= len(ORDINALS) else f"{number}th"
    took = duration(sum(attempt.seconds for attempt in failed))
    if not sessions:
        return f"{ordinal} try after {took} ({shown(failed[-1].error)})"
    return f"waited {took} for {', '.join(map(shown, sessions.values()))}, {ordinal} try"


def _verdict(report: Report, exit_code: int) -> Line:
    breaks = [finding for finding in report.findings if finding.difference.impact is Impact.BREAKS]
    weakens = [finding for finding in report.findings if finding.difference.impact is Impact.WEAKENS]
    accepted = accepted_phrase(report)
    tail = f" · {accepted} · exit {exit_code}" if accepted else f" · exit {exit_code}"
    if breaks:
        verb = "difference breaks" if len(breaks) == 1 else "differences break"
        text = f"the application cannot start · {len(breaks):,} {verb} it ({_named(breaks)})"
        return line(Span(text, Style.BREAKS), f" · {duration(report.seconds)}{tail}")
    start = Span("the application can start", Style.GOOD)
    if weakens:
        verb = "difference weakens" if len(weakens) == 1 else "differences weaken"
        weak = Span(f"{len(weakens):,} {verb} it ({_named(weakens)})", Style.WEAKENS)
        return line(start, " · ", weak, f" · {duration(report.seconds)}{tail}")
    if not any(result.changed for result in report.results):
        return line(start, f" · nothing to do · {look_phrase(report)}{tail}")
    all_there = "" if accepted or report.left_out else f" · {ALL_THERE}"
    return line(start, f"{all_there} · {duration(report.seconds)}{tail}")


def _named(findings: Sequence[Finding]) -> str:
    """The objects that remain, each once with what the rows say."""
    named: dict[str, None] = {}
    for finding in findings:
        phrase = evidence_phrase(finding.difference, finding.evidence) if finding.evidence else ""
        name = shown(finding.difference.object)
        named[f"{name}: {phrase}" if phrase else name] = None
    parts = [*named]
    if len(parts) > NAMED_IN_VERDICT:
        parts[NAMED_IN_VERDICT:] = [f"{len(parts) - NAMED_IN_VERDICT:,} more"]
    return "; ".join(parts)
