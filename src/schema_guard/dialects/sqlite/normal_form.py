"""Nodes of `expression` in one form where SQLite's manual says that several mean the same.

https://sqlite.org/lang_expr.html: BETWEEN is two comparisons, IN a list of constants is a chain of them, a hexadecimal
number is an integer. A comparison with a constant is written with the constant on the right: the other operand decides
collation and affinity either way (https://sqlite.org/datatype3.html, 4.2 and 7.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

__all__ = ["Node", "between", "called", "compared", "joined", "negated", "number", "one_of", "with_whole_numbers"]

Node: TypeAlias = "tuple[str | Node, ...]"

_MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
_NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "IS": "IS NOT", "IS NOT": "IS"}
_NOWS = {"datetime": "current_timestamp", "date": "current_date", "time": "current_time"}
"""What these give for 'now', and without any argument (https://sqlite.org/lang_datefunc.html)."""
_LARGEST = 2**63
_EXACT = 2**53
"""Below it each whole number is a REAL, too."""


def number(text: str) -> str:
    """One spelling for each number: 0x10 is 16, 1.50 is 1.5. 1.0 is not 1, which divides and prints otherwise."""
    digits = text.lower().replace("_", "")
    try:
        if digits.startswith("0x"):
            value = int(digits, 16)
            return str(value if value < _LARGEST else value - 2 * _LARGEST)
        if digits.isdecimal() and int(digits) < _LARGEST:
            return str(int(digits))
        return repr(float(digits))
    except ValueError:
        return digits


def compared(operator: str, left: Node, right: Node) -> Node:
    if operator in _MIRRORED and _is_constant(left) and not _is_constant(right):
        operator, left, right = _MIRRORED[operator], right, left
    return (operator, left, right)


def between(left: Node, low: Node, high: Node) -> Node:
    return joined("AND", [compared(">=", left, low), compared("<=", left, high)])


def one_of(left: Node, items: Iterable[Node]) -> Node:
    """IN: the order of the list means nothing, nor does what stands there twice."""
    once = sorted(set(items), key=repr)
    return ("=", left, once[0]) if len(once) == 1 and _is_constant(once[0]) else ("IN", left, *once)


def negated(node: Node) -> Node:
    """NOT of a comparison is the opposite one, of NULL both are NULL."""
    if node[0] in _NEGATED and len(node) == 3:
        return (_NEGATED[str(node[0])], *node[1:])
    return ("NOT", node)


def joined(word: str, parts: Sequence[Node]) -> Node:
    """AND and OR are associative and commutative; `x = 1 OR x = 2` is `x IN (1, 2)`."""
    flat: list[Node] = []
    for part in parts:
        flat.extend([each for each in part[1:] if isinstance(each, tuple)] if part[0] == word else [part])
    if word == "OR":
        flat = _lists_united(flat)
    once = sorted(set(flat), key=repr)
    return once[0] if len(once) == 1 else (word, *once)


def _lists_united(parts: list[Node]) -> list[Node]:
    lists: dict[Node, list[Node]] = {}
    others: list[Node] = []
    for part in parts:
        left, items = part[1] if len(part) > 1 else "", [each for each in part[2:] if isinstance(each, tuple)]
        if part[0] in ("=", "IN") and isinstance(left, tuple) and items and all(map(_is_constant, items)):
            lists.setdefault(left, []).extend(items)
        else:
            others.append(part)
    return [*(one_of(left, items) for left, items in lists.items()), *others]


def with_whole_numbers(node: Node) -> Node:
    """The same with 1e3 and 1000.0 as 1000 where something is compared with it: only text tells them apart (3.3)."""
    parts = [with_whole_numbers(part) if isinstance(part, tuple) else part for part in node]
    if node[0] in ("AND", "OR"):
        return joined(str(node[0]), [part for part in parts[1:] if isinstance(part, tuple)])
    operands = [part for part in parts[2:] if isinstance(part, tuple)]
    left = parts[1] if len(parts) > 1 else ""
    if node[0] in {"IN", *_MIRRORED} and isinstance(left, tuple) and len(operands) == len(parts) - 2:
        constants = [_whole(each) for each in operands]
        return one_of(left, constants) if node[0] == "IN" else (node[0], left, *constants)
    return tuple(parts)


def _whole(node: Node) -> Node:
    if node[0] == "unary -" and isinstance(node[1], tuple):
        return ("unary -", _whole(node[1]))
    if node[0] != "number":
        return node
    try:
        value = float(str(node[1]))
    except ValueError:
        return node
    return ("number", str(int(value))) if value.is_integer() and abs(value) < _EXACT else node


def called(name: str, distinct: str, arguments: Sequence[Node]) -> Node:
    if name in _NOWS and not distinct and list(arguments) in ([], [("string", "now")]):
        return ("name", _NOWS[name])
    return ("call", name, distinct, *arguments)


def _is_constant(node: Node) -> bool:
    if node[0] == "unary -":
        return isinstance(node[1], tuple) and node[1][0] == "number"
    return node[0] in ("string", "number", "blob")
