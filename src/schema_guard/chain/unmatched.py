"""What to do where the database has the schema of no revision."""

from __future__ import annotations

from schema_guard.chain.commands import Commands
from schema_guard.chain.diagnosis import Look
from schema_guard.chain.fault import Fix
from schema_guard.chain.faults.drift import leaves_out
from schema_guard.chain.faults.made_again import made_again
from schema_guard.chain.faults.other_type import other_type
from schema_guard.chain.faults.way_out import early_and_way_out
from schema_guard.chain.sandbox.matching import Proof
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.version_table import Read
from schema_guard.plan import Plan

__all__ = ["unmatched"]


def unmatched(project: Project, look: Look, proof: Proof, plan: Plan, read: Read, commands: Commands) -> Fix:
    """The first way that leads on.

    Args:
        project: the chain.
        look: what the database has.
        proof: what it was compared with.
        plan: what apply would do.
        read: sends a SELECT.
        commands: what a person types.
    """
    apply, repair = commands("apply"), commands.repair
    again = made_again(proof.stamped, project.chain, commands)
    if again is not None:
        return again
    decide = f"{project.location.on_database} stamp --purge {' '.join(proof.nearest.heads)}"
    own = proof.stamped
    if own is not None and own.early:
        objects = [f"{table}.{column}" for table, columns in look.there.tables.items() for column in columns or ()]
        refused = [each.difference for each in plan.refusals]
        early = [name for name in objects if any(name in fact for fact in own.early)]
        other = other_type(early, refused, look.everything, look.there, read, commands)
        if other is not None:
            return other
    away = _taken_away(project, look, proof, read, commands) if leaves_out(plan) else None
    if away is not None:
        return away
    if not plan.empty:
        return Fix(
            f"{apply}, then {repair}"
            + (f"; if the same is missing after that, a person has to decide: {decide}" if proof.nearest.heads else ""),
            command=f"{apply} && {repair}",
        )
    return Fix(
        f"make by hand what is missing, as the revisions do (`apply` makes only what the models expect), then "
        f"{commands('stamp')}" + (f"; or, if you know that it ran, {decide}" if proof.nearest.heads else "")
    )


def _taken_away(project: Project, look: Look, proof: Proof, read: Read, commands: Commands) -> Fix | None:
    """Where all that was made early holds nothing: it goes away again, and the revisions run."""
    own, chain = proof.stamped, project.chain
    if own is None or own.lacks:
        return None
    seen = (chain, chain.upto(look.version.rows), look.everything, look.beside, look.there)
    _, out = early_and_way_out(*seen, read, commands, look.version.in_sql, always=True)
    return out.fix() if out is not None and out.drops and out.command == commands("deploy") else None
