"""What the revisions that are still to run will do to what the database has: renames above all. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.systems import System
from schema_guard.schema import Name, Schema

__all__ = ["Change", "Pending", "There", "may_fill", "pending_of"]


@dataclass(frozen=True, slots=True)
class There:
    """The tables of a database with their columns, by names as revisions write them; None: columns not known."""

    tables: Mapping[str, frozenset[str] | None]
    default_schema: str | None
    system: System

    @classmethod
    def of(cls, schema: Schema, default_schema: str | None, system: System) -> There:
        """From what was read of a database; of tables that the models don't know only the name may be known."""
        there = cls({}, default_schema, system)
        found: dict[str, frozenset[str] | None] = {there.table(name): None for name in schema.unknown_tables}
        for table in schema.tables:
            found[there.table(table.name)] = frozenset(map(there.key, (column.name for column in table.columns)))
        return cls(found, default_schema, system)

    def key(self, name: str) -> str:
        """A name that a revision writes, without the default schema."""
        name = self.system.folded(name)
        for schema in filter(None, (self.default_schema, self.system.own_schema)):
            name = name.removeprefix(f"{schema}.")
        return name

    def table(self, name: Name) -> str:
        return self.key(str(name))

    def column(self, table: Name, column: str) -> str:
        return f"{self.table(table)}.{self.key(column)}"

    def sees(self, name: str) -> bool:
        """Whether its schema was looked at."""
        schema = name.rpartition(".")[0]
        return not schema or any(table.startswith(f"{schema}.") for table in self.tables)

    def has(self, kind: str, object_: str) -> bool:
        if kind == "table":
            return object_ in self.tables
        table, _, column = object_.rpartition(".")
        return column in (self.tables.get(table) or ())

    def not_removed(self, actions: Iterable[Action]) -> Iterator[str]:
        """The tables and columns that a revision removes in any case, and that are there."""
        for action in actions:
            name = self.key(action.object) if action.verb is Verb.REMOVE and not action.depth else ""
            if name and action.kind in ("table", "column") and self.has(action.kind, name):
                yield name


@dataclass(frozen=True, slots=True)
class Change:
    """A pending revision renames or moves `source`, which is there, to `object`; without a source it makes it.

    `kind` is that of an Action. `taken` is what has that name already, and is in its way; what a pending revision
    brings there itself is not. `filler` is the revision that changes rows, where it is another one.
    """

    revision: str
    kind: str
    object: str
    source: str = ""
    file: str = ""
    line: int = 0
    taken: str = ""
    filler: str = ""
    conditional: bool = False
    """The revision may leave it out: it asks first, or catches what fails."""
    filled_anyway: bool = False
    """Rows come into it also where the revision leaves it out."""
    once: tuple[str, ...] = ()
    """The names that it has before, where pending revisions make it under another one."""


@dataclass(slots=True)
class Pending:
    """`into` are renames, `fills` what a revision makes that changes rows as well, `unread` who may do anything.

    `later` is what one revision makes and one that follows it may fill.
    """

    into: list[Change] = field(default_factory=list)
    fills: list[Change] = field(default_factory=list)
    later: list[Change] = field(default_factory=list)
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
    waiting = [id_ for id_ in chain.order if id_ not in ran]
    actions = {id_: actions_of(chain.by_id[id_].file) for id_ in waiting}
    unseen = {id_: [action for action in actions[id_] if action.verb is Verb.UNSEEN] for id_ in waiting}
    for id_ in waiting:
        walk.file, walk.revision = chain.by_id[id_].file, id_
        for action in actions[id_]:
            walk.take(action)
    for made in walk.made:
        if unseen[made.revision]:
            fills = [action for action in unseen[made.revision] if may_fill(action, made, there)]
            anyway = bool(fills) and all(action.readable and not action.depth for action in fills)
            walk.found.fills.append(replace(made, filled_anyway=anyway))
            continue
        after = [id_ for id_ in waiting if made.revision in chain.upto([id_])]
        filler = next((id_ for id_ in after if any(may_fill(action, made, there) for action in unseen[id_])), "")
        if filler:
            walk.found.later.append(replace(made, filler=filler))
    return walk.found


def may_fill(action: Action, made: Change, there: There) -> bool:
    """Whether what changes rows may put some into what a revision makes, as far as its text says."""
    if action.mentions is None:
        return True
    mentions = set(map(there.key, action.mentions))
    parts = -2 if made.kind == "column" else -1
    return any(set(name.split(".")[parts:]) <= mentions for name in (made.object, *made.once))


class _Walk:
    """The database as it will be when a revision's turn comes.

    `tables` says which table of the database a name stands for by then, "" being one that a pending revision made;
    `columns` the same of each of these tables' columns, None where they are not known.
    """

    def __init__(self, there: There) -> None:
        self.there = there
        self.found = Pending()
        self.made: list[Change] = []
        self.tables = {name: name for name in there.tables}
        self.columns: dict[str, dict[str, str] | None] = {
            table: None if columns is None else {column: f"{table}.{column}" for column in columns}
            for table, columns in there.tables.items()
        }
        self.revision = self.file = ""

    def take(self, action: Action) -> None:
        name = self.there.key(action.name)
        match action.verb, action.kind:
            case Verb.UNSEEN, _ if not action.readable:
                self.found.unread.append((self.revision, self.file, action))
            case Verb.MAKE, "table" | "column" if action.name:
                self._make(action)
            case Verb.MAKE, "value" if not action.depth:
                object_ = f"{self.there.key(action.table)}.{action.name}"
                self.made.append(self._change("value", object_, "", action, ""))
            case Verb.REMOVE, "table":
                self.tables.pop(name, None)
                self.columns.pop(name, None)
            case Verb.REMOVE, "column":
                (self.columns.get(self.there.key(action.table)) or {}).pop(name, None)
            case Verb.RENAME, "table" if action.to:
                self._rename_table(name, self.there.key(action.to), action)
            case Verb.RENAME, "schema" if action.to:
                for table in [table for table in self.tables if table.startswith(f"{name}.")]:
                    self._rename_table(table, f"{action.to}.{table.removeprefix(f'{name}.')}", action)
            case Verb.RENAME, "column" if action.table and action.to:
                self._rename_column(action)
            case Verb.RENAME, "value" if action.table and action.to:
                type_ = self.there.key(action.table)
                self._into("value", f"{type_}.{action.to}", f"{type_}.{action.name}", action)
            case Verb.RENAME, "type" | "sequence" | "view" if action.to:
                self._into(action.kind, self.there.key(action.to), name, action)
            case _:
                return

    def _change(self, kind: str, object_: str, source: str, action: Action, taken: str) -> Change:
        taken = taken if _keeps_its_name(kind, taken, object_) else ""
        asks = action.depth or action.asks
        return Change(self.revision, kind, object_, source, self.file, action.line, taken, conditional=asks)

    def _make(self, action: Action) -> None:
        object_ = self.there.key(action.object)
        table, _, column = object_.rpartition(".") if action.kind == "column" else (object_, "", "")
        columns = self.columns.get(table)
        taken = (columns or {}).get(column, "") if column else self.tables.get(table, "")
        self.made.append(self._change(action.kind, object_, "", action, taken))
        if column and columns is not None:
            columns.setdefault(column, "")
        elif not column and table not in self.tables:
            self.tables[table], self.columns[table] = "", {}

    def _rename_table(self, name: str, to: str, action: Action) -> None:
        source = self.tables.pop(name, None)
        columns = self.columns.pop(name, {})
        if source is None:
            if self.there.sees(name):
                return
            source, columns = name, None  # of a schema that was not looked at
        taken = self.tables.get(to, "")
        if source or not taken:  # of two that have the name, the one that is there may be this one after its rename
            self.tables[to], self.columns[to] = source, columns
        if source:
            self._into("table", to, source, action, taken)
        else:
            self._made_under_another_name(name, to, taken)

    def _made_under_another_name(self, name: str, to: str, taken: str) -> None:
        """What a pending revision made gets the name that it will have: a copy that takes the place of its source."""
        for at, made in enumerate(self.made):
            table, _, column = made.object.rpartition(".")
            if made.object == name:
                self.made[at] = replace(made, object=to, taken=taken, once=(*made.once, name))
            elif made.kind == "column" and table == name:
                self.made[at] = replace(made, object=f"{to}.{column}", once=(*made.once, made.object))

    def _rename_column(self, action: Action) -> None:
        table, old, new = self.there.key(action.table), self.there.key(action.name), self.there.key(action.to)
        if not self.tables.get(table):
            return  # a table that a pending revision makes
        columns = self.columns.get(table)
        if columns is None:
            self._into("column", f"{table}.{new}", f"{self.tables[table]}.{old}", action)
            return
        source, taken = columns.pop(old, None), columns.get(new, "")
        if source is None:
            return
        columns[new] = source or taken
        if source:
            self._into("column", f"{table}.{new}", source, action, taken)
        else:
            self._made_under_another_name(f"{table}.{old}", f"{table}.{new}", taken)

    def _into(self, kind: str, object_: str, source: str, action: Action, taken: str = "") -> None:
        self.found.into.append(self._change(kind, object_, source, action, taken))


def _keeps_its_name(kind: str, taken: str, object_: str) -> bool:
    """Whether what is in the way has that name today: it does not where a pending rename, which may be the other
    branch of an `if`, brings it there. A column's table may be renamed."""
    if kind == "column":
        return taken.rpartition(".")[2] == object_.rpartition(".")[2]
    return taken == object_
