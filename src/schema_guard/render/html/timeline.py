"""What an apply did: a timeline of the attempts, then each step with what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schema_guard.counted import counted, duration
from schema_guard.render.html.code import code
from schema_guard.render.html.concerned import Mark
from schema_guard.render.html.element import Html, joined, tag
from schema_guard.render.html.layout import cut
from schema_guard.render.line import shown
from schema_guard.render.text.deeds import deed
from schema_guard.render.text.phrases import sql_lines, terminated
from schema_guard.report import Outcome, Report, StepResult

__all__ = ["timeline_section"]

MARKS = {
    Outcome.DONE: Mark.REPAIRED,
    Outcome.ALREADY: Mark.REPAIRED,
    Outcome.FAILED: Mark.BREAKS,
    Outcome.LOCKED: Mark.BREAKS,
    Outcome.WAITING: Mark.WEAKENS,
    Outcome.BLOCKED: Mark.WEAKENS,
    Outcome.LEFT: Mark.WEAKENS,
}
LABELS, BARS, ROW = 300, 420, 24
"""In units of the drawing: the width of the names, that of the time, the height of a step."""
MOST_DRAWN = 60


def timeline_section(report: Report) -> Html | None:
    """None where no step was tried."""
    if not report.results:
        return None
    return tag(
        "section",
        tag("h2", "What was done", id="done"),
        _drawing(report.results),
        *(_result(number, result) for number, result in enumerate(report.results, start=1)),
        aria_labelledby="done",
    )


def _drawing(results: Sequence[StepResult]) -> Html | None:
    begun = [attempt.begun for result in results for attempt in result.attempts]
    if not begun:
        return None
    first = min(begun)
    last = max(attempt.begun + attempt.seconds for result in results for attempt in result.attempts)
    scale = BARS / max(last - first, 0.001)
    drawn = results[:MOST_DRAWN]
    height = ROW * (len(drawn) + 1) + 8
    rows = [joined(_bars(number, result, first, scale)) for number, result in enumerate(drawn) if result.attempts]
    drawing = tag(
        "svg",
        tag("title", f"Timeline of {counted(len(drawn), 'step')}, {duration(last - first)}"),
        _axis(last - first, height),
        *rows,
        role="img",
        viewBox=f"0 0 {LABELS + BARS + 90} {height}",
        width=LABELS + BARS + 90,
        height=height,
    )
    return tag("div", drawing, class_="scroll", tabindex="0", role="region", aria_label="Timeline of the steps")


def _axis(seconds: float, height: float) -> Html:
    marks = []
    for part, anchor in ((0.0, "start"), (0.5, "middle"), (1.0, "end")):
        x = LABELS + BARS * part
        said = duration(seconds * part) if part else "0"
        marks += [
            tag("line", x1=x, y1=20, x2=x, y2=height, class_="rule"),
            tag("text", said, x=x, y=14, text_anchor=anchor, class_="axis"),
        ]
    return joined(marks)


def _bars(number: int, result: StepResult, first: float, scale: float) -> Iterable[Html]:
    """The name, a bar for each attempt, how long they took."""
    mark = MARKS[result.outcome]
    y = ROW * (number + 1)
    what = shown(result.step.object)
    yield tag("text", tag("title", what), cut(f"{number + 1} {what}"), x=4, y=y + 16, class_=f"row ink-{mark}")
    end: float = LABELS
    for attempt in result.attempts:
        x = LABELS + (attempt.begun - first) * scale
        width = max(2.0, attempt.seconds * scale)
        kind = "breaks" if attempt.error else mark
        said = f"{duration(attempt.seconds)}{f': {attempt.error}' if attempt.error else ''}"
        bar = tag("rect", x=f"{x:.1f}", y=y + 4, width=f"{width:.1f}", height=ROW - 10, rx=2, class_=f"bar {kind}")
        yield tag("g", tag("title", said), bar)
        end = max(end, x + width)
    yield tag("text", f"{mark.sign} {duration(result.seconds)}", x=f"{end + 6:.1f}", y=y + 16, class_=f"row ink-{mark}")


def _result(number: int, result: StepResult) -> Html:
    mark = MARKS[result.outcome]
    step = result.step
    title = tag(
        "h3",
        tag("span", mark.sign, class_=f"sign ink-{mark}", aria_hidden="true"),
        tag("span", str(number), class_="number"),
        tag("span", deed(step) if result.changed else step.object, class_="object"),
        tag("span", str(result.outcome), class_="tag"),
    )
    rows = f", {counted(result.rows, 'row')} in {counted(result.batches, 'batch', 'batches')}" if result.rows else ""
    tries = [attempt for attempt in result.attempts if attempt.error]
    waited = [tag("li", f"{duration(attempt.seconds)}: {attempt.error}", *_held(attempt.blockers)) for attempt in tries]
    sent = code([part for text in result.statements for part in sql_lines(terminated(text))])
    return tag(
        "article",
        title,
        tag("p", f"for {step.object}: {step.why}. {duration(result.seconds)}{rows}"),
        tag("p", result.message) if result.message else None,
        tag("details", tag("summary", f"{counted(len(tries), 'try', 'tries')} before"), tag("ul", *waited))
        if waited
        else None,
        tag("details", tag("summary", "the SQL that was sent"), sent) if result.statements else None,
        class_=f"card edge-{mark}",
    )


def _held(blockers: Sequence[str]) -> Iterable[Html]:
    if blockers:
        yield tag("ul", *(tag("li", f"held by {blocker}") for blocker in blockers))
