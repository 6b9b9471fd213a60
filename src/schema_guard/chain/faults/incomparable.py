"""Foreign keys of revisions that are still to run, between columns of which the database system compares no values."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.names import elsewhere, moves_names, normal
from schema_guard.chain.live import open_live
from schema_guard.chain.reading.actions import REFERS, SENT, Action, Verb
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_and_uses_of
from schema_guard.chain.sandbox.replay import Project
from schema_guard.column import Type, TypeKind
from schema_guard.schema import Name, Schema

__all__ = ["incomparable"]

_OTHER_TYPES = re.compile(r"(?i)(?<!create )\btype\b|\bcreate\s+cast\b|\boperator\b")
"""SQL that may change a column's type, or make types comparable."""


def incomparable(project: Project, ran: Collection[str], schema: Schema, there: There, url: URL) -> Iterator[Fault]:
    """The first of each revision, up to what may have changed a type in a way that cannot be read. None where the
    database has casts of its users': a foreign key may be compared by one.

    Args:
        project: the chain.
        ran: the revisions that ran on this database.
        schema: the database.
        there: its names as revisions write them.
        url: where it is asked for casts.

    Raises UnreachableError, ReadError: it does not answer.
    """
    if elsewhere(project):
        return
    walk = _Walk(there)
    walk.learn(schema)
    for id_ in (id_ for id_ in project.chain.order if id_ not in ran):
        file = project.chain.by_id[id_].file
        if moves_names(file):
            return
        first: Fault | None = None
        for action in actions_and_uses_of(file):
            unread = action.verb is Verb.UNSEEN and not action.readable
            if unread or (action.kind == SENT and _OTHER_TYPES.search(action.text)):
                walk.types = {}
                walk.lost = True
            if first is None and action.kind == REFERS and not (action.depth or action.asks):
                says = walk.refused(action)
                first = _fault(id_, file, action, f"adds a foreign key {says}") if says else None
            walk.follow(action)
        if first is not None:
            with open_live(url) as live:
                if live.read(there.system.own_casts):
                    return
            yield first
        if walk.lost:
            return


def _fault(id_: str, file: str, action: Action, says: str) -> Fault:
    message = f"{id_} is still to run and {says} ({Path(file).name}:{action.line})"
    fix = Fix("give both columns one type first, or leave the foreign key out")
    return Fault("unsupported", Severity.BREAKS, message, fix, file, action.line, id_, guess=True, sure=True)


@dataclass(slots=True)
class _Walk:
    """The types of columns as they are when a revision's turn comes: None where that is not known."""

    there: There
    types: dict[tuple[str, str], Type | None] = field(default_factory=dict)
    """By table and column, as revisions write them."""
    enums: set[str] = field(default_factory=set)
    domains: dict[Name, Type] = field(default_factory=dict)
    lost: bool = False
    """A type may have changed in a way that cannot be read."""

    def learn(self, schema: Schema) -> None:
        """What the database has."""
        self.domains = {domain.name: domain.type for domain in schema.domains}
        self.enums = {self._table(str(enum.name)) for enum in schema.enums}
        for table in schema.tables:
            for column in table.columns:
                self.types[self._table(str(table.name)), self.there.key(column.name)] = column.type

    def refused(self, key: Action) -> str:
        """Between which columns it leads, where the values of one pair cannot be compared."""
        for own, other in key.pairs:
            table, _, column = other.rpartition(".")
            one = self.types.get((self._table(key.table), self.there.key(own)))
            two = self.types.get((self._table(table), self.there.key(column)))
            if one is not None and two is not None and not self.there.system.can_refer(one, two, self.domains):
                title = self.there.system.title
                return f"from {key.table}.{own} ({one}) to {other} ({two}): {title} compares no values of these types"
        return ""

    def follow(self, action: Action) -> None:
        """What an action makes of it."""
        table = self._table(action.name if action.kind == "table" else action.table)
        column = (table, self.there.key(action.name))
        match action.verb, action.kind:
            case Verb.MAKE, "type":
                self.enums |= {self._table(action.name)} if action.type == "enum" else set()
            case Verb.RENAME | Verb.REMOVE, "type":  # a name may mean another enum from now on
                kept = (TypeKind.BASE,)
                self.types = {key: type_ for key, type_ in self.types.items() if type_ and type_.kind in kept}
                self.enums.clear()
            case Verb.MAKE | Verb.REMOVE, "table":
                self.types = {key: type_ for key, type_ in self.types.items() if key[0] != table}
            case Verb.RENAME, "table":
                to = self._table(action.to)
                moved = {(to if key[0] == table else key[0], key[1]): type_ for key, type_ in self.types.items()}
                self.types = {} if action.depth else moved
            case Verb.MAKE, "column":
                self.types[column] = None if action.depth else self._written(action.type)
            case Verb.REMOVE, "column":
                self.types[column] = None
            case Verb.RENAME, "column":
                held = self.types.pop(column, None)
                self.types[table, self.there.key(action.to)] = None if action.depth else held
            case Verb.USE, "column" if action.type:
                self.types[column] = None if action.depth else self._written(action.type)
            case _:
                return

    def _written(self, text: str) -> Type | None:
        type_ = self.there.system.type_named(text, self._kind)
        return None if type_ is None or type_.kind is TypeKind.UNKNOWN else type_

    def _kind(self, schema: str | None, name: str) -> tuple[str | None, TypeKind]:
        """Of a type that is not built in: an enum that is known, or nobody knows what."""
        known = self._table(f"{schema}.{name}" if schema else name) in self.enums
        return schema or self.there.default_schema, TypeKind.ENUM if known else TypeKind.UNKNOWN

    def _table(self, name: str) -> str:
        return normal(Action(Verb.USE, "table", name), self.there).name
