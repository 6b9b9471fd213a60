"""What the revisions of a chain make, one after the other: where two make the same, and what should be there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.reading.revision_files import upgrade_body, upgrade_of

__all__ = ["Collision", "Made", "asks_first", "collisions", "made_by", "remove_from"]

T = TypeVar("T")
Key = tuple[str, str]
"""A namespace, and a name in it: what has one key cannot be made twice."""

_RELATIONS = ("table", "index", "sequence", "view")
"""They share their names: a sequence cannot be called as a table is."""


@dataclass(frozen=True, slots=True)
class Collision:
    """`second` makes what `first` made before. `kind` is that of an Action."""

    kind: str
    object: str
    first: Revision
    second: Revision
    line: int

    @property
    def named(self) -> str:
        """With its kind where the name alone does not tell it."""
        return self.object if self.kind in ("table", "column") else f"{self.kind} {self.object}"


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


def collisions(chain: Chain, system: str) -> list[Collision]:
    """What is made again while it is still there, going through the chain in order.

    Args:
        chain: the revisions.
        system: "postgresql" or "sqlite": which names exclude each other depends on it.
    """
    there: dict[Key, tuple[Action, Revision]] = {}
    found: list[Collision] = []
    for id_ in chain.order:
        revision = chain.by_id[id_]
        again: set[str] = set()
        for action in actions_of(revision.file):
            for made in _kept(action, there, system):
                key = _key(made.kind, made.object, made.table, system)
                if key is None:
                    continue
                if key not in there:
                    if not made.depth:
                        there[key] = (made, revision)
                elif not made.depth and made.table not in again:
                    found.append(Collision(made.kind, made.object, there[key][1], revision, made.line))
                    if made.kind == "table":
                        again.add(made.name)  # what belongs to it comes with it
    return found


def _kept(action: Action, there: dict[Key, tuple[Action, Revision]], system: str) -> Iterator[Action]:
    """What an action makes, after what it removes is taken out."""
    if action.verb is Verb.MAKE:
        yield action
    elif action.verb in (Verb.REMOVE, Verb.RENAME):
        key = _key(action.kind, action.object, action.table, system)
        if key is not None:
            there.pop(key, None)
        if action.kind == "table":
            _with_table(there, action, system)
        if action.kind == "function":
            for other in [key for key in there if key[0] == "function" and key[1].startswith(f"{_bare(action.name)}(")]:
                del there[other]
        if action.verb is Verb.RENAME and action.to:
            yield Action(Verb.MAKE, action.kind, action.to, action.table, "", action.line, action.depth)


def _with_table(there: dict[Key, tuple[Action, Revision]], action: Action, system: str) -> None:
    """Its columns, constraints and indexes go with it, or to its new name."""
    for key, (made, revision) in list(there.items()):
        if not made.table or _bare(made.table) != _bare(action.name):
            continue
        del there[key]
        moved = replace(made, table=action.to)
        new = _key(moved.kind, moved.object, moved.table, system) if action.to else None
        if new is not None:
            there[new] = (moved, revision)


def _key(kind: str, object_: str, table: str, system: str) -> Key | None:
    """None where a second one does no harm, or where nobody knows its name."""
    name = _bare(object_)
    if not name or (kind == "column" and not table):
        return None
    if system == "sqlite":
        name = name.lower()
        if kind in ("table", "index", "view"):
            return ("relation", name)
        return (kind, name) if kind in ("column", "trigger") else None
    if kind in _RELATIONS:
        return ("relation", name)
    if kind in ("constraint", "trigger", "policy", "rule"):
        return (kind, f"{_bare(table)}.{name}")
    return (kind, name) if kind in ("column", "type", "schema", "function", "extension") else None


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
