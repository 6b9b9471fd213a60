"""The steps of a plan: SQL, lock, cost, hazards."""

from __future__ import annotations

from schema_guard.counted import counted
from schema_guard.plan import Plan, Step, Urgency
from schema_guard.render.html.code import code
from schema_guard.render.html.element import Html, tag
from schema_guard.render.text.phrases import sql_lines, terminated
from schema_guard.render.text.plan import lock_phrase, repetition

__all__ = ["steps_section"]

LONGEST_SCRIPT = 16
"""Lines that are shown as they are."""


def steps_section(plan: Plan) -> Html | None:
    """Each step in the order in which they run; None where there is none."""
    if plan.empty:
        return None
    required = sum(step.urgency is Urgency.REQUIRED for step in plan.steps)
    counts = f"{counted(len(plan.steps), 'step')}: {required} required, {len(plan.steps) - required} debt"
    explained = (
        "Required steps come first: they fix what breaks the application. Debt fixes what weakens it, within the time "
        "budget. Each step runs in a transaction of its own, unless it says otherwise, with a lock timeout."
    )
    return tag(
        "section",
        tag("h2", "Steps", id="steps"),
        tag("p", f"{counts}. {explained}"),
        *(_step(number, step) for number, step in enumerate(plan.steps, start=1)),
        aria_labelledby="steps",
    )


def _step(number: int, step: Step) -> Html:
    title = tag(
        "h3",
        tag("span", str(number), class_="number"),
        tag("span", step.object, class_="object"),
        tag("span", str(step.urgency), class_="tag"),
    )
    facts = [("for", step.why), ("lock and cost", lock_phrase(step))]
    if step.repeat:
        facts.append(("how", repetition(step)))
    if step.hazards:
        facts.append(("hazards", "; ".join(str(hazard) for hazard in step.hazards)))
    return tag(
        "article",
        title,
        _script(step.statements),
        tag("dl", *(tag("div", tag("dt", name), tag("dd", said)) for name, said in facts), class_="facts"),
        tag("details", tag("summary", "needed while this query says true"), code(sql_lines(step.probe))),
        class_=f"card {_edge(step)}",
        id=f"step-{number}",
    )


def _edge(step: Step) -> str:
    """The class of a card's edge, by urgency."""
    return "edge-breaks" if step.urgency is Urgency.REQUIRED else "edge-weakens"


def _script(statements: tuple[str, ...]) -> Html:
    """Statements, to be copied as a whole; a long script is folded."""
    lines = [part for text in statements for part in sql_lines(terminated(text))]
    if len(lines) <= LONGEST_SCRIPT:
        return code(lines)
    return tag("details", tag("summary", f"a script of {len(lines)} lines"), code(lines))
