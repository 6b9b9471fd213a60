"""A schema that is not there yet, with all that belongs to it, in one transaction: nobody else can have anything in it.

What is made there step by step takes many round trips for each; a new tenant waits for all of them. Should it fail,
nothing of it was done, and the steps are tried one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from schema_guard.dialects.base import Session
from schema_guard.difference import SchemaMissing
from schema_guard.errors import GuardError
from schema_guard.execute.limits import Limits
from schema_guard.need import Need
from schema_guard.plan import Plan, Step
from schema_guard.report import Attempt, Outcome, StepResult

__all__ = ["made_anew"]


def made_anew(
    plan: Plan,
    session: Session,
    limits: Limits,
    *,
    on_begin: Callable[[Step], None] | None = None,
    on_step: Callable[[StepResult], None] | None = None,
) -> list[StepResult]:
    """The results of what was made; none where the plan makes no schema, or where it could not be made at once.

    First what locks nothing outside of the new schema; then, in a second transaction, what refers to tables of others:
    these are locked for as long as it takes on empty tables.

    Args:
        plan: what to do.
        session: where.
        limits: timeouts.
        on_begin: is told each step before its first attempt.
        on_step: is told what became of each step.
    """
    schemas = {each.name for step in plan.steps for each in step.answers if isinstance(each, SchemaMissing)}
    if not schemas or limits.required_only:
        return []
    inside = [step for step in plan.steps if _is_within(step, schemas)]
    within = {step.id for step in inside}
    outside = [step for step in plan.steps if step.id not in within and _is_of(step, schemas)]
    results: list[StepResult] = []
    for steps in (inside, outside):
        ready = _ready(steps, plan, results)
        if not ready:
            continue
        for step in ready:
            if on_begin is not None:
                on_begin(step)
        begun = time.monotonic()
        try:
            if not session.together(ready, limits.lock_timeout, limits.statement_timeout):
                return results
        except GuardError:
            return results
        each = (time.monotonic() - begun) / len(ready)
        done = [StepResult(step, Outcome.DONE, (Attempt(each),), statements=step.statements) for step in ready]
        results += done
        for result in done:
            if on_step is not None:
                on_step(result)
    return results


def _is_plain(step: Step) -> bool:
    return step.transactional and not step.repeat and step.batches is None and not step.undo_on_failure


def _is_within(step: Step, schemas: set[str]) -> bool:
    """It makes the schema, or something in it, and locks nothing else."""
    locked = all(lock.relation is not None and lock.relation.schema in schemas for lock in step.locks)
    made = step.table is not None and step.table.schema in schemas
    return _is_plain(step) and locked and (made or _provides(step, schemas))


def _provides(step: Step, schemas: set[str]) -> bool:
    """It has no table: the schema itself, a type or a sequence there."""
    own = {Need.schema(name) for name in schemas}
    return any(need in own or need.name.schema in schemas for need in step.provides)


def _is_of(step: Step, schemas: set[str]) -> bool:
    return _is_plain(step) and step.table is not None and step.table.schema in schemas


def _ready(steps: Sequence[Step], plan: Plan, results: Sequence[StepResult]) -> list[Step]:
    """Those of which all that they need is there, or made by one of them before."""
    made = set[Need]().union(*(result.step.provides for result in results))
    planned = frozenset[Need]().union(*(step.provides for step in plan.steps))
    ready: list[Step] = []
    for step in steps:
        if (step.requires & planned) <= made:
            ready.append(step)
            made |= step.provides
    return ready
