"""What revisions that are still to run rename, remove or use, and the database lacks by now: they will fail."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.by_a_person import BEGUN
from schema_guard.chain.faults.names import elsewhere, moves_names, names_of, normal
from schema_guard.chain.faults.needs import exists, needs_of
from schema_guard.chain.faults.other_name import other_name
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import Names, called
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_and_uses_of, unseen_of
from schema_guard.chain.reading.sql_uses import TEMPORARY
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.version_table import Read
from schema_guard.schema import Schema

__all__ = ["Gone", "begun_elsewhere", "gone_early", "gone_faults"]

_TAKES_AWAY = (Verb.RENAME, Verb.REMOVE)


@dataclass(frozen=True, slots=True)
class Gone:
    """What a pending revision renames, removes or uses and the database lacks.

    `missing` is what is not there, as the action that needs it, or as a use of its table. `ran`: what the revision
    leaves is there: the other name, and the tables and columns that it makes. `certain`: nothing before it that is to
    run could make it, as far as the files say.
    """

    revision: str
    file: str
    action: Action
    missing: Action
    ran: bool
    certain: bool
    other: tuple[str, tuple[str, ...]] | None = None
    """The name that it has here, and the statements that give it that of the revision."""

    @property
    def uses(self) -> bool:
        """The revision leaves it as it is."""
        return self.missing.verb is Verb.USE


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
    walk = _Walk(chain, ran, schema, there, names_of(schema, beside, there), read)
    found: dict[str, Gone] = {}
    for id_ in (id_ for id_ in chain.order if id_ not in ran):
        for gone in walk.revision(id_):
            found.setdefault(id_, gone)
    return tuple(found.values())


_OF_SEQUENCE = 29
"""Bytes of the table's name that its sequence has at least (makeObjectName in the source of PostgreSQL)."""


@dataclass(slots=True)
class _Walk:
    """The names that are there when a revision's turn comes. `known` are tables whose columns are known."""

    chain: Chain
    ran: Collection[str]
    schema: Schema
    there: There
    names: Names[str]
    read: Read
    certain: bool = True
    known: set[str] = field(default_factory=set)
    passing: set[str] = field(default_factory=set)
    """Temporary tables, which end with the session, and functions: several have one name, and which is meant only the
    types of the parameters tell."""
    made: set[str] = field(default_factory=set)
    """How the names of the tables begin that revisions make: so do the names of their sequences."""

    def __post_init__(self) -> None:
        self.known |= {table for table, columns in self.there.tables.items() if columns is not None}

    def revision(self, id_: str) -> Iterator[Gone]:
        """What this one needs and does not find; afterwards what it makes is there."""
        file = self.chain.by_id[id_].file
        self.certain = self.certain and not moves_names(file)
        actions = actions_and_uses_of(file)
        whole = all(self.names.taken(normal(each, self.there)) for each in _left_by(actions))
        for action in actions:
            self.certain = self.certain and (action.verb is not Verb.UNSEEN or action.readable)
            written = normal(action, self.there)
            missing = None if written.depth or written.asks else self._missing(written)
            if missing is not None:
                yield self._gone(id_, action, written, missing, whole=whole)
            self._follow(written, id_)
            # it brings tables, types and functions that no revision names
            self.certain = self.certain and not (action.verb is Verb.MAKE and action.kind == "extension")

    def _gone(self, id_: str, action: Action, written: Action, missing: Action, *, whole: bool) -> Gone:
        itself = missing is written and written.verb in _TAKES_AWAY
        left = itself and (written.verb is Verb.REMOVE or self.names.taken(_target(written)) is not None)
        sure = self.certain and missing.kind != "constraint"
        known_by = (
            itself and written.kind in ("index", "constraint") and (self.chain, self.ran, self.schema, self.there)
        )
        other = other_name(written, *known_by) if known_by else None
        ran = left and whole and other is None
        return Gone(id_, self.chain.by_id[id_].file, action, action if itself else missing, ran, sure, other)

    def _missing(self, written: Action) -> Action | None:
        """What it needs and is not there; what it only uses is told only where nothing could have made it."""
        for need in needs_of(written, self.there):
            told = need.verb is not Verb.USE or self.certain
            if told and need.name and self.names.taken(need) is None and self._would_be_seen(need):
                return need
        return None

    def _would_be_seen(self, need: Action) -> bool:
        """Whether it would have been seen if it were there: tables, views, and what belongs to a table that was
        read."""
        if need.kind == "constraint" and not self.there.system.alters_types:
            return False  # SQLite keeps no names of constraints
        if need.kind in ("column", "constraint") or (need.kind == "index" and need.table):
            return need.table in self.known
        if need.kind in ("table", "view", "index") and not self.there.sees(need.name):
            return False
        if need.kind == "sequence" and need.name.rpartition(".")[2].startswith(tuple(self.made)):
            return False  # of a column that was not read, or with a name that PostgreSQL cut
        return need.name not in self.passing and not exists(need.kind, need.name, self.there, self.read)

    def _follow(self, written: Action, id_: str) -> None:
        if written.verb is Verb.USE:
            self.passing |= {written.name} if written.kind == TEMPORARY else set()
            self.known -= {written.table} if written.kind == "column" and not written.name else set()
            return
        stays = written.depth and written.verb in _TAKES_AWAY  # it may not run
        made = _target(written) if stays and written.to else None if stays else self.names.after(written)
        if made is not None and self.names.taken(made) is None:
            self.names.add(made, id_)
        if written.verb is Verb.MAKE and written.kind == "table":
            self.made.add(written.name.rpartition(".")[2][:_OF_SEQUENCE])
        if written.verb is Verb.MAKE and written.kind == "function":
            self.passing.add(written.name.partition("(")[0])
        if written.verb is Verb.MAKE and written.kind == "column":
            self._add_sequence(written, id_)
        if written.verb is Verb.RENAME and written.kind == "table" and written.name in self.known:
            self.known.add(written.to)

    def _add_sequence(self, column: Action, id_: str) -> None:
        """A SERIAL or identity column brings one; which column is one, the revision may leave to SQLAlchemy."""
        sequence = Action(Verb.MAKE, "sequence", f"{column.table}_{column.name}_seq", column.table)
        if self.names.taken(sequence) is None:
            self.names.add(sequence, id_)


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
    told: set[str] = set()
    for item in gone:
        what = _named(item.missing)
        if item.uses and what in told:
            continue
        told.add(what)
        if item.other is not None and not moved:
            yield _called_otherwise(item, *item.other, commands)
            continue
        if item.uses and moved:
            continue
        action = item.action
        renames = action.verb is Verb.RENAME
        says = f"{item.revision} is still to run and {_does(action)}, but "
        if item.ran:
            says += f"{what} is not there{f', and {action.target} is' if renames else ''}: it seems to have run already"
            fix = Fix(commands.repair, command=commands.repair)
            if unseen_of(item.file):  # which no proof takes as run
                step = commands("doctor", "--replay")
                fix = Fix(f"{step} says what to do: {item.revision} changes rows as well", command=step)
        else:
            says += f"{what} is not there: it was dropped or renamed by hand"
            says += "" if item.certain else ", or something that cannot be read makes it before"
            replay = commands("doctor", "--replay")
            fix = Fix(f"{replay} says what is to be made again before {commands('deploy')}", command=replay)
        sure = item.certain and not moved
        place = (item.file, action.line, item.revision)
        severity = Severity.BREAKS if sure else Severity.RISK  # deploy goes on
        yield Fault("blind-stamp", severity, says, fix, *place, guess=True, sure=sure)


def begun_elsewhere(gone: Sequence[Gone], project: Project, fix: Fix) -> Iterator[Fault]:
    """On an empty database: the first revision that uses what no revision before it makes."""
    for item in gone[:1] if not (project.makes or elsewhere(project)) else ():
        action = item.action
        says = (
            f"{item.revision} cannot run on this empty database: it {_does(action)}, and no revision before it makes "
            f"{_named(item.missing)}. {BEGUN}"
        )
        place = (item.file, action.line, item.revision)
        yield Fault("replay-fails", Severity.BREAKS, says, fix, *place, guess=True, sure=item.certain)


def _does(action: Action) -> str:
    match action.verb:
        case Verb.RENAME:
            return f"renames {_named(action)} to {action.target}"
        case Verb.REMOVE:
            return f"drops {_named(action)}"
        case Verb.MAKE:
            return f"makes {_named(action)}"
        case _:
            return f"uses {_named(action)}"


def _named(action: Action) -> str:
    return action.object if action.kind in ("table", "column") else called(action)


def _called_otherwise(gone: Gone, name: str, statements: Sequence[str], commands: Commands) -> Fault:
    action, deploy = gone.action, commands("deploy")
    does = "renames" if action.verb is Verb.RENAME else "drops"
    says = f"{gone.revision} is still to run and {does} {called(action)}, but that is called {name} here"
    fix = Fix(f"give {name} the name {action.name}, then {deploy}")
    if statements:
        fix = Fix(f"{'; '.join(statements)}; then {deploy}", command=deploy, sql=";\n".join(statements))
    return Fault("state-differs", Severity.BREAKS, says, fix, gone.file, action.line, gone.revision)
