"""Statements that a revision hands to execute(): as text, or put together by SQLAlchemy's functions."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.calls import method_of, written
from schema_guard.chain.reading.constants import Value, value_of
from schema_guard.chain.reading.sql_actions import SEQUENCES, actions_in_sql
from schema_guard.chain.reading.unread_sql import unread

__all__ = ["Built", "actions_of_built", "built_by", "text_in"]

_CHANGES = frozenset({"insert", "update", "delete", "from_select"})
_READS = (
    frozenset({"select", "where", "select_from", "join", "outerjoin", "join_from", "order_by", "group_by", "having"})
    | {"limit", "offset", "filter", "filter_by", "distinct", "with_only_columns", "add_columns", "execution_options"}
    | {"subquery", "scalar_subquery", "alias", "cte", "exists", "label", "correlate", "union", "union_all"}
    | {"and_", "or_", "not_", "in_", "not_in", "notin_", "is_", "is_not", "isnot", "like", "ilike", "between", "asc"}
    | {"desc", "cast", "literal", "literal_column", "column", "table", "Table", "Column", "MetaData", "bindparam"}
    | {"true", "false", "null", "type_coerce", "aliased", "params", "startswith", "endswith", "contains"}
    | {"count", "max", "min", "sum", "avg", "coalesce", "lower", "upper", "length", "now", "trim", "replace"}
)
"""Functions and methods that only read."""
_BUILDS = frozenset({"select", "update", "insert", "delete"})


@dataclass(frozen=True, slots=True)
class Built:
    """A variable that holds a statement: the expressions that made it."""

    nodes: tuple[ast.expr, ...]


def built_by(value: ast.expr, before: Value, imported: Mapping[str, str]) -> Built | None:
    """The statement that this expression builds; None where it builds none.

    Args:
        value: the expression.
        before: what stands at its beginning, as far as it is known.
        imported: by name, what the file imports.
    """
    if isinstance(before, Built):
        return Built((*before.nodes, value))
    if not isinstance(value, ast.Call):
        return None
    parts = written(value).split(".")
    parts[0] = imported.get(parts[0], parts[0]).rpartition(".")[2]
    return Built((value,)) if _BUILDS & set(parts) else None


def text_in(node: ast.expr, names: Mapping[str, Value]) -> Value:
    """The text of op.execute("..") and of text("..").bindparams(..); UNKNOWN where it is none that is written."""
    if isinstance(node, ast.Call):
        method = method_of(node)
        if method in ("text", "DDL") and node.args:
            return value_of(node.args[0], names)
        if method in ("bindparams", "execution_options", "columns") and isinstance(node.func, ast.Attribute):
            return text_in(node.func.value, names)
    return value_of(node, names)


def actions_of_built(
    nodes: Sequence[ast.expr], line: int, imported: Mapping[str, str], names: Mapping[str, Value]
) -> list[Action]:
    """What a statement does that is no written text.

    Args:
        nodes: the expressions that make it.
        line: where it is executed.
        imported: by name, what the file imports.
        names: the file's variables.
    """
    inside = [inner for node in nodes for inner in ast.walk(node)]
    built = {node.attr for node in inside if isinstance(node, ast.Attribute)}
    named = {node.id for node in inside if isinstance(node, ast.Name)}
    built |= {imported.get(name, name).rpartition(".")[2] for name in named}
    if built & _CHANGES:
        return [Action(Verb.UNSEEN, line=line, text="an INSERT, UPDATE or DELETE")]
    if "select" in built:
        called = [call for call in inside if isinstance(call, ast.Call)]
        other = next((call for call in called if not _reads(call, imported, names)), None)
        if other is None:
            return []
        known = method_of(other).upper() in SEQUENCES
        return [Action(Verb.UNSEEN, line=line, text=f"a SELECT that calls {written(other)}(..)", readable=known)]
    texts = [node.value for node in inside if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return unread(" ".join(texts), line, "SQL that is built at run time")


def _reads(call: ast.Call, imported: Mapping[str, str], names: Mapping[str, Value]) -> bool:
    method = imported.get(method_of(call), method_of(call)).rpartition(".")[2]
    if method in ("text", "literal_column"):
        text = text_in(call, names) if method == "text" else value_of(call.args[0], names) if call.args else None
        return isinstance(text, str) and not actions_in_sql(f"SELECT {text}")
    return method in _READS or method[:1].isupper()
