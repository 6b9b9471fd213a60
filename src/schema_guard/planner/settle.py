"""The one judge of needs: what requires something that is neither live nor provided is refused, and the need is named.

Each dialect asks with its own repairs; what is live where the differences do not tell, it answers by a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Protocol, TypeAlias

from schema_guard.difference import Difference
from schema_guard.need import Kind, Need
from schema_guard.plan import Refusal, Step, Urgency
from schema_guard.planner.served import without_served

__all__ = ["Live", "because", "settle", "unmet", "waits_for"]

Live: TypeAlias = Callable[[Need], bool | None]
"""Whether the database has it now; None where only the differences tell: then it is there unless one says otherwise."""


class Wanting(Protocol):
    """A step, or a part of one."""

    @property
    def requires(self) -> Set[Need]: ...

    @property
    def provides(self) -> Set[Need]: ...


def settle(repairs: Sequence[Step | Refusal], differences: Iterable[Difference], live: Live) -> list[Step | Refusal]:
    """The repairs, each step once; in place of steps that cannot have what they require, refusals that say so."""
    differences = tuple(differences)
    missing = {need for difference in differences for need in difference.makes}
    steps = [repair for repair in repairs if isinstance(repair, Step)]
    lacking = {id(steps[index]): needs for index, needs in unmet(steps, missing, live).items()}
    reasons = because(differences, [repair for repair in repairs if isinstance(repair, Refusal)])
    refused = _refused([step for step in steps if id(step) in lacking], lacking, reasons)
    settled: list[Step | Refusal] = []
    for repair in repairs:
        if isinstance(repair, Refusal) or id(repair) not in lacking:
            settled.append(repair)
            continue
        # The refusal stands where the first of its steps stood.
        settled.extend(refused.pop(other.key) for other in repair.answers if other.key in refused)
    return without_served(_once(settled))


def unmet(items: Sequence[Wanting], missing: Set[Need], live: Live) -> dict[int, list[Need]]:
    """By position, what an item requires and cannot have: the first causes, not what only follows from them."""
    causes: dict[Need, list[Need]] = {}
    lacking: dict[int, list[Need]] = {}
    while True:
        provided = {need for index, item in enumerate(items) if index not in lacking for need in item.provides}
        found: dict[int, list[Need]] = {}
        for index, item in enumerate(items):
            if index in lacking:
                continue
            needs = [
                cause
                for need in sorted(item.requires - provided, key=str)
                if not _there(need, need in missing or need in causes, live)
                for cause in causes.get(need, [need])
            ]
            if needs:
                found[index] = list(dict.fromkeys(needs))
        if not found:
            return lacking
        lacking.update(found)
        for index, needs in found.items():
            for need in items[index].provides:
                causes.setdefault(need, needs)


def because(differences: Iterable[Difference], refusals: Iterable[Refusal]) -> dict[Need, str]:
    """Why what the differences say is missing stays so."""
    reasons = {need: refusal.reason for refusal in refusals for need in refusal.difference.makes}
    for difference in differences:
        for need in difference.makes:
            reasons.setdefault(need, difference.headline)
    return reasons


def _there(need: Need, said_missing: bool, live: Live) -> bool:
    known = live(need)
    return not said_missing if known is None else known


def _refused(
    steps: Sequence[Step], lacking: Mapping[int, Sequence[Need]], reasons: Mapping[Need, str]
) -> dict[str, Refusal]:
    """One refusal for each difference, by its key, with the statements of all of its steps as advice."""
    found: dict[str, Refusal] = {}
    for step in steps:
        advice = tuple(f"{statement};" for statement in step.statements)
        for difference in step.answers:
            before = found.get(difference.key)
            if before is None:
                found[difference.key] = Refusal(difference, waits_for(lacking[id(step)], reasons), advice)
            else:
                found[difference.key] = replace(before, advice=(*before.advice, *advice))
    return found


def waits_for(needs: Sequence[Need], reasons: Mapping[Need, str]) -> str:
    """Why something that requires these needs is refused. What belongs to a missing table goes without saying."""
    tables = {need.name for need in needs if need.kind is Kind.TABLE}
    named = [need for need in needs if need.kind is Kind.TABLE or need.name not in tables]
    why = next((reasons[need] for need in named if need in reasons), "it is missing")
    return f"waits for {', '.join(map(str, named))}, which cannot be provided: {why}"


def _once(repairs: Iterable[Step | Refusal]) -> list[Step | Refusal]:
    """Two differences may ask for the same step (NOT NULL of a key's column): it runs once and resolves both."""
    steps: dict[str, Step] = {}
    order: list[Step | Refusal] = []
    for repair in repairs:
        if isinstance(repair, Refusal):
            order.append(repair)
        elif repair.id not in steps:
            steps[repair.id] = repair
            order.append(repair)
        else:
            steps[repair.id] = _merged(steps[repair.id], repair)
    return [steps[repair.id] if isinstance(repair, Step) else repair for repair in order]


def _merged(first: Step, second: Step) -> Step:
    return replace(
        first,
        resolves=tuple(dict.fromkeys((*first.resolves, *second.resolves))),
        answers=tuple(dict.fromkeys((*first.answers, *second.answers))),
        requires=first.requires | second.requires,
        after=first.after | second.after,
        provides=first.provides | second.provides,
        urgency=Urgency.REQUIRED if Urgency.REQUIRED in (first.urgency, second.urgency) else Urgency.DEBT,
    )
