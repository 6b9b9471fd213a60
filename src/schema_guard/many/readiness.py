"""Whether an application can use all of its databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from schema_guard.difference import Impact
from schema_guard.readiness import Readiness

__all__ = ["all_of"]


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
        seconds=sum(each.seconds for each in answers.values()),
    )
