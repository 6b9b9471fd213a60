"""What the revisions of a chain make, one after the other: where two make the same, and what should be there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.reading.revision_files import upgrade_body, upgrade_of
from schema_guard.chain.systems import Key, System

__all__ = ["Collision", "Made", "Names", "asks_first", "called", "collisions", "made_by", "remove_from"]

T = TypeVar("T")
Maker = TypeVar("Maker")


@dataclass(frozen=True, slots=True)
class Collision:
    """`second` makes by `action` what `first` made before by `earlier`, or something else that gets the same name."""

    action: Action
    earlier: Action
    first: Revision
    second: Revision

    @property
    def named(self) -> str:
        """What the second makes, with its kind where the name alone does not tell it."""
        alike = self.action.kind == self.earlier.kind
        return self.action.object if alike and self.action.kind in ("table", "column") else called(self.action)

    @property
    def other(self) -> str:
        """What has the name already; empty where it is the same."""
        one, two = ((each.kind, each.object, _bare(each.table)) for each in (self.action, self.earlier))
        return "" if one == two else called(self.earlier)


@dataclass(frozen=True, slots=True)
class Made:
    """Tables and columns that a revision makes and no later one of those that ran removes or renames."""

    revision: str
    objects: tuple[str, ...]


def asks_first(file: str) -> bool:
    """Whether upgrade() does everything only where it is not done yet: guarded(), `if`, if_not_exists=True."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (SyntaxError, ValueError, OSError):
        return False
    if not isinstance(upgrade_of(tree), ast.FunctionDef):
        return upgrade_of(tree) is None
    return all(map(_asks, upgrade_body(tree)))


def _asks(statement: ast.stmt) -> bool:
    match statement:
        case ast.With(
            items=[ast.withitem(context_expr=ast.Call(func=ast.Name("guarded") | ast.Attribute(attr="guarded")))]
        ):
            return True
        case ast.For(body=body):
            return all(map(_asks, body))
        case ast.Expr(value=ast.Call(keywords=keywords)):
            return any(keyword.arg in ("if_not_exists", "if_exists") for keyword in keywords)
        case _:
            return isinstance(statement, (ast.If, ast.Import, ast.ImportFrom))


def collisions(chain: Chain, system: System) -> list[Collision]:
    """What is made again while it is still there, going through the chain in order.

    Args:
        chain: the revisions.
        system: which names exclude each other depends on it.
    """
    names = Names[Revision](system)
    found: list[Collision] = []
    for id_ in chain.order:
        revision = chain.by_id[id_]
        again: set[str] = set()
        for action in actions_of(revision.file):
            made = names.after(action)
            if made is None or made.depth:
                continue
            taken = names.taken(made)
            if taken is None:
                names.add(made, revision)
            elif not made.chosen and not made.asks and made.table not in again:
                found.append(Collision(made, *taken, revision))
                if made.kind == "table":
                    again.add(made.name)  # what belongs to it comes with it
    return found


class Names(Generic[Maker]):
    """The names that are taken when a revision's turn comes, each with what has it and who made that."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._there: dict[Key, tuple[Action, Maker]] = {}

    def taken(self, made: Action) -> tuple[Action, Maker] | None:
        """What has a name already that this would get."""
        return next((self._there[key] for key in self._keys(made) if key in self._there), None)

    def add(self, made: Action, maker: Maker) -> None:
        for key in self._keys(made):
            self._there[key] = (made, maker)

    def after(self, action: Action) -> Action | None:
        """What an action makes, after what it removes is taken out; None where it makes nothing."""
        if action.verb is Verb.MAKE:
            return action
        if action.verb not in (Verb.REMOVE, Verb.RENAME):
            return None
        gone = self._remove(action)
        if action.kind in ("table", "type"):
            self._with_table(action)
        if action.kind == "column":
            self._with_column(action)
        if action.kind == "function":
            for key in [key for key in self._there if key[1].startswith(f"{_bare(action.name)}(")]:
                del self._there[key]
        if action.verb is Verb.RENAME and action.to:
            relation = gone is not None and gone.relation
            return Action(
                Verb.MAKE, action.kind, action.to, action.table, "", action.line, action.depth, relation=relation
            )
        return None

    def _remove(self, action: Action) -> Action | None:
        """Take the object out, with all the names that it had."""
        first = next((self._there[key][0] for key in self._keys(action)[:1] if key in self._there), None)
        for key in [key for key, (made, _) in self._there.items() if made is first]:
            del self._there[key]
        return first

    def _with_table(self, action: Action) -> None:
        """Its columns, constraints and indexes, or the values of a type, go with it, or to its new name."""
        for made, maker in self._of(action.name):
            self._remove(made)
            if action.to:
                self.add(replace(made, table=action.to), maker)

    def _with_column(self, action: Action) -> None:
        """The constraints and indexes that name a column go with it; after a rename they may name it otherwise."""
        for made, maker in self._of(action.table):
            if made.kind not in ("index", "constraint") or action.name not in (made.mentions or {action.name}):
                continue
            self._remove(made)
            if action.to:
                self.add(replace(made, mentions=None), maker)

    def _of(self, table: str) -> list[tuple[Action, Maker]]:
        """What belongs to a table."""
        found = [item for item in self._there.values() if item[0].table and _bare(item[0].table) == _bare(table)]
        return list({id(made): (made, maker) for made, maker in found}.values())

    def _keys(self, action: Action) -> tuple[Key, ...]:
        """Its names, its own first; none where a second one does no harm, or where nobody knows its name."""
        kind, name, table = action.kind, _bare(action.object), _bare(action.table)
        if not name or (kind == "column" and not table):
            return ()
        return self._system.keys(kind, name, table, relation=action.relation)


def called(action: Action) -> str:
    """The object with its kind, and the table of a constraint and an index, or the type of a value."""
    if action.kind == "value":
        return f"value '{action.name}' of type {action.table}"
    of = f" of {action.table}" if action.table and action.kind in ("constraint", "index") else ""
    return f"{action.kind} {action.object}{of}"


def _bare(name: str) -> str:
    """Without the schema that unqualified names usually go to."""
    return name.removeprefix("public.")


def made_by(chain: Chain, ran: frozenset[str]) -> list[Made]:
    """The tables and columns that should be there when exactly these revisions ran, by the revision that made them."""
    there: dict[str, str] = {}
    for id_ in chain.order:
        if id_ not in ran:
            continue
        for action in actions_of(chain.by_id[id_].file):
            _follow(there, action, id_)
    return [
        Made(id_, tuple(object_ for object_, maker in there.items() if maker == id_))
        for id_ in chain.order
        if id_ in ran
    ]


def _follow(there: dict[str, str], action: Action, id_: str) -> None:
    if action.kind not in ("table", "column") or not action.object:
        return
    if action.verb is Verb.MAKE:
        if not action.depth:
            there[action.object] = id_
    elif action.verb is Verb.REMOVE:
        remove_from(there, action)
    elif action.verb is Verb.RENAME:
        renamed = {
            action.target + name.removeprefix(action.object): maker
            for name, maker in there.items()
            if name == action.object or (action.kind == "table" and name.startswith(f"{action.object}."))
        }
        remove_from(there, action)
        if not action.depth:
            there |= renamed


def remove_from(there: dict[str, T], action: Action) -> None:
    """Take an object, and the columns of a table, out."""
    there.pop(action.object, None)
    if action.kind == "table":
        for name in [name for name in there if name.startswith(f"{action.name}.")]:
            del there[name]
