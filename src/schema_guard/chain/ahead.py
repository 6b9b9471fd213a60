"""What the guard leaves to the migrations: pending renames, and everything where a newer release was here.

Reads the files of the chain without running any of the project's code, unless only env.py can say where
alembic_version is. Where there is no chain, or nothing of it can be read, the guard goes on as without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.files import read_chain
from schema_guard.chain.history import Chain
from schema_guard.chain.location import Location
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.mentions import mentioned
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.reading.pending import Change, Pending, There, pending_of
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.reading.revision_files import Unreadable
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.systems import SYSTEMS
from schema_guard.chain.version_table import meant
from schema_guard.compare.tools import version_tables
from schema_guard.dialects.base import Session
from schema_guard.difference import (
    ColumnMissing,
    ColumnUnknown,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    EnumValueUnknown,
    ForeignKeyMissing,
    Impact,
    ObjectUnknown,
    RenameSuspected,
    SequenceMissing,
    TableMissing,
    TableUnknown,
    ViewMissing,
)
from schema_guard.difference.base import BaseDifference
from schema_guard.errors import GuardError
from schema_guard.plan import Refusal
from schema_guard.schema import ForeignKey, Schema

__all__ = ["Ahead"]

_CONFIGURES = re.compile(r"version_table|configure_args|conf_args")
"""What in env.py may mean that alembic_version has another name or schema."""


@dataclass
class Ahead:
    """Called by the guard when it has looked at the database; see Withhold.

    Args:
        location: the chain's configuration.
        describe: runs env.py, which only it can say where alembic_version is; None where that is not wanted.
        commands: what a person types.
        lost: revisions whose files a person declares lost.
    """

    location: Location
    describe: Callable[[], Project | None]
    commands: Commands
    lost: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()
    """Revisions of a newer release that alembic_version names, once the guard has looked."""
    named: str = ""
    """Which revision's file names one of them, and may replace it; once the guard has looked."""
    _read: tuple[Chain, str] | None = None
    _described: Project | None = field(default=None)
    _unreadable: Sequence[Unreadable] = ()
    """Files that give no revision: what alembic_version names may be one of them."""

    def __call__(self, session: Session, actual: Schema, differences: Sequence[Difference]) -> Sequence[Refusal]:
        elsewhere = any(name.name != "alembic_version" for name in version_tables(actual))
        found = self._stamped(session, bool(differences) or elsewhere)
        if found is None:
            return ()
        chain, rows = found
        rows = tuple(dict.fromkeys(filter(None, map(chain.meant_by, rows))))
        unknown = tuple(row for row in rows if row not in chain and row not in self.lost)
        self.newer = () if self._unreadable else unknown
        if self.newer:
            self.named = mentioned(chain, self.newer)
            return tuple(self._left_alone(differences))
        if not any(map(_kind, differences)):
            return ()
        there = There.of(actual, session.facts.default_schema, SYSTEMS[session.dialect.name])
        missing = [(difference, _object(difference, there)) for difference in differences if _kind(difference)]
        known = [row for row in rows if row in chain]
        pending = pending_of(chain, chain.upto(known), there)
        for file in self._unreadable:
            action = Action(Verb.UNSEEN, line=file.line, text="it cannot be read", readable=False)
            pending.unread.append((Path(file.file).name, file.file, action))
        perhaps = self._perhaps_to_run(chain, pending, missing, there, differences)
        refusals = list(self._to_run(pending, missing) if known else perhaps)
        refusals += self._not_run(chain, known, there, missing, {refusal.difference.key for refusal in refusals})
        held = {refusal.difference.key for refusal in refusals}
        if known or (rows and self._unreadable) or _made_by(chain, there):
            others = [item for item in missing if item[0].key not in held]
            command = self.commands("deploy") if known else self.commands.repair
            refusals += _doubt(pending, others, there, differences, command)
        return tuple(_with_dependents(refusals, differences))

    def read(self) -> None:
        """Read the files now, for all copies that are made of this."""
        self._files()

    def _stamped(self, session: Session, needed: bool) -> tuple[Chain, tuple[str, ...]] | None:
        """The chain and the rows of alembic_version; None where there is no chain."""
        chain, env = self._files()
        rows = _rows_of(session, "alembic_version", None)
        sure = bool(rows) and all(row in chain for row in rows)
        if not sure and _CONFIGURES.search(env) and (rows or needed):
            project = self._project()
            if project is None or project.found is None:
                return None
            self._unreadable = project.unreadable
            chain = project.chain
            rows = _rows_of(session, *project.version_table)
        return (chain, rows) if len(chain) or self._unreadable else None

    def _files(self) -> tuple[Chain, str]:
        """Where the files alone tell nothing, env.py is asked, which may be anything."""
        if self._read is None:
            self._read = read_chain(self.location) or (Chain(), "version_table")
        return self._read

    def _project(self) -> Project | None:
        if self._described is None:
            self._described = self.describe()
        return self._described

    def _left_alone(self, differences: Sequence[Difference]) -> Iterator[Refusal]:
        """An older release adds nothing: what it misses may have been renamed or dropped on purpose."""
        names = ", ".join(self.newer)
        reason = (
            f"alembic_version names {names}, which this release does not have: a newer release was here, and an "
            "older one changes nothing"
        )
        advice = (
            "start the newer release, or take its revisions back with its own code: alembic downgrade",
            f"where the file of {names} is lost: {self.commands.lost(self.newer)}",
        )
        for difference in differences:
            if isinstance(difference, TableUnknown | ColumnUnknown | ObjectUnknown | EnumValueUnknown):
                continue  # left alone in any case
            yield Refusal(difference, reason, advice if difference.impact is Impact.BREAKS else ())

    def _to_run(self, pending: Pending, missing: Sequence[tuple[Difference, str]]) -> Iterator[Refusal]:
        deploy = self.commands("deploy")
        for difference, change in _brought(missing, (*pending.into, *pending.fills, *pending.later)):
            yield Refusal(difference, f"{_does(change)} and is still to run: {deploy} first", (deploy,))

    def _perhaps_to_run(
        self,
        chain: Chain,
        pending: Pending,
        missing: Sequence[tuple[Difference, str]],
        there: There,
        differences: Sequence[Difference],
    ) -> Iterator[Refusal]:
        """Where alembic_version says nothing: a rename whose source is still there did not run, as it seems. Neither
        did what makes something and fills it, where its file names something that the models don't know."""
        repair = self.commands.repair
        for difference, change in _brought(missing, (*pending.fills, *pending.later)):
            text = _text_of(chain, change)
            sources = _sources(difference, there, differences)
            source = next((name for name in sources if re.search(rf"\b{re.escape(name.split('.')[-1])}\b", text)), "")
            if source:
                reason = f"{_does(change)}, and {source} is there, which the models don't know"
                yield Refusal(difference, f"alembic_version names no revision, {reason}: {repair} first", (repair,))
        for difference, change in _brought(missing, pending.into):
            reason = f"alembic_version names no revision, {_does(change)}, and {change.source} is there: {repair} first"
            yield Refusal(difference, reason, (repair,))

    def _not_run(
        self,
        chain: Chain,
        known: Sequence[str],
        there: There,
        missing: Sequence[tuple[Difference, str]],
        held: Container[str],
    ) -> Iterator[Refusal]:
        """What ran by what alembic_version says, while the source is still there in place of what it leads to: of a
        rename, or of a revision that makes something, changes rows and removes what it had them from.

        A name that a later revision gave to something new is no such source.
        """
        ran = chain.upto(known)
        made = {there.key(name) for each in made_by(chain, ran) for name in each.objects}
        left = [item for item in missing if item[0].key not in held]
        into = pending_of(chain, frozenset(), there).into if known and left else []
        repair = self.commands.repair
        for difference, change in _brought(left, [change for change in into if change.source not in made]):
            reason = f"{_does(change)}, and {change.source} is there: it did not run, whatever alembic_version says"
            yield Refusal(difference, f"{reason}: {repair} first", (repair,))
        for id_ in (id_ for id_ in chain.order if id_ in ran and left):
            for difference, name, source in _moves_by_hand(actions_of(chain.by_id[id_].file), left, there, made):
                does = f"{id_} makes {name}, changes rows and removes {source}, and {source} is there"
                reason = f"{does}: it did not run, whatever alembic_version says: {repair} first"
                yield Refusal(difference, reason, (repair,))


def _moves_by_hand(
    actions: Sequence[Action], missing: Sequence[tuple[Difference, str]], there: There, made: Container[str]
) -> Iterator[tuple[Difference, str, str]]:
    """Of a revision that moves rows to what it makes: what is missing of that, its name, and what is still there."""
    source = next((name for name in there.not_removed(actions) if name not in made), "")
    if not source or all(action.verb is not Verb.UNSEEN for action in actions):
        return
    makes = {(action.kind, there.key(action.object)) for action in actions if action.verb is Verb.MAKE}
    for difference, name in missing:
        if (_kind(difference), name) in makes:
            yield difference, name, source


def _doubt(
    pending: Pending,
    missing: Sequence[tuple[Difference, str]],
    there: There,
    differences: Sequence[Difference],
    command: str,
) -> Iterator[Refusal]:
    """What a revision that nobody can read may rename something into."""
    for difference, _ in missing if pending.unread else ():
        if source := next(_sources(difference, there, differences), ""):
            revision, file, action = pending.unread[0]
            where = f"{Path(file).name}:{action.line}"
            reason = (
                f"not provable: {revision} is still to run and may rename {source} to it ({action.text} at {where}): "
                f"{command} first"
            )
            yield Refusal(difference, reason, (command,))


def _brought(
    missing: Sequence[tuple[Difference, str]], changes: Sequence[Change]
) -> Iterator[tuple[Difference, Change]]:
    """What is missing, with the pending change that brings it."""
    by_object = {(_FAMILY.get(change.kind, change.kind), change.object): change for change in reversed(changes)}
    for difference, object_ in missing:
        if (change := by_object.get((_kind(difference), object_))) is not None:
            yield difference, change


def _does(change: Change) -> str:
    if change.source:
        return f"{change.revision} renames {change.source} to {change.object}"
    if change.filler:
        return f"{change.revision} makes {change.object}, {change.filler} changes rows"
    return f"{change.revision} makes {change.object} and changes rows"


_FAMILY = {"view": "table"}
"""Kinds of an Action under the name of the kind that a difference has."""
_KINDS: tuple[tuple[type[BaseDifference], str], ...] = (
    (TableMissing, "table"),
    (ViewMissing, "table"),
    (ColumnMissing, "column"),
    (EnumValueMissing, "value"),
    (EnumMissing, "type"),
    (DomainMissing, "type"),
    (SequenceMissing, "sequence"),
)


def _kind(difference: Difference) -> str:
    """What kind of object is missing; empty where nothing is."""
    if isinstance(difference, RenameSuspected):
        return "table" if difference.column is None else "column"
    return next((kind for type_, kind in _KINDS if isinstance(difference, type_)), "")


def _object(difference: Difference, there: There) -> str:
    """Its name as revisions write it."""
    if isinstance(difference, EnumValueMissing):
        return f"{there.table(difference.enum.name)}.{difference.value}"
    return there.key(difference.object)


def _sources(difference: Difference, there: There, differences: Sequence[Difference]) -> Iterator[str]:
    """What could be renamed or copied into it: a table, or a column of its table, that the models don't know."""
    if isinstance(difference, RenameSuspected):
        yield difference.old
    elif isinstance(difference, ColumnMissing):
        for other in differences:
            if isinstance(other, ColumnUnknown) and other.table.name == difference.table.name:
                yield f"{other.table.name}.{other.column.name}"
    elif isinstance(difference, TableMissing):
        yield from (name for name, columns in there.tables.items() if columns is None and "alembic_version" not in name)


def _text_of(chain: Chain, change: Change) -> str:
    """The files of what makes it and of what fills it."""
    files = [change.file, *([chain.by_id[change.filler].file] if change.filler else [])]
    return "\n".join(Path(file).read_text("utf-8", "replace") for file in files if Path(file).exists())


def _made_by(chain: Chain, there: There) -> bool:
    """Whether the database has a table that a revision makes."""
    made = (
        there.key(action.name)
        for id_ in chain.order
        for action in actions_of(chain.by_id[id_].file)
        if action.kind == "table" and action.verb is not Verb.REMOVE
    )
    return any(name in there.tables for name in made)


def _with_dependents(refusals: list[Refusal], differences: Sequence[Difference]) -> Iterator[Refusal]:
    """With what cannot be made without them: foreign keys to the tables, and what names the columns."""
    yield from refusals
    held = {refusal.difference.key for refusal in refusals}
    for refusal in refusals:
        missing = refusal.difference
        for difference in differences:
            if difference.key in held or not _needs(difference, missing):
                continue
            held.add(difference.key)
            yield Refusal(difference, f"needs {missing.object}: {refusal.reason}", refusal.advice)


def _needs(difference: Difference, missing: Difference) -> bool:
    if not isinstance(missing, TableMissing | ColumnMissing | RenameSuspected):
        return False
    column = None if isinstance(missing, TableMissing) else missing.column
    if column is None:
        return any(key.target == missing.table.name for key in _keys_of(difference))
    if difference.table_name != missing.table.name:
        return False
    name = re.escape(column.name)
    parts = [
        getattr(difference, part, None)
        for part in ("foreign_key", "index", "unique", "check", "primary_key", "exclusion")
    ]
    return any(part is not None and re.search(rf"\b{name}\b", repr(part)) for part in parts)


def _keys_of(difference: Difference) -> Iterator[ForeignKey]:
    """The foreign keys that come with what is missing."""
    if isinstance(difference, ForeignKeyMissing):
        yield difference.foreign_key
    elif isinstance(difference, TableMissing):
        yield from difference.table.foreign_keys
    elif isinstance(difference, ColumnMissing):
        yield from (key for key in difference.table.foreign_keys if difference.column.name in key.columns)


def _rows_of(session: Session, table: str, schema: str | None) -> tuple[str, ...]:
    """The same; empty where it cannot be read, for then nobody knows what ran."""
    try:
        return version_rows(session, table, schema)
    except GuardError:
        return ()


def version_rows(session: Session, table: str, schema: str | None) -> tuple[str, ...]:
    """What alembic_version names; empty where there is none. Raises ReadError, LockTimeoutError."""
    system = SYSTEMS[session.dialect.name]
    if not session.texts(system.table_exists(table, schema)):
        return ()
    rows = session.texts(f"SELECT version_num FROM {system.table(table, schema)} ORDER BY 1")
    return meant(row[0] for row in rows)
