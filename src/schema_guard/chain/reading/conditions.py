"""Whether a statement of a revision runs in any case."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from schema_guard.chain.reading.actions import Action
from schema_guard.chain.reading.calls import written

__all__ = ["is_guarded", "may_leave", "within"]


def is_guarded(node: ast.expr) -> bool:
    """guarded(op): it makes only what is missing."""
    return isinstance(node, ast.Call) and written(node.func).endswith("guarded")


def within(items: Sequence[ast.withitem], actions: Sequence[Action]) -> list[Action]:
    """The actions of a `with` block, as what it enters lets them run."""
    entered = [item.context_expr for item in items]
    asks = any(map(is_guarded, entered))
    autocommit = any(written(each).endswith(".autocommit_block") for each in entered)
    return [replace(each, asks=asks or each.asks, autocommit=autocommit or each.autocommit) for each in actions]


def may_leave(statement: ast.stmt) -> bool:
    """Whether what follows it in its block may not run: `if has_table(..): return`, `continue`.

    A `raise` ends the whole revision, which then did not run.
    """
    match statement:
        case ast.Return() | ast.Continue() | ast.Break():
            return True
        case ast.For() | ast.While():
            return any(isinstance(node, ast.Return) for node in _within(statement))
        case ast.If() | ast.Try() | ast.TryStar() | ast.With() | ast.Match():
            return any(map(may_leave, _inner(statement)))
        case _:
            return False


def _inner(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of its blocks."""
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt):
            yield child
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            yield from child.body


def _within(statement: ast.stmt) -> Iterator[ast.stmt]:
    """All statements within it, without those of functions."""
    for inner in _inner(statement):
        yield inner
        if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _within(inner)
