"""A text that a revision sends, and how: what SQLAlchemy, the driver and the server make of it depends on that."""

from __future__ import annotations

import ast
import re

from schema_guard.chain.reading.actions import SENT, Action, Verb
from schema_guard.chain.reading.calls import method_of, written

__all__ = ["parameter_in", "sent"]

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""What SQLAlchemy's text() takes for a parameter, within quotes as well (its documentation, text())."""


def parameter_in(text: str) -> str:
    """The first that text() wants a value for; empty where there is none."""
    found = _PARAMETER.search(text)
    return found[0] if found else ""


def sent(call: ast.Call, statement: ast.expr, text: str, *, depth: bool) -> Action:
    """The action of a call of execute() and the like.

    Args:
        call: the call.
        statement: its argument that holds the text.
        text: what that is.
        depth: it may not run.
    """
    method, on = method_of(call), written(call.func)
    alone = len(call.args) <= 1 and all(keyword.arg == "execution_options" for keyword in call.keywords)
    inner = (method_of(node) for node in ast.walk(statement) if isinstance(node, ast.Call))
    unbound = alone and method != "exec_driver_sql" and not {"bindparams", "DDL"} & set(inner)
    literal = isinstance(statement, ast.JoinedStr | ast.Constant)
    takes_any = on.startswith(("op.", "context.")) and "get_bind" not in on  # they make a text() of it
    plain = literal and method in ("execute", "scalar", "scalars") and not takes_any
    return Action(
        Verb.USE,
        SENT,
        line=call.lineno,
        depth=depth,
        text=text,
        unbound=unbound,
        plain=plain and "get_context" not in on,
    )
