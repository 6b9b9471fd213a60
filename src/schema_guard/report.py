"""What a check found and what an apply did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from schema_guard.acceptance import Acceptance, short_key
from schema_guard.declared import Declared, Places
from schema_guard.difference import Difference, Impact
from schema_guard.plan import Evidence, Plan, Refusal, Step
from schema_guard.scope import LeftOut

__all__ = ["Attempt", "Finding", "Outcome", "Report", "ServerInfo", "StepResult", "Underway", "united"]


class Outcome(StrEnum):
    """What became of a step."""

    DONE = "done"
    ALREADY = "already done"
    FAILED = "failed"
    LOCKED = "could not acquire the lock"
    WAITING = "waiting for another step"
    BLOCKED = "rows stand in the way"
    LEFT = "left for the next run"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a step. `seconds` includes the wait for locks; `error` is empty when it worked."""

    seconds: float
    error: str = ""
    blockers: tuple[str, ...] = ()
    """Who held the lock."""
    begun: float = 0.0
    """By a clock that begins anywhere (time.monotonic()): tells which attempt came when."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step, over all attempts."""

    step: Step
    outcome: Outcome
    attempts: tuple[Attempt, ...] = ()
    rows: int = 0
    """Rows changed by a backfill."""
    batches: int = 0
    message: str = ""
    statements: tuple[str, ...] = ()
    """What was sent, in order."""

    @property
    def changed(self) -> bool:
        return self.outcome is Outcome.DONE

    @property
    def reason(self) -> str:
        """The message without the step's object, for where that stands before it."""
        return self.message.removeprefix(f"{self.step.object}: ")

    @property
    def seconds(self) -> float:
        return sum(attempt.seconds for attempt in self.attempts)

    def followed_by(self, later: StepResult) -> StepResult:
        """What the step came to when a later round took it up again.

        That there was no time for another try does not hide who held the lock in the one before, nor that it is done
        already that it was done here.
        """
        hides = not later.attempts or (self.changed and later.outcome is Outcome.ALREADY)
        return replace(
            self if hides else later,
            attempts=self.attempts + later.attempts,
            rows=self.rows + later.rows,
            batches=self.batches + later.batches,
            statements=self.statements + later.statements,
        )


def united(results: Iterable[StepResult]) -> tuple[StepResult, ...]:
    """One result for each step, in the order of their first rounds."""
    steps: dict[str, StepResult] = {}
    for result in results:
        before = steps.get(result.step.id)
        steps[result.step.id] = result if before is None else before.followed_by(result)
    return tuple(steps.values())


@dataclass(frozen=True, slots=True)
class Underway:
    """How far a step is that takes long.

    `seconds` since its attempt began; `share` of the work that is done, from 0 to 1, None where nobody can tell; `rows`
    that a backfill changed so far; `blockers` is whom it waits for, one phrase for each session.
    """

    step: Step
    seconds: float
    share: float | None = None
    rows: int = 0
    blockers: tuple[str, ...] = ()

    @property
    def left(self) -> float | None:
        """About how many seconds it will still take."""
        if not self.share or self.blockers:
            return None
        return self.seconds * (1 - self.share) / self.share


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """Which database was looked at; never holds a password.

    `dialect` is "postgresql" or "sqlite"; `version` the server's or the library's; `database` host and name or file;
    `schema` where an unqualified name lives, None on SQLite; `bind` how an application of several databases calls it;
    `tenant` the schema, where it is one of many that hold the same tables.
    """

    dialect: str
    version: str
    database: str
    application: str = ""
    schema: str | None = None
    bind: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference with what the rows say about it and, where it will not be fixed, why."""

    difference: Difference
    evidence: Evidence | None = None
    refusal: Refusal | None = None
    acceptance: Acceptance | None = None
    """Why it is no part of the verdict; None where it is."""
    places: Places | None = field(default=None, repr=False, compare=False)
    """What knows the application's code, or the frozen file."""

    @property
    def declared(self) -> Declared | None:
        """Where the models declare its column, or else its table; None where nobody can tell. Looked for when asked."""
        table, column = self.difference.table_name, getattr(self.difference, "column", None)
        if self.places is None or table is None:
            return None
        return self.places(table, None if column is None else str(column.name))

    @property
    def keys(self) -> frozenset[str]:
        """Of the difference, and of those that it covers."""
        return frozenset((self.difference.key, *self.difference.covers))


@dataclass(frozen=True, slots=True)
class Report:
    """What is, after looking (and after applying): the findings that remain and count.

    `seconds` is wall clock time; `catalog_queries` counts the reads of the system catalog of the last look.
    """

    server: ServerInfo
    tables_expected: int
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
    catalog_queries: int = 0
    warnings: tuple[str, ...] = ()
    plan: Plan | None = None
    results: tuple[StepResult, ...] = field(default=())
    """One for each step, over all rounds."""
    applied: bool = False
    accepted: tuple[Finding, ...] = ()
    """Findings that were accepted: left alone, and no part of the verdict."""
    idle: tuple[Acceptance, ...] = ()
    """What was accepted and is not there now."""
    left_out: tuple[LeftOut, ...] = ()
    """Objects of the models that are not guarded: neither checked nor repaired."""
    remembered: str = ""
    """When the check was made whose answer this is; empty where it was made now."""

    def key_of(self, difference: Difference) -> str:
        """The key by which the difference is accepted."""
        return short_key(difference.key, self.server.schema)

    @property
    def unplanned(self) -> tuple[Finding, ...]:
        """The findings that no step of the plan resolves: they are there after apply, too."""
        steps = self.plan.steps if self.plan is not None else ()
        resolved = {key for step in steps for key in step.resolves}
        return tuple(finding for finding in self.findings if resolved.isdisjoint(finding.keys))

    def steps_of(self, finding: Finding) -> list[tuple[int, Step]]:
        """The steps of the plan that resolve it, each with its number in the plan, from 1."""
        steps = self.plan.steps if self.plan is not None else ()
        return [
            (number, step) for number, step in enumerate(steps, start=1) if finding.keys.intersection(step.resolves)
        ]

    def count(self, impact: Impact) -> int:
        """How many findings have that impact."""
        return sum(finding.difference.impact is impact for finding in self.findings)

    @property
    def worst(self) -> Impact | None:
        """The strongest impact of all findings; None where there is none."""
        return max((finding.difference.impact for finding in self.findings), default=None)

    @property
    def satisfied(self) -> bool:
        """Nothing breaks or weakens the application, and no step is left to take."""
        return (self.worst or Impact.NOTES) is Impact.NOTES and (self.plan is None or self.plan.empty)

    def remains(self, fail_on: Impact) -> bool:
        """Whether a finding of that impact, or of a stronger one, is left."""
        return self.worst is not None and self.worst >= fail_on
