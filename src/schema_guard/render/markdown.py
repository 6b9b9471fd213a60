"""GitHub Flavored Markdown, as the comment of a pull request: the verdict, the differences by impact, the steps, and
their SQL folded away.

Foreign text (a name, a definition, a message) is written so that it is shown as it is: what could be markup, a link or
a mention is a character reference, and SQL stands in a fence longer than any in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from schema_guard.counted import counted
from schema_guard.difference import Impact
from schema_guard.errors import GuardError
from schema_guard.plan import Plan, Step, Urgency
from schema_guard.render.line import shown
from schema_guard.render.text.phrases import (
    ALL_THERE,
    advice_lines,
    evidence_phrase,
    header,
    impact_counts,
    left_out_phrase,
    listed,
    sql_lines,
    terminated,
)
from schema_guard.render.text.plan import cautions, lock_phrase
from schema_guard.report import Finding, Report

__all__ = ["check_markdown", "error_markdown", "plan_markdown"]

HEADINGS = {Impact.BREAKS: "Breaks the application", Impact.WEAKENS: "Weakens it", Impact.NOTES: "Notes"}
MOST = 60_000
"""Characters; a comment on GitHub may have 65,536."""
MOST_NAMED = 3

MOST_ROWS = 50
"""Of a table or a list; the others are counted."""
LONGEST = 600
"""Characters of one text."""

_MARKUP = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|[&<>`*{}\[\]|~$\\^@#]")


def check_markdown(report: Report, exit_code: int) -> str:
    """The verdict and the differences."""
    sign = "❌" if exit_code else "✅"
    accepted = f" · {counted(len(report.accepted), 'difference')} accepted" if report.accepted else ""
    whole = "satisfied" if report.left_out else ALL_THERE
    verdict = impact_counts(report.findings) if report.findings else whole
    blocks = [f"### {sign} Schema check: {verdict}{accepted}", *_opening(report), *_differences(report)]
    return _joined(blocks, _statements([], report))


def plan_markdown(report: Report, apply_code: int) -> str:
    """What apply would come to, the differences, and the steps with their locks and hazards."""
    plan = report.plan or Plan()
    blocks = [f"### {_prospect(report, plan, apply_code)}", *_opening(report), *_differences(report)]
    if plan.steps:
        required = sum(step.urgency is Urgency.REQUIRED for step in plan.steps)
        heading = f"#### {counted(len(plan.steps), 'step')}: {required} required, {len(plan.steps) - required} debt"
        listed_steps = [_step(number, step) for number, step in enumerate(plan.steps, start=1)]
        blocks += [heading, "\n".join(listed_steps[:MOST_ROWS])]
        if len(listed_steps) > MOST_ROWS:
            blocks.append(f"and {counted(len(listed_steps) - MOST_ROWS, 'step')} more")
    return _joined(blocks, _statements(plan.steps, report))


def error_markdown(command: str, error: GuardError) -> str:
    """In place of these, when a command could not do its work."""
    heading = f"### ❌ Schema {_text(command) or 'command'}: no answer (exit {error.exit_code})"
    return f"{heading}\n\nReason: {_text(error.message)}\n"


def _prospect(report: Report, plan: Plan, code: int) -> str:
    if code:
        breaks = [each.difference for each in report.unplanned if each.difference.impact is Impact.BREAKS]
        names = _text(listed([each.object for each in breaks], MOST_NAMED))
        return f"❌ Schema plan: {names} still {'breaks' if len(breaks) == 1 else 'break'} the application after apply"
    if plan.empty and not report.remains(Impact.WEAKENS):
        return "✅ Schema plan: nothing to do"
    return "✅ Schema plan: the application can start after apply"


def _opening(report: Report) -> Iterable[str]:
    yield f"Looked at: {_text(header(report))}"
    yield from (f"> **warning:** {_text(warning)}" for warning in report.warnings)
    if left_out := left_out_phrase(report):
        yield _text(left_out)


def _differences(report: Report) -> Iterable[str]:
    """A table for each impact, and one for what is accepted."""
    for impact in sorted(Impact, reverse=True):
        group = [finding for finding in report.findings if finding.difference.impact is impact]
        if group:
            yield f"#### {HEADINGS[impact]}"
            yield _table(("object", "difference", "repair"), [_row(finding, report) for finding in group])
    if report.accepted:
        yield "#### Accepted, left alone"
        yield _table(("object", "difference", "reason"), [_accepted(finding) for finding in report.accepted])


def _row(finding: Finding, report: Report) -> tuple[str, str, str]:
    difference, refusal = finding.difference, finding.refusal
    parts = [_text(difference.headline), _text(difference.effect)]
    if finding.evidence is not None:
        parts.append(_text(evidence_phrase(difference, finding.evidence, refusal)))
    steps = [str(number) for number, _ in report.steps_of(finding)]
    repair = [f"{'step' if len(steps) == 1 else 'steps'} {', '.join(steps)}"] if steps else []
    if refusal is not None:
        repair.append(f"refused: {_text(refusal.reason)}")
    return _name(difference.object), "<br>".join(part for part in parts if part), "<br>".join(repair)


def _accepted(finding: Finding) -> tuple[str, str, str]:
    assert finding.acceptance is not None
    return (
        _name(finding.difference.object),
        _text(finding.difference.headline),
        _text(finding.acceptance.because),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows[:MOST_ROWS])]
    lines.insert(1, f"|{'---|' * len(head)}")
    if len(rows) > MOST_ROWS:
        lines.append(f"| and {len(rows) - MOST_ROWS:,} more |{' |' * (len(head) - 1)}")
    return "\n".join(lines)


def _step(number: int, step: Step) -> str:
    parts = [lock_phrase(step), *cautions(step)]
    return f"{number}. **{step.urgency}** {_name(step.object)}: {_text(step.why)}<br>{_text('; '.join(parts))}"


def _statements(steps: Sequence[Step], report: Report) -> list[tuple[str, list[str]]]:
    """Each step's SQL under a title, and as comments what a person could run for what is refused: of a suspected
    rename either that or the step, never both."""
    scripts = [
        (f"step {number}: {step.object}", [part for text in step.statements for part in sql_lines(terminated(text))])
        for number, step in enumerate(steps, start=1)
    ]
    refused = [finding for finding in report.findings if finding.refusal is not None and finding.refusal.advice]
    return scripts + [
        (
            f"not done, for {finding.difference.object}: by hand, where the reason fits",
            [f"--   {part}" for part in advice_lines(finding.refusal)],
        )
        for finding in refused
        if finding.refusal is not None
    ]


def _joined(blocks: Sequence[str], scripts: Sequence[tuple[str, list[str]]]) -> str:
    """All of it, as long as it may be: what does not fit is counted."""
    text, left = "", 0
    for block in blocks:
        fits = not left and len(text) + len(block) < MOST
        text += f"{block}\n\n" if fits else ""
        left += not fits
    written, shortened = "", 0
    for title, lines in scripts:
        script = "\n".join((f"-- {shown(title)}", *lines, ""))
        fits = not left and not shortened and len(text) + len(written) + len(script) < MOST
        written += script if fits else ""
        shortened += not fits
    if written:
        fence = "`" * max(3, 1 + max(map(len, re.findall("`+", written)), default=0))
        text += f"<details><summary>SQL</summary>\n\n{fence}sql\n{written}{fence}\n\n</details>\n\n"
    if left or shortened:
        text += "The rest is too long for a comment: `schema-guard plan` shows it.\n"
    return text.rstrip() + "\n"


def _name(name: str) -> str:
    return f"<code>{_text(name)}</code>"


def _text(text: str) -> str:
    """Foreign text, shown as it is: no markup, no mention of a user, no link to an issue."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]} .."
    return _MARKUP.sub(_literal, shown(cut))


def _literal(found: re.Match[str]) -> str:
    char = found[0]
    return f"{char}<!-- -->" if char in "@#" else f"&#{ord(char)};"
