"""The order of the steps: what waits for what, and what is required before what is debt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from schema_guard.difference import Difference
from schema_guard.need import Need
from schema_guard.plan import Plan, Refusal, Step, Survey, Urgency

__all__ = ["make_plan"]

Position = TypeVar("Position", int, str)


def make_plan(repairs: Iterable[Step | Refusal], differences: Sequence[Difference], survey: Survey) -> Plan:
    """Order the steps: what is required first, then debt; within each by phase; always after what they require.

    A debt step that a required one depends on becomes required itself.
    """
    steps: list[Step] = []
    refusals: list[Refusal] = []
    for repair in repairs:
        if isinstance(repair, Step):
            steps.append(repair)
        else:
            refusals.append(repair)
    ordered = _after_what_they_require(
        sorted(_with_required_prerequisites(steps), key=lambda step: (step.urgency is Urgency.DEBT, step.phase))
    )
    refusals.sort(key=lambda refusal: -refusal.difference.impact)
    return Plan(tuple(ordered), tuple(refusals), tuple(differences), survey)


def _with_required_prerequisites(steps: Sequence[Step]) -> list[Step]:
    """Make every step required that a required step needs, however far behind."""
    provider = _providers((step.id, step) for step in steps)
    by_id = {step.id: step for step in steps}
    pending = [step.id for step in steps if step.urgency is Urgency.REQUIRED]
    required: set[str] = set()
    while pending:
        step_id = pending.pop()
        if step_id in required:
            continue
        required.add(step_id)
        step = by_id[step_id]
        pending.extend(provider[need] for need in step.requires | step.after if need in provider)
    raised = (step.id in required and step.urgency is not Urgency.REQUIRED for step in steps)
    return [replace(step, urgency=Urgency.REQUIRED) if so else step for step, so in zip(steps, raised, strict=True)]


def _after_what_they_require(steps: Sequence[Step]) -> list[Step]:
    """A stable topological order; a cycle (there should be none) keeps the given order."""
    provider = _providers(enumerate(steps))
    ordered: list[Step] = []
    placed: set[int] = set()
    path: set[int] = set()

    def place(index: int) -> None:
        if index in placed or index in path:
            return
        path.add(index)
        needs = {need for need in steps[index].requires | steps[index].after if need in provider}
        for need in sorted(needs, key=str) if len(needs) > 1 else needs:
            place(provider[need])
        path.discard(index)
        placed.add(index)
        ordered.append(steps[index])

    for index in range(len(steps)):
        place(index)
    return ordered


def _providers(steps: Iterable[tuple[Position, Step]]) -> dict[Need, Position]:
    """Who provides a need; of several the first, which is enough."""
    found: dict[Need, Position] = {}
    for position, step in steps:
        for need in step.provides:
            found.setdefault(need, position)
    return found
