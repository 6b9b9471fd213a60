"""What is called, as it is written in a revision file."""

from __future__ import annotations

import ast

__all__ = ["call_before", "method_of", "through_globals", "written"]


def method_of(call: ast.Call) -> str:
    """The last part: `execute` of op.get_bind().execute(..)."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def written(node: ast.AST) -> str:
    """a.b.c as it is written, calls in between left out."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            return f"{written(value)}.{attr}".lstrip(".")
        case ast.Call(func=function):
            return written(function)
        case _:
            return ""


def through_globals(call: ast.Call) -> bool:
    """globals()["upgrade_" + engine_name]() of the templates for several databases."""
    return isinstance(call.func, ast.Subscript) and written(call.func.value) == "globals"


def call_before(node: ast.expr) -> ast.Call | None:
    """The call on whose result something is called or read: execute(..) of execute(..).mappings().all."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node if isinstance(node, ast.Call) else None
