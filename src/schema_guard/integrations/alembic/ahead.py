"""What the guard leaves to the migrations: pending renames, and everything where a newer release was here.

Reads the files of the chain without running any of the project's code, unless only env.py can say where
alembic_version is. Where there is no chain, or nothing of it can be read, the guard goes on as without one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from schema_guard.dialects.base import Session
from schema_guard.difference import (
    ColumnMissing,
    ColumnUnknown,
    Difference,
    ForeignKeyMissing,
    Impact,
    TableMissing,
)
from schema_guard.errors import GuardError
from schema_guard.integrations.alembic.chain import Chain
from schema_guard.integrations.alembic.chain_files import read_chain
from schema_guard.integrations.alembic.live import literal, quoted
from schema_guard.integrations.alembic.location import Location
from schema_guard.integrations.alembic.pending import Change, Pending, There, pending_of
from schema_guard.integrations.alembic.replay import Project
from schema_guard.integrations.alembic.typed import Commands
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
    _read: tuple[Chain, str] | None = None
    _described: Project | None = field(default=None)

    def __call__(self, session: Session, actual: Schema, differences: Sequence[Difference]) -> Sequence[Refusal]:
        try:
            found = self._stamped(session, bool(differences))
        except GuardError:
            return ()  # alembic_version cannot be read: then nothing is known of the chain
        if found is None:
            return ()
        chain, rows = found
        self.newer = tuple(row for row in rows if row not in chain and row not in self.lost)
        if self.newer:
            return tuple(self._left_alone(differences))
        known = [row for row in rows if row in chain]
        missing = [difference for difference in differences if isinstance(difference, (TableMissing, ColumnMissing))]
        if not known or not missing:
            return ()
        there = There.of(actual, session.facts.default_schema, fold=session.dialect.name == "sqlite")
        pending = pending_of(chain, chain.upto(known), there)
        return tuple(_with_dependents(list(self._to_run(pending, there, missing, differences)), differences))

    def _stamped(self, session: Session, needed: bool) -> tuple[Chain, tuple[str, ...]] | None:
        """The chain and the rows of alembic_version; None where there is no chain or no stamp."""
        chain, env = self._files()
        rows = version_rows(session, "alembic_version", None)
        sure = bool(rows) and all(row in chain for row in rows)
        if not sure and _CONFIGURES.search(env) and (rows or needed):
            project = self._project()
            if project is None or project.found is None or project.unreadable:
                return None
            chain = project.chain
            rows = version_rows(session, *project.version_table)
        return (chain, rows) if rows and len(chain) else None

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
            yield Refusal(difference, reason, advice if difference.impact is Impact.BREAKS else ())

    def _to_run(
        self, pending: Pending, there: There, missing: Sequence[Difference], differences: Sequence[Difference]
    ) -> Iterator[Refusal]:
        deploy = self.commands("deploy")
        into = {change.object: change for change in pending.into}
        fills = {change.object: change for change in pending.fills}
        for difference in missing:
            object_ = _object(difference, there)
            change = into.get(object_) or fills.get(object_)
            if change is not None:
                does = _does(change)
                yield Refusal(difference, f"{change.revision} {does} and is still to run: {deploy} first", (deploy,))
            elif pending.unread and (source := _source(difference, there, differences)):
                revision, file, action = pending.unread[0]
                yield Refusal(
                    difference,
                    f"not provable: {revision} is still to run and may rename {source} to it ({action.text} at "
                    f"{Path(file).name}:{action.line}): {deploy} first",
                    (deploy,),
                )


def _does(change: Change) -> str:
    return f"renames {change.source} to {change.object}" if change.source else f"makes {change.object} and changes rows"


def _object(difference: Difference, there: There) -> str:
    if isinstance(difference, ColumnMissing):
        return there.column(difference.table.name, difference.column.name)
    assert isinstance(difference, TableMissing)
    return there.table(difference.table.name)


def _source(difference: Difference, there: There, differences: Sequence[Difference]) -> str:
    """What could be renamed into it: a table, or a column of its table, that the models don't know."""
    if isinstance(difference, ColumnMissing):
        return next(
            (
                f"{other.table.name}.{other.column.name}"
                for other in differences
                if isinstance(other, ColumnUnknown) and other.table.name == difference.table.name
            ),
            "",
        )
    unknown = [name for name, columns in there.tables.items() if columns is None and "alembic_version" not in name]
    return unknown[0] if unknown else ""


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
    if isinstance(missing, TableMissing):
        return any(key.target == missing.table.name for key in _keys_of(difference))
    if not isinstance(missing, ColumnMissing) or difference.table_name != missing.table.name:
        return False
    name = re.escape(missing.column.name)
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


def version_rows(session: Session, table: str, schema: str | None) -> tuple[str, ...]:
    """What alembic_version names; empty where there is none. Raises ReadError, LockTimeoutError."""
    if session.dialect.name == "sqlite":
        there = session.texts(
            f"SELECT name FROM sqlite_master WHERE type = 'table' AND name = {literal(table)} COLLATE NOCASE"
        )
        return _versions(session, quoted(table)) if there else ()
    name = f"{quoted(schema)}.{quoted(table)}" if schema else quoted(table)
    there = session.texts(f"SELECT pg_catalog.to_regclass({literal(name)})::pg_catalog.text")
    return _versions(session, name) if there[0][0] else ()


def _versions(session: Session, name: str) -> tuple[str, ...]:
    return tuple(row[0] for row in session.texts(f"SELECT version_num FROM {name} ORDER BY 1"))
