"""What revisions do, as far as their text says so: op.create_table, op.add_column and their opposites in upgrade().

Only calls that run in any case count (not within `if` or `try`), with names written as literals.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from schema_guard.integrations.alembic.chain import Chain, Revision
from schema_guard.integrations.alembic.reading import upgrade_body

__all__ = ["Action", "Collision", "Made", "actions_of", "asks_first", "collisions", "made_by"]

T = TypeVar("T")

_PLAIN = frozenset({"batch_alter_table", "autocommit_block", "begin_transaction", "begin_nested"})
"""What may stand around operations and still runs them in any case; anything else may look first."""


@dataclass(frozen=True, slots=True)
class Action:
    """`kind` is "make" or "remove"; `column` is empty where it is about the table."""

    kind: str
    table: str
    column: str = ""
    line: int = 0
    depth: bool = False
    """Within an `if`, `for` or `try`: it may not run."""

    @property
    def object(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, slots=True)
class Collision:
    """`second` makes what `first` made before."""

    object: str
    first: Revision
    second: Revision
    line: int


@dataclass(frozen=True, slots=True)
class Made:
    """What a revision makes and no later one of those that ran removes."""

    revision: str
    objects: tuple[str, ...]


def actions_of(file: str) -> list[Action]:
    """The actions of a revision's upgrade(), in order; empty where it cannot be read."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (SyntaxError, ValueError, OSError):
        return []
    return [action for statement in upgrade_body(tree) for action in _of_statement(statement, "", False)]


def asks_first(file: str) -> bool:
    """Whether upgrade() does everything only where it is not done yet: guarded(), `if`, if_not_exists=True."""
    try:
        tree = ast.parse(Path(file).read_bytes())
    except (SyntaxError, ValueError, OSError):
        return False
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


def collisions(chain: Chain) -> list[Collision]:
    """Tables and columns that are made again while they are still there, going through the chain in order."""
    there: dict[str, Revision] = {}
    found: list[Collision] = []
    for id_ in chain.order:
        revision = chain.by_id[id_]
        again = ""
        for action in actions_of(revision.file):
            if action.kind == "remove":
                _remove(there, action)
            elif action.object not in there:
                if not action.depth:
                    there[action.object] = revision
            elif not action.depth and action.table != again:
                found.append(Collision(action.object, there[action.object], revision, action.line))
                again = "" if action.column else action.table  # its columns come with it
    return found


def made_by(chain: Chain, ran: frozenset[str]) -> list[Made]:
    """What should be in the database when exactly these revisions ran, by the revision that made it."""
    there: dict[str, str] = {}
    for id_ in chain.order:
        if id_ not in ran:
            continue
        for action in actions_of(chain.by_id[id_].file):
            if action.kind == "remove":
                _remove(there, action)
            elif not action.depth:
                there[action.object] = id_
    return [
        Made(id_, tuple(object_ for object_, maker in there.items() if maker == id_))
        for id_ in chain.order
        if id_ in ran
    ]


def _remove(there: dict[str, T], action: Action) -> None:
    there.pop(action.object, None)
    if not action.column:
        for name in [name for name in there if name.startswith(f"{action.table}.")]:
            del there[name]


def _of_statement(node: ast.AST, batch: str, depth: bool) -> Iterator[Action]:
    """`batch` is the table of the `with op.batch_alter_table(..)` around it."""
    match node:
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call)], body=body) if _called(call) in _PLAIN:
            table = _table(call, 0) if _called(call) == "batch_alter_table" else ""
            for statement in body:
                yield from _of_statement(statement, table or batch, depth)
        case ast.If() | ast.Try() | ast.For() | ast.While() | ast.With() | ast.FunctionDef() | ast.Match():
            for inner in ast.iter_child_nodes(node):
                yield from _of_statement(inner, batch, True)
        case ast.Expr(value=ast.Call() as call) | ast.Assign(value=ast.Call() as call):
            yield from _of_call(call, batch, depth)
        case _:
            return


def _of_call(call: ast.Call, batch: str, depth: bool) -> Iterator[Action]:
    first = 0 if batch else 1
    match _called(call):
        case "create_table" if table := _table(call, 0):
            depth = depth or any(keyword.arg == "if_not_exists" for keyword in call.keywords)
            yield Action("make", table, line=call.lineno, depth=depth)
            for column in filter(None, map(_column, call.args)):
                yield Action("make", table, column, call.lineno, depth)
        case "drop_table" if table := _table(call, 0):
            yield Action("remove", table, line=call.lineno)
        case "rename_table" if (table := _table(call, 0)) and (to := _text(call, 1)):
            yield Action("remove", table, line=call.lineno)
            yield Action("make", to, line=call.lineno, depth=depth)
        case "add_column" if (table := batch or _table(call, 0)) and len(call.args) > first:
            column = _column(call.args[first])
            conditional = depth or any(keyword.arg == "if_not_exists" for keyword in call.keywords)
            if column:
                yield Action("make", table, column, call.lineno, conditional)
        case "drop_column" if (table := batch or _table(call, 0)) and (name := _text(call, first)):
            yield Action("remove", table, name, call.lineno)
        case "alter_column" if (table := batch or _table(call, 0)) and (name := _text(call, first)):
            to = _keyword(call, "new_column_name")
            if to:
                yield Action("remove", table, name, call.lineno)
                yield Action("make", table, to, call.lineno, depth)
        case "execute":
            yield from _of_sql(call)


_DROPPED = re.compile(
    r"drop\s+table\s+(?:if\s+exists\s+)?(?P<table>[\w.\"]+)|"
    r"alter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<owner>[\w.\"]+)\s+"
    r"(?:drop\s+column\s+(?:if\s+exists\s+)?(?P<column>[\w\"]+)|rename\s+(?:column\s+)?(?P<old>[\w\"]+)\s+to\s)",
    re.IGNORECASE,
)


def _of_sql(call: ast.Call) -> Iterator[Action]:
    """What raw SQL removes is not expected any more; what it makes is not known."""
    for node in ast.walk(call):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for found in _DROPPED.finditer(node.value):
                table = (found["table"] or found["owner"]).replace('"', "").rpartition(".")[2]
                column = (found["column"] or found["old"] or "").replace('"', "")
                yield Action("remove", table, "" if column.lower() == "to" else column, call.lineno)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _table(call: ast.Call, position: int) -> str:
    """The table's name, with its schema where one is written; a schema that is computed leaves the name unknown."""
    name = _text(call, position) or _keyword(call, "table_name")
    schema = next((keyword.value for keyword in call.keywords if keyword.arg == "schema"), None)
    if schema is None or (isinstance(schema, ast.Constant) and schema.value is None):
        return name
    written = schema.value if isinstance(schema, ast.Constant) else None
    return f"{written}.{name}" if name and isinstance(written, str) else ""


def _text(call: ast.Call, position: int) -> str:
    if len(call.args) > position:
        value = call.args[position]
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return ""


def _keyword(call: ast.Call, name: str) -> str:
    value = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""


def _column(node: ast.expr) -> str:
    """The name in `sa.Column("name", ..)`."""
    if isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called == "Column":
            return _text(node, 0) or _keyword(node, "name")
    return ""
