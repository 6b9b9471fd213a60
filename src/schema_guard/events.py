"""What apply tells the standard `logging` while it works: the logger `schema_guard`, each record with fields.

A record's fields are attributes of it, so that any handler and formatter can have them (docs/operations.md lists them).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from schema_guard.bind import bind_at_work
from schema_guard.counted import counted, duration, first_of
from schema_guard.difference import Impact
from schema_guard.errors import one_line
from schema_guard.plan import Step
from schema_guard.render.text.deeds import deed
from schema_guard.render.text.phrases import VERBS
from schema_guard.report import Outcome, Report, ServerInfo, StepResult, Underway

__all__ = ["FIELDS", "LOGGER", "OBSERVERS", "Events", "progress_words", "step_words"]

LOGGER = logging.getLogger("schema_guard")
LOGGER.addHandler(logging.NullHandler())  # an application that has set up no logging sees nothing on stderr

FIELDS = (
    *("event", "application", "bind", "database", "dialect", "schema"),
    *("step", "object", "why", "urgency", "outcome", "seconds"),
    *("rows", "batches", "tries", "blockers", "share", "left", "can_start", "breaks", "weakens", "notes", "steps"),
)
"""All that a record may have; each has `event`."""

OBSERVERS: list[Callable[[Mapping[str, object]], None]] = []
"""Each gets the fields of every event, whatever the log's level, with its `level` and `message`, and with `began`: when
that apply began, in seconds since 1970."""

PROGRESS_EVERY = 10.0
"""Seconds between two lines of the log about one step."""

_LEVELS = {Outcome.DONE: logging.INFO, Outcome.ALREADY: logging.INFO, Outcome.FAILED: logging.ERROR}


@dataclass(frozen=True, slots=True)
class Events:
    """The log of one apply.

    Args:
        application: the guard's name.
        server: which database it works on.
        on_step: is told each step's result as well.
        silent: nothing is logged.
        schema: of the tenant, where it works on one alone.
        bind: which of an application's several databases it is.
    """

    application: str
    server: ServerInfo
    on_step: Callable[[StepResult], None] | None = None
    silent: bool = False
    schema: str = ""
    since: float = field(default_factory=time.time)
    bind: str = field(default_factory=bind_at_work)
    _told: dict[str, int] = field(default_factory=dict)
    """By step: for how many times PROGRESS_EVERY its progress was logged."""

    def began(self, step: Step) -> None:
        if self._is_heard(logging.INFO):
            self._tell(logging.INFO, f"{step.object}: {step.why}: started", {"event": "step_started", **_of(step)})

    def ended(self, result: StepResult) -> None:
        """Done, failed, or why it was left."""
        level = _LEVELS.get(result.outcome, logging.WARNING)
        if self._is_heard(level):
            fields = {
                "event": "step_failed" if result.outcome is Outcome.FAILED else "step_ended",
                **_of(result.step),
                "outcome": result.outcome.value,
                "seconds": round(result.seconds, 6),
                "rows": result.rows,
                "batches": result.batches,
                "tries": len(result.attempts),
                "blockers": sorted({blocker for attempt in result.attempts for blocker in attempt.blockers}),
            }
            self._tell(level, step_words(result), fields)
        if self.on_step is not None:
            self.on_step(result)

    def underway(self, found: Underway) -> None:
        """Logged from time to time; who observes is told each time."""
        fields = {
            "event": "step_progress",
            **_of(found.step),
            "seconds": round(found.seconds, 6),
            "rows": found.rows,
            "share": None if found.share is None else round(found.share, 4),
            "left": None if found.left is None else round(found.left, 1),
            "blockers": list(found.blockers),
        }
        times = int(found.seconds // PROGRESS_EVERY)
        before = self._told.get(found.step.id, 0)
        self._told[found.step.id] = max(times, before)
        self._tell(logging.INFO if times > before else logging.DEBUG, progress_words(found), fields)

    def judged(self, report: Report) -> None:
        """The verdict: whether the application can start."""
        breaks, weakens = report.count(Impact.BREAKS), report.count(Impact.WEAKENS)
        start = "the application cannot start" if breaks else "the application can start"
        strongest = report.worst
        found = (each.difference for each in report.findings if each.difference.impact is strongest)
        worst = list(dict.fromkeys(difference.object for difference in found))
        verbs = VERBS[Impact.BREAKS if breaks else Impact.WEAKENS]
        remains = f"; {first_of(worst)} {verbs[len(worst) > 1]} it" if breaks or weakens else ""
        level = logging.ERROR if breaks else logging.WARNING if weakens else logging.INFO
        fields = {
            "event": "verdict",
            "can_start": not breaks,
            "breaks": breaks,
            "weakens": weakens,
            "notes": report.count(Impact.NOTES),
            "steps": sum(result.changed for result in report.results),
            "seconds": round(report.seconds, 6),
        }
        self._tell(level, f"{start}{remains}", fields)

    def _is_heard(self, level: int) -> bool:
        return not self.silent and (bool(OBSERVERS) or LOGGER.isEnabledFor(level))

    def _tell(self, level: int, message: str, fields: Mapping[str, object]) -> None:
        if not self._is_heard(level):
            return
        message = one_line(message)
        where = {
            "application": self.application,
            **({"bind": self.bind} if self.bind else {}),
            "database": self.server.database,
            "dialect": self.server.dialect,
            **({"schema": self.schema} if self.schema else {}),
        }
        LOGGER.log(level, "%s", message, extra={**where, **fields})
        for observer in OBSERVERS:
            with suppress(Exception):  # who watches stops no repair
                observer({**where, **fields, "level": level, "message": message, "began": self.since})


def step_words(result: StepResult) -> str:
    """What became of a step, in one line."""
    step = result.step
    tries = f", {len(result.attempts)} tries" if len(result.attempts) > 1 else ""
    reason = f": {result.reason}" if result.reason else ""
    if result.changed:
        return f"{deed(step)}, {duration(result.seconds)}{tries}{reason}"
    took = f" after {duration(result.seconds)}" if result.outcome is Outcome.FAILED else ""
    return f"{step.object}: {step.why}: {result.outcome}{took}{tries}{reason}"


def progress_words(found: Underway) -> str:
    """How far a step is, in one line."""
    head = f"{found.step.object}: {found.step.why}: "
    if found.blockers:
        return f"{head}waiting for {first_of(found.blockers)}, {duration(found.seconds)}"
    parts = [] if found.share is None else [f"{found.share:.0%} done"]
    if found.rows:
        parts.append(f"{counted(found.rows, 'row')}, {found.rows / max(found.seconds, 0.001):,.0f} a second")
    parts.append(f"running for {duration(found.seconds)}")
    if found.left is not None:
        parts.append(f"about {duration(max(1.0, found.left))} left")
    return head + ", ".join(parts)


def _of(step: Step) -> Mapping[str, object]:
    return {"step": step.id, "object": step.object, "why": step.why, "urgency": step.urgency.value}
