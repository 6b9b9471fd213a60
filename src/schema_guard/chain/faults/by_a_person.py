"""Where `create_all()` made the first tables, no replay ever proves anything, and a person has to say what ran."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix
from schema_guard.chain.reading.revision_actions import unseen_of
from schema_guard.chain.sandbox.job import Failure
from schema_guard.chain.sandbox.replay import Project, Replay
from schema_guard.counted import first_of

__all__ = ["by_a_person", "unprovable"]


def by_a_person(
    project: Project, played: Replay, rows: Sequence[str], satisfied: Callable[[], bool], commands: Commands
) -> Fix | None:
    """The command that records what ran; None where the replay failed for another reason, or nothing is to run.

    Args:
        project: the chain.
        played: how its replay ended.
        rows: what alembic_version names.
        satisfied: whether the database has what the models expect.
        commands: what a person types.
    """
    chain = project.chain
    pending = [id_ for id_ in chain.order if id_ in chain.upto(chain.heads) - chain.upto(rows)]
    if played.failed is None or played.failed.why is not Failure.LACKS or not pending:
        return None
    filling = [id_ for id_ in pending if unseen_of(chain.by_id[id_].file)]
    look = f" ({', '.join(filling)}: look at the rows that it changes)" if filling else ""
    first = "the database satisfies the models: " if satisfied() else f"{commands('apply')}; then, "
    stamp = f"{project.location.on_database} stamp {' '.join(chain.heads)}"
    return Fix(f"{first}where you know that nothing of {first_of(pending)} is still to be done{look}, {stamp}")


def unprovable(fault: Fault, decided: Fix | None, commands: Commands) -> Fault:
    """Where its fix is to prove a stamp, which the replay has shown to be impossible: what a person decides."""
    proves = fault.fix is not None and fault.fix.text.startswith(commands("stamp"))
    return replace(fault, fix=decided) if decided is not None and proves else fault
