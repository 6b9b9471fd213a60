"""What the revisions that are still to run will do to what the database has: renames above all. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from schema_guard.integrations.alembic.actions import Action, Verb
from schema_guard.integrations.alembic.chain import Chain
from schema_guard.integrations.alembic.revision_actions import actions_of
from schema_guard.schema import Name, Schema

__all__ = ["Change", "Pending", "There", "pending_of"]


@dataclass(frozen=True, slots=True)
class There:
    """The tables of a database with their columns, by names as revisions write them; None: columns not known."""

    tables: Mapping[str, frozenset[str] | None]
    default_schema: str | None = None
    fold: bool = False
    """Names don't depend on case (SQLite)."""

    @classmethod
    def of(cls, schema: Schema, default_schema: str | None, *, fold: bool) -> There:
        """From what was read of a database; of tables that the models don't know only the name may be known."""
        there = cls({}, default_schema, fold)
        found: dict[str, frozenset[str] | None] = {there.table(name): None for name in schema.unknown_tables}
        for table in schema.tables:
            found[there.table(table.name)] = frozenset(map(there.key, (column.name for column in table.columns)))
        return cls(found, default_schema, fold)

    def key(self, name: str) -> str:
        """A name that a revision writes, without the default schema."""
        name = name.lower() if self.fold else name
        for schema in filter(None, (self.default_schema, "main" if self.fold else None)):
            name = name.removeprefix(f"{schema}.")
        return name

    def table(self, name: Name) -> str:
        return self.key(str(name))

    def column(self, table: Name, column: str) -> str:
        return f"{self.table(table)}.{self.key(column)}"

    def has(self, kind: str, object_: str) -> bool:
        if kind == "table":
            return object_ in self.tables
        table, _, column = object_.rpartition(".")
        return column in (self.tables.get(table) or ())


@dataclass(frozen=True, slots=True)
class Change:
    """A pending revision renames or moves `source`, which is there, to `object`; without a source it makes it."""

    revision: str
    kind: str
    object: str
    source: str = ""
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Pending:
    """`into` are renames, `fills` what a revision makes that changes rows as well, `unread` who may do anything."""

    into: list[Change] = field(default_factory=list)
    fills: list[Change] = field(default_factory=list)
    made: list[Change] = field(default_factory=list)
    """What else is made without looking first."""
    unread: list[tuple[str, str, Action]] = field(default_factory=list)
    """Revision, file and what is written there."""


def pending_of(chain: Chain, ran: frozenset[str], there: There) -> Pending:
    """Go through the revisions that are still to run, in order.

    Args:
        chain: the revisions.
        ran: those that ran.
        there: the database.
    """
    walk = _Walk(there)
    for id_ in chain.order:
        if id_ not in ran:
            file = chain.by_id[id_].file
            actions = actions_of(file)
            walk.file, walk.revision = file, id_
            walk.changes_rows = any(action.verb is Verb.UNSEEN for action in actions)
            for action in actions:
                walk.take(action)
    return walk.found


class _Walk:
    """`tables` says which table of the database a name stands for by now; "" one that a pending revision made."""

    def __init__(self, there: There) -> None:
        self.there = there
        self.found = Pending()
        self.tables = {name: name for name in there.tables}
        self.columns: dict[str, str] = {}
        self.revision = self.file = ""
        self.changes_rows = False

    def take(self, action: Action) -> None:
        name = self.there.key(action.name)
        match action.verb, action.kind:
            case Verb.UNSEEN, _ if not action.readable:
                self.found.unread.append((self.revision, self.file, action))
            case Verb.MAKE, "table" | "column" if action.name:
                self._make(action)
            case Verb.REMOVE, "table":
                self.tables.pop(name, None)
            case Verb.RENAME, "table" if action.to:
                source = self.tables.pop(name, "")
                to = self.there.key(action.to)
                self.tables[to] = source
                if source:
                    self.found.into.append(self._change("table", to, source, action))
            case Verb.RENAME, "column" if action.table and action.to:
                self._rename_column(action)
            case _:
                return

    def _make(self, action: Action) -> None:
        object_ = self.there.key(action.object)
        made = self._change(action.kind, object_, "", action)
        (self.found.fills if self.changes_rows else self.found.made).append(made)
        if action.kind == "table":
            self.tables.setdefault(object_, "")

    def _rename_column(self, action: Action) -> None:
        table = self.there.key(action.table)
        live = self.tables.get(table, "")
        if not live:
            return
        old, new = self.there.key(action.name), self.there.key(action.to)
        source = self.columns.pop(f"{live}.{old}", f"{live}.{old}")
        self.columns[f"{live}.{new}"] = source
        if self.there.tables.get(live) is None or self.there.has("column", source):
            self.found.into.append(self._change("column", f"{table}.{new}", source, action))

    def _change(self, kind: str, object_: str, source: str, action: Action) -> Change:
        return Change(self.revision, kind, object_, source, self.file, action.line)
