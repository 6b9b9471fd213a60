"""What a function of a revision file is given where it is called."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from schema_guard.chain.reading.constants import UNKNOWN, Value, value_of

__all__ = ["parameters_of"]


def parameters_of(
    function: ast.FunctionDef, call: ast.Call, held: Callable[[ast.expr], Value], names: Mapping[str, Value]
) -> dict[str, Value]:
    """Its parameters by name.

    Args:
        function: the function.
        call: the call.
        held: the value of an argument.
        names: the file's variables, which defaults may name.
    """
    own = function.args
    parameters = [*own.posonlyargs, *own.args]
    given = {argument.arg: UNKNOWN for argument in (*parameters, *own.kwonlyargs)}
    for further in filter(None, (own.vararg, own.kwarg)):
        given[further.arg] = UNKNOWN
    late = parameters[len(parameters) - len(own.defaults) :]
    for parameter, default in (
        *zip(late, own.defaults, strict=True),
        *zip(own.kwonlyargs, own.kw_defaults, strict=True),
    ):
        if default is not None:
            given[parameter.arg] = value_of(default, names)
    for parameter, argument in zip(parameters, call.args, strict=False):
        if isinstance(argument, ast.Starred):
            break
        given[parameter.arg] = held(argument)
    for keyword in call.keywords:
        if keyword.arg in given:
            given[keyword.arg] = held(keyword.value)
    if any(keyword.arg is None for keyword in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return dict.fromkeys(given, UNKNOWN)
    return given
