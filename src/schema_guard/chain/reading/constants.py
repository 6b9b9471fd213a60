"""What an expression of a revision file stands for, as far as that is written in the file: names, texts, tuples."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["UNKNOWN", "Value", "turns_of", "value_of"]


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()
"""Only running the file could tell."""
TURNS = 200
"""How many turns of a loop over written values are gone through."""
Value = Any
"""A text, a number, None, or a list, tuple or dict of them; or UNKNOWN."""


def value_of(node: ast.expr, names: Mapping[str, Value]) -> Value:
    """The value of an expression.

    Args:
        node: the expression.
        names: the values of variables that are known.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return [value_of(item, names) for item in items]
        case ast.Dict(keys=keys, values=values) if all(key is not None for key in keys):
            pairs = [
                (value_of(key, names), value_of(value, names)) for key, value in zip(keys, values, strict=True) if key
            ]
            return dict(pairs) if all(isinstance(key, str) for key, _ in pairs) else UNKNOWN
        case ast.JoinedStr(values=parts):
            return _joined([value_of(part, names) for part in parts])
        case ast.FormattedValue(value=value, format_spec=None, conversion=-1 | 115):
            return value_of(value, names)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([value_of(left, names), value_of(right, names)])
        case ast.BinOp(left=left, op=ast.Mod(), right=right):
            return _formatted(value_of(left, names), value_of(right, names))
        case ast.Subscript(value=inner, slice=key):
            return _item(value_of(inner, names), value_of(key, names))
        case ast.Call(func=ast.Attribute(value=inner, attr=method)):
            return _called(value_of(inner, names), method, node, names)
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]) if function in _LISTS:
            return _listed(function, [value_of(argument, names) for argument in arguments])
        case _:
            return UNKNOWN


_LISTS: Mapping[str, Callable[..., Any]] = {
    "sorted": sorted,
    "list": list,
    "tuple": list,
    "set": list,
    "reversed": reversed,
    "zip": zip,
    "enumerate": enumerate,
}
"""Functions whose result is a list of what they are given."""


def _listed(function: str, arguments: list[Value]) -> Value:
    given = [list(value) if isinstance(value, dict) else value for value in arguments]
    if not given or not all(isinstance(value, list) for value in given):
        return UNKNOWN
    try:
        found = list(_LISTS[function](*given))
    except TypeError:
        return UNKNOWN
    return [list(item) if isinstance(item, tuple) else item for item in found]


def _joined(parts: list[Value]) -> Value:
    return "".join(map(str, parts)) if parts and all(isinstance(part, (str, int)) for part in parts) else UNKNOWN


def _formatted(text: Value, values: Value) -> Value:
    given = tuple(values) if isinstance(values, list) else values
    known = given is not UNKNOWN and not (isinstance(given, tuple) and any(part is UNKNOWN for part in given))
    if not isinstance(text, str) or not known:
        return UNKNOWN
    try:
        return text % given
    except (TypeError, ValueError, KeyError):
        return UNKNOWN


def _item(holder: Value, key: Value) -> Value:
    if isinstance(holder, (list, dict, str)) and isinstance(key, (int, str)):
        try:
            return holder[key]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            return UNKNOWN
    return UNKNOWN


def _called(receiver: Value, method: str, call: ast.Call, names: Mapping[str, Value]) -> Value:
    arguments = [value_of(argument, names) for argument in call.args]
    keywords = {keyword.arg or "": value_of(keyword.value, names) for keyword in call.keywords}
    if receiver is UNKNOWN or any(value is UNKNOWN for value in (*arguments, *keywords.values())):
        return UNKNOWN
    if isinstance(receiver, str) and method in ("format", "join", "strip", "lower", "upper", "replace", "split"):
        try:
            return getattr(receiver, method)(*arguments, **keywords)
        except (TypeError, ValueError, KeyError, IndexError):
            return UNKNOWN
    if isinstance(receiver, dict) and method in ("items", "keys", "values"):
        return [list(pair) if isinstance(pair, tuple) else pair for pair in getattr(receiver, method)()]
    return UNKNOWN


def turns_of(values: Value) -> list[Value]:
    """What a loop over it gives its variable, turn by turn; once UNKNOWN where that is not written."""
    given = list(values) if isinstance(values, dict) else values
    return given[:TURNS] if isinstance(given, list) and given else [UNKNOWN]
