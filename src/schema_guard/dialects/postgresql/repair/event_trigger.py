"""Steps that an event trigger would refuse become refusals that name it."""

from __future__ import annotations

import re

from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import Difference, TableMissing
from schema_guard.plan import Refusal, Step, Veto

__all__ = ["let_through"]

_TAG = re.compile(
    r"(CREATE|ALTER|DROP)\s+(?:OR\s+REPLACE\s+)?(?:UNIQUE\s+|UNLOGGED\s+|GLOBAL\s+|LOCAL\s+|TEMP(?:ORARY)?\s+)*"
    r"(MATERIALIZED\s+VIEW|\w+)|COMMENT\b",
    re.IGNORECASE,
)


def let_through(difference: Difference, repairs: Repairs, context: Context) -> Repairs:
    """The repairs as they are, or one refusal in place of steps with a statement that is refused of whatever object.

    A table is made without what is refused of its parts: each is then missing by itself, and refused.
    """
    found = [(step, _veto(step, context) if isinstance(step, Step) else None) for step in repairs]
    vetoes = [veto for _, veto in found if veto is not None]
    if not vetoes:
        return repairs
    if isinstance(difference, TableMissing) and found[0][1] is None:
        return [step for step, veto in found if veto is None]
    return [Refusal(difference, vetoes[0].said, (vetoes[0].remedy,))]


def _veto(step: Step, context: Context) -> Veto | None:
    vetoes = context.survey.vetoes
    found = (vetoes.get(_tag(statement)) for statement in step.statements) if vetoes else ()
    return next((veto for veto in found if veto is not None), None)


def _tag(statement: str) -> str:
    """The command's tag, as event triggers are told it; something else for what is no DDL."""
    found = _TAG.match(statement.lstrip())
    if found is None:
        return ""
    return " ".join(f"{found[1]} {found[2]}".upper().split()) if found[1] else "COMMENT"
