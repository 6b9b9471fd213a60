"""Whether an application can use all of its databases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from schema_guard.difference import Impact
from schema_guard.many.member import MAIN, Member
from schema_guard.readiness import Readiness

__all__ = ["EachReady", "all_of"]


class EachReady:
    """Answers for all databases of an application as `Guard.ready` does for one.

    Args:
        members: finds them, when they are first asked about.
    """

    def __init__(self, members: Callable[[], Sequence[Member]]) -> None:
        self._find = members
        self._members: Sequence[Member] | None = None

    def ready(self, database: Any, *, max_age: float = 10.0, timeout: float = 5.0) -> Readiness:
        """`database` is the main one; each answer is remembered with its guard and its database. Never raises."""
        if self._members is None:
            self._members = self._find()
        return all_of(
            {
                member.name: member.guard.ready(
                    database if member.name == MAIN else member.database, max_age=max_age, timeout=timeout
                )
                for member in self._members
            }
        )


def all_of(answers: Mapping[str, Readiness]) -> Readiness:
    """Of several databases one answer, by name: ready when each one is; the reason names those that are not."""
    first = next(iter(answers.values()))
    if len(answers) == 1:
        return first
    reasons = [f"bind {name}: {each.reason}" for name, each in answers.items() if not each]
    counts = [each.counts for each in answers.values()]
    known = [each for each in counts if each is not None]
    return replace(
        first,
        ready=not reasons,
        reason="; ".join(reasons),
        found=tuple(f"bind {name}: {line}" for name, each in answers.items() for line in each.found),
        counts={impact: sum(each[impact] for each in known) for impact in sorted(Impact, reverse=True)}
        if len(known) == len(counts)
        else None,
        left_out=tuple(f"bind {name}: {each}" for name, answer in answers.items() for each in answer.left_out),
        seconds=sum(each.seconds for each in answers.values()),
    )
