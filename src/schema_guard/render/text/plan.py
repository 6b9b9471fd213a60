"""`schema-guard plan`: numbered steps with their SQL, locks and hazards; then what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.counted import counted
from schema_guard.difference import Impact
from schema_guard.plan import Lock, Locked, Plan, Refusal, Step, Urgency
from schema_guard.render.line import Line, Span, Style, blank, line, shown, style_of, words
from schema_guard.render.text.check import opening
from schema_guard.render.text.findings import accepted_lines
from schema_guard.render.text.phrases import (
    HAND_HINT,
    accepted_phrase,
    advice_lines,
    evidence_phrase,
    listed,
    look_phrase,
    sql_lines,
    terminated,
)
from schema_guard.report import Report

__all__ = ["cautions", "lock_phrase", "plan_lines", "repetition", "statements_of"]

MOST_NAMED = 3
FEW_STATEMENTS = 4
"""A step of more statements is shown as a whole with -v only."""
MOST_LOCKED = 6
"""Of a partitioned table with more partitions than this, only the first are named with their lock."""


def plan_lines(
    report: Report,
    plan: Plan,
    exit_code: int,
    *,
    next_command: str = "",
    apply_code: int | None = None,
    full: bool = False,
    verbose: bool = False,
) -> list[Line]:
    """Render a plan.

    Args:
        report: the look the plan was made from.
        plan: its steps and refusals.
        exit_code: what the command will exit with.
        next_command: what a person would run next; shown when there are steps.
        apply_code: what apply would exit with, as far as the plan tells; None says nothing about it.
        full: all statements, also those of a long script.
        verbose: these, and the probe of each step.
    """
    full = full or verbose
    lines = opening(report)
    if plan.steps:
        lines.append(blank)
    width = len(str(len(plan.steps)))
    for number, step in enumerate(plan.steps, start=1):
        lines.extend(_step(number, step, width, full, verbose))
    if plan.refusals:
        lines.append(blank)
    for refusal in plan.refusals:
        lines.extend(_refusal(refusal, plan, width, full))
    if report.accepted:
        lines.extend((blank, *accepted_lines(report, verbose=verbose)))
    lines.append(blank)
    if apply_code is not None and any(refusal.advice for refusal in plan.refusals):
        lines.append(line(Span(HAND_HINT.format("what is refused"), Style.DIM)))
    if next_command and plan.steps:
        lines.append(line(Span("next: ", Style.DIM), words(next_command, Style.SQL)))
    if apply_code is not None and (plan.steps or apply_code):
        lines.append(_prospect(report, apply_code))
    lines.append(line(Span(_summary(plan, report), Style.BOLD), f" · {look_phrase(report)} · exit {exit_code}"))
    return lines


def _prospect(report: Report, code: int) -> Line:
    """What apply will come to, unless a lock is not given or a statement fails."""
    if not code:
        return line("apply would exit 0: ", Span("the application can start afterwards", Style.GOOD))
    breaks = [each.difference for each in report.unplanned if each.difference.impact is Impact.BREAKS]
    names = listed([shown(each.object) for each in breaks], MOST_NAMED)
    verb = "breaks" if len(breaks) == 1 else "break"
    return line(f"apply would exit {code}: ", Span(f"{names} still {verb} the application", Style.BREAKS))


def _summary(plan: Plan, report: Report) -> str:
    accepted = accepted_phrase(report)
    accepted = accepted and f" · {accepted}"
    if plan.empty and not plan.refusals:
        return f"nothing to do{accepted}"
    required = sum(step.urgency is Urgency.REQUIRED for step in plan.steps)
    steps = counted(len(plan.steps), "step")
    if plan.steps:
        steps = f"{steps}: {required} required, {len(plan.steps) - required} debt"
    refused = f" · {counted(len(plan.refusals), 'difference')} refused" if plan.refusals else ""
    return f"{steps}{refused}{accepted} · nothing was changed"


def _urgency_style(urgency: Urgency) -> Style:
    return Style.BREAKS if urgency is Urgency.REQUIRED else Style.WEAKENS


def _step(number: int, step: Step, width: int, full: bool, verbose: bool) -> Iterable[Line]:
    start = f" {number:>{width}} "
    indent = " " * (len(start) + 10)
    urgency = Span(f"{step.urgency:<10}", _urgency_style(step.urgency))
    for position, part in enumerate(statements_of(step, full)):
        sql = Span(part, Style.SQL)
        yield line(indent, sql) if position else line(start, urgency, sql)
    yield line(indent, Span(lock_phrase(step), Style.DIM))
    if said := cautions(step):
        yield line(indent, Span("; ".join(said), Style.DIM))
    yield line(indent, Span(f"for {shown(step.object)}: {shown(step.why)}", Style.DIM))
    if verbose:
        yield line(indent, Span("needed while: ", Style.DIM), words(step.probe, Style.SQL))


def statements_of(step: Step, full: bool = False) -> Sequence[str]:
    """The lines of the statements; of a long script how long it is."""
    several = len(step.statements) > 1
    parts = [part for text in step.statements for part in sql_lines(terminated(text) if several else text)]
    if full or len(step.statements) <= FEW_STATEMENTS:
        return parts
    return [f"{shown(step.object)}: {len(step.statements)} statements, -v shows them"]


def cautions(step: Step) -> list[str]:
    """How it is repeated, and its hazards but for what its cost says already."""
    repeated = [repetition(step)] if step.repeat else []
    return [*repeated, *(str(hazard) for hazard in step.hazards if str(hazard) not in step.cost)]


def repetition(step: Step) -> str:
    """How a step that is not done at once is done."""
    if step.batches is None:
        return "again until it changes no row"
    return "apply sends it bit by bit, with narrower bounds"


def lock_phrase(step: Step) -> str:
    """The locks a step takes and what it costs: `ACCESS EXCLUSIVE on t, brief lock, no table scan or rewrite`."""
    by_lock: dict[Lock, list[Locked]] = {}
    for locked in step.locks:
        if locked.lock is not Lock.NONE:
            by_lock.setdefault(locked.lock, []).append(locked)
    phrases = []
    for lock in sorted(by_lock, reverse=True):
        names = list(dict.fromkeys(str(locked.relation) for locked in by_lock[lock] if locked.relation))
        relations = listed(names, MOST_LOCKED)
        if lock is Lock.WRITE:
            phrases.append("the write lock of the database file")
        else:
            phrases.append(f"{lock.words} on {relations}" if relations else lock.words)
    locks, cost = " and ".join(phrases), step.cost
    if not locks:
        locks, cost = "no table lock", cost.removeprefix("brief lock, ").removeprefix("brief lock; ")
    glue = " " if cost.startswith("for ") else ", "
    return shown(f"{locks}{glue}{cost}" if cost else locks)


def _refusal(refusal: Refusal, plan: Plan, width: int, full: bool) -> Iterable[Line]:
    difference = refusal.difference
    indent = " " * (width + 12)
    yield line(
        " ",
        Span("refused".ljust(len(indent) - 1), style_of(difference.impact)),
        Span(shown(difference.object), Style.BOLD),
        "  ",
        words(difference.headline),
    )
    evidence = plan.survey.evidence.get(difference.key)
    if evidence is not None and (phrase := evidence_phrase(difference, evidence, refusal)):
        yield line(indent, phrase)
    yield line(indent, words(refusal.reason))
    for part in advice_lines(refusal, full):
        yield line(indent, Span("  "), Span(part, Style.SQL))
