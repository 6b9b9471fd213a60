"""What revisions that are still to run rename or remove, and the database lacks by now: they will fail."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.names import elsewhere, moves_names, names_of, normal
from schema_guard.chain.faults.other_name import other_name
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import called
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.version_table import Read
from schema_guard.errors import GuardError
from schema_guard.schema import Schema

__all__ = ["Gone", "gone_early", "gone_faults"]

_TAKES_AWAY = (Verb.RENAME, Verb.REMOVE)


@dataclass(frozen=True, slots=True)
class Gone:
    """What a pending revision renames or removes and the database lacks.

    `ran`: what the revision leaves is there: the other name, and the tables and columns that it makes. `certain`:
    nothing before it that is to run could make it, as far as the files say.
    """

    revision: str
    file: str
    action: Action
    ran: bool
    certain: bool
    other: tuple[str, tuple[str, ...]] | None = None
    """The name that it has here, and the statements that give it that of the revision."""


def gone_early(
    chain: Chain, ran: Collection[str], schema: Schema, beside: Collection[Fact], there: There, read: Read
) -> tuple[Gone, ...]:
    """The first such thing of each revision, as far as its text says.

    Args:
        chain: the revisions.
        ran: those that ran.
        schema: the whole database.
        beside: what it has besides tables.
        there: names as revisions write them.
        read: sends a SELECT.
    """
    names = names_of(schema, beside, there)
    known = {table for table, columns in there.tables.items() if columns is not None}
    found: dict[str, Gone] = {}
    certain = True
    for id_ in (id_ for id_ in chain.order if id_ not in ran):
        file = chain.by_id[id_].file
        certain = certain and not moves_names(file)
        actions = actions_of(file)
        whole = all(names.taken(normal(each, there)) for each in _left_by(actions))
        for action in actions:
            certain = certain and (action.verb is not Verb.UNSEEN or action.readable)
            written = normal(action, there)
            needs = written.verb in _TAKES_AWAY and not written.depth and not written.asks
            if needs and names.taken(written) is None and _is_seen(written, there, known, read):
                left = written.verb is Verb.REMOVE or names.taken(_target(written)) is not None
                sure = certain and written.kind != "constraint"
                known_by = written.kind in ("index", "constraint") and (chain, ran, schema, there)
                other = other_name(written, *known_by) if known_by else None
                found.setdefault(id_, Gone(id_, file, action, left and whole and other is None, sure, other))
            made = names.after(written)
            if made is not None and names.taken(made) is None:
                names.add(made, id_)
            if written.verb is Verb.RENAME and written.kind == "table" and written.name in known:
                known.add(written.to)
    return tuple(found.values())


def _is_seen(action: Action, there: There, known: Collection[str], read: Read) -> bool:
    """Whether it would have been seen: tables, views, and what belongs to a table that was read."""
    if action.kind in ("table", "view"):
        return there.sees(action.name) and not _exists(action.name, there, read)
    if action.kind == "constraint" and not there.system.alters_types:
        return False  # SQLite keeps no names of constraints
    return action.kind in ("column", "index", "constraint") and bool(action.name) and action.table in known


def _exists(name: str, there: There, read: Read) -> bool:
    """A partition, for example, is not read as a table of its own. True where nobody can tell."""
    schema, _, bare = name.rpartition(".")
    try:
        return not bare or bool(read(there.system.table_exists(bare, schema or None)))
    except GuardError:
        return True


def _left_by(actions: Sequence[Action]) -> Iterator[Action]:
    """The tables and columns that a revision makes in any case and does not take away again."""
    gone = {action.object for action in actions if action.verb in _TAKES_AWAY}
    for action in actions:
        makes = action.verb is Verb.MAKE and action.kind in ("table", "column") and not (action.depth or action.asks)
        if makes and not {action.object, action.table} & gone:
            yield action


def _target(action: Action) -> Action:
    """What a rename leads to."""
    return Action(Verb.MAKE, action.kind, action.to, action.table)


def gone_faults(gone: Sequence[Gone], project: Project, commands: Commands) -> Iterator[Fault]:
    """One fault for each. A proved stamp is the way on where the revision seems to have run; else something has to be
    made again."""
    moved = elsewhere(project)
    for item in gone:
        if item.other is not None and not moved:
            yield _called_otherwise(item, *item.other, commands)
            continue
        action = item.action
        renames = action.verb is Verb.RENAME
        what = action.object if action.kind in ("table", "column") else called(action)
        does = f"renames {what} to {action.target}" if renames else f"drops {what}"
        says = f"{item.revision} is still to run and {does}, but "
        if item.ran:
            says += f"{what} is not there{f', and {action.target} is' if renames else ''}: it seems to have run already"
            fix = Fix(commands.repair, command=commands.repair)
            if unseen_of(item.file):  # which no proof takes as run
                step = commands("doctor", "--replay")
                fix = Fix(f"{step} says what to do: {item.revision} changes rows as well", command=step)
        else:
            says += f"{what} is not there: it was dropped or renamed by hand"
            replay = commands("doctor", "--replay")
            fix = Fix(f"{replay} says what is to be made again before {commands('deploy')}", command=replay)
        sure = item.certain and not moved
        place = (item.file, action.line, item.revision)
        yield Fault("blind-stamp", Severity.BREAKS, says, fix, *place, guess=True, sure=sure)


def _called_otherwise(gone: Gone, name: str, statements: Sequence[str], commands: Commands) -> Fault:
    action, deploy = gone.action, commands("deploy")
    does = "renames" if action.verb is Verb.RENAME else "drops"
    says = f"{gone.revision} is still to run and {does} {called(action)}, but that is called {name} here"
    fix = Fix(f"give {name} the name {action.name}, then {deploy}")
    if statements:
        fix = Fix(f"{'; '.join(statements)}; then {deploy}", command=deploy, sql=";\n".join(statements))
    return Fault("state-differs", Severity.BREAKS, says, fix, gone.file, action.line, gone.revision)
