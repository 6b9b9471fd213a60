"""Where `create_all()` made the first tables, no replay ever proves anything, and a person has to say what ran."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Verb
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.sandbox.job import Failed, Failure
from schema_guard.chain.sandbox.replay import Project, Replay
from schema_guard.counted import counted, first_of

__all__ = ["BEGUN", "begun_by_others", "begun_on_nothing", "by_a_person", "on_an_empty_one", "unprovable"]

BEGUN = "The chain begins on tables that something else made, such as create_all() or a person"
"""Why a revision fails on an empty database, as faults end."""


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
    first = "the database satisfies the models: " if satisfied() else f"{commands('apply')}; then, "
    done = f"where you know that nothing of {first_of(pending, 3)} is still to be done{_look(pending, chain)}"
    return Fix(f"{first}{done}, {_stamp(project)}")


def on_an_empty_one(project: Project, commands: Commands) -> Fix:
    """Where the chain begins on tables that it does not make: the models' own, and then all of it is done, but for the
    rows that its revisions would write."""
    apply, stamp = commands("apply"), _stamp(project)
    look = _look(project.chain.order, project.chain)
    if look:
        return Fix(f"{apply}, write by hand what the revisions would{look}, then {stamp}")
    return Fix(f"{apply} makes the tables of the models, then {stamp}", command=f"{apply} && {stamp}")


def begun_on_nothing(
    failed: Failed, project: Project, tables: Iterable[str], rows: Sequence[str], there: There, commands: Commands
) -> Fault | None:
    """Of a revision that failed because something is missing, where the chain does not make all `tables` of the models,
    and the database has nothing but what its revisions made.

    What these made stands in the way of what the models expect: the way on is another empty database.
    """
    chain = project.chain
    made = {name.rpartition(".")[2] for each in made_by(chain, chain.upto(chain.heads)) for name in each.objects}
    lacks = failed.why is Failure.LACKS and failed.revision in chain
    if not lacks or all(table.rpartition(".")[2] in made for table in tables):
        return None
    ran = chain.upto(rows)
    if not set(there.tables) <= _tables_of([*ran, failed.revision], chain, there):
        return None
    where = f"after {counted(len(ran), 'revision')}" if ran else "on an empty database"
    says = f"{failed.revision} fails {where}: no revision before it makes what it needs. {BEGUN}"
    fix = on_an_empty_one(project, commands)
    if ran:
        fix = Fix(f"this database has only what its revisions made. In a new, empty one: {fix.text}")
    place = (failed.file, failed.line, failed.revision)
    return Fault("replay-fails", Severity.BREAKS, says, fix, *place)


def _tables_of(ids: Iterable[str], chain: Chain, there: There) -> set[str]:
    """The tables that revisions make, or may make, as `there` has their names."""
    actions = (action for id_ in ids for action in actions_of(chain.by_id[id_].file) if action.kind == "table")
    return {there.key(action.to if action.verb is Verb.RENAME else action.name) for action in actions}


def begun_by_others(fault: Fault, project: Project, played: Replay, commands: Commands) -> Fault:
    """A replay's fault, where the real database is as empty and the chain lacks the tables that it begins on."""
    lacks = played.failed is not None and played.failed.why is Failure.LACKS and not project.makes
    begun = lacks and fault.code == "replay-fails"
    return replace(fault, fix=on_an_empty_one(project, commands)) if begun else fault


def _look(pending: Sequence[str], chain: Chain) -> str:
    """Which of them change rows, or may."""
    filling = [id_ for id_ in pending if unseen_of(chain.by_id[id_].file)]
    if not filling:
        return ""
    if all(action.readable for id_ in filling for action in unseen_of(chain.by_id[id_].file)):
        return f" ({first_of(filling)}: look at the rows that it changes)"
    return f" ({counted(len(filling), 'file')} to look at, which change rows or cannot be read: {first_of(filling, 3)})"


def _stamp(project: Project) -> str:
    return f"{project.location.on_database} stamp {' '.join(project.chain.heads)}"


def unprovable(fault: Fault, decided: Fix | None, commands: Commands) -> Fault:
    """Where its fix is to prove a stamp, which the replay has shown to be impossible: what a person decides."""
    proves = fault.fix is not None and fault.fix.text.startswith(commands("stamp"))
    return replace(fault, fix=decided) if decided is not None and proves else fault
