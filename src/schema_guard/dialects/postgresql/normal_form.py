"""Nodes of the normal form that `expressions` builds, freed of what the deparser adds.

A deparsed text shows the casts that the parser chose (`status = 'a'::text`, `price > (0)::numeric`); the application
leaves them to the parser, which chooses them by the other operand. So on the deparsed side, and only there, the cast of
a literal next to an operand that is not a literal is dropped where no other choice was possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from schema_guard.column import Type
from schema_guard.dialects.postgresql.text_types import UNPADDED

__all__ = ["COMPARISONS", "Node", "argument", "binary", "cast", "joined", "quantified", "shown", "spelled"]

Node = tuple[Any, ...]
"""(kind, parts..): column, string, number, boolean, null, call, cast, operator, any, all, array, and, or, not, is."""

COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">="})
_TEXT_OPERANDS = COMPARISONS | {"~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "->", "->>", "?"}
"""Operators beside which an untyped literal means text when the other side is text."""
_NUMBER_OPERANDS = COMPARISONS | {"+", "-", "*", "/", "%"}
_NUMBERS = frozenset({"numeric", "double precision", "bigint", "integer", "smallint"})
_LARGEST_INTEGER = 2**31 - 1
_UNITED = {"or": ("any", "="), "and": ("all", "<>")}
_PLAIN_ARRAY = re.compile(r"\{([\w.-]+(?:,[\w.-]+)*)\}")
"""An array literal whose items need no quotes."""


def shown(type_: Type) -> str:
    """One spelling for each type."""
    schema = f"{type_.schema}." if type_.schema else ""
    modifiers = f"({','.join(type_.arguments)})" if type_.arguments else ""
    return f"{schema}{type_.name}{modifiers}{'[]' * type_.dimensions}"


def spelled(operator: str) -> str:
    return "<>" if operator == "!=" else operator


def joined(kind: str, parts: list[Node]) -> Node:
    """AND and OR are associative and commutative; `x = 1 OR x = 2` is `x IN (1, 2)`."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part[1] if part[0] == kind else [part])
    flat = _lists_united(flat, *_UNITED[kind])
    return flat[0] if len(flat) == 1 else (kind, tuple(sorted(flat, key=repr)))


def _lists_united(parts: list[Node], quantifier: str, operator: str) -> list[Node]:
    """Comparisons of one operand with constants as one comparison with their list."""
    lists: dict[Node, set[Node]] = {}
    others: list[Node] = []
    for part in parts:
        if part[:2] == ("operator", operator) and _is_literal(part[3]):
            lists.setdefault(part[2], set()).add(part[3])
        elif part[:2] == (quantifier, operator) and part[3][0] == "array" and all(map(_is_literal, part[3][1])):
            lists.setdefault(part[2], set()).update(part[3][1])
        else:
            others.append(part)
    return [*(_one_of(quantifier, operator, left, items) for left, items in lists.items()), *others]


def _one_of(quantifier: str, operator: str, left: Node, items: Iterable[Node]) -> Node:
    """The order of constants in a list means nothing, nor does one that stands there twice."""
    once = tuple(sorted(set(items), key=repr))
    return ("operator", operator, left, once[0]) if len(once) == 1 else (quantifier, operator, left, ("array", once))


def cast(node: Node, type_: str) -> Node:
    """A cast; that of a literal to what the bare literal is anyway disappears ('-1'::integer is -1)."""
    if node[0] == "string" and type_.endswith("[]") and (plain := _PLAIN_ARRAY.fullmatch(node[1])):
        items = plain[1].split(",")
        if type_ in ("text[]", "character varying[]") and "null" not in (item.lower() for item in items):
            return ("cast", ("array", tuple(("string", item) for item in items)), type_)
        if type_ == "integer[]":
            return ("array", tuple(cast(("string", item), "integer") for item in items))
    if node[0] == "string":
        if type_ == "integer" and re.fullmatch(r"-?\d{1,9}", node[1]):
            return ("number", str(int(node[1])))
        if type_ == "numeric" and re.fullmatch(r"-?\d+\.\d+", node[1]):
            return ("number", node[1])
        if type_ == "boolean" and node[1].lower() in ("t", "true", "f", "false"):
            return ("boolean", node[1].lower() in ("t", "true"))
    if node[0] == "number" and type_ == "integer" and re.fullmatch(r"-?\d+", node[1]):
        return node if abs(int(node[1])) <= _LARGEST_INTEGER else ("cast", node, type_)
    return ("cast", node, type_)


def binary(operator: str, left: Node, right: Node, deparsed: bool) -> Node:
    if deparsed and not (_is_literal(left) and _is_literal(right)):
        left, right = _operand(operator, left), _operand(operator, right)
    return ("operator", operator, left, right)


def quantified(kind: str, left: Node, operator: str, array: Node, deparsed: bool) -> Node:
    """`left operator ANY | ALL (array)`."""
    if deparsed and not _is_literal(left):
        if array[0] == "cast" and array[2] in ("text[]", "character varying[]") and array[1][0] == "array":
            array = array[1]
        if array[0] == "array":
            array = ("array", tuple(_item(item) for item in array[1]))
    if (kind, operator) in _UNITED.values() and array[0] == "array" and array[1] and all(map(_is_literal, array[1])):
        return _one_of(kind, operator, left, array[1])
    return (kind, operator, left, array)


def argument(node: Node, deparsed: bool) -> Node:
    """A function's argument: an untyped literal is taken for text before anything else (manual, 10.3)."""
    return node[1] if deparsed and _is_cast_string(node) and node[2] == "text" else node


def _operand(operator: str, node: Node) -> Node:
    if operator in _TEXT_OPERANDS and _is_cast_string(node) and (node[2] == "text" or _is_user_type(node[2])):
        return node[1]  # type: ignore[no-any-return]
    if operator in _NUMBER_OPERANDS and _is_cast_number(node):
        return node[1]  # type: ignore[no-any-return]
    return node


def _item(node: Node) -> Node:
    if _is_cast_string(node) and (node[2] in UNPADDED or _is_user_type(node[2])):
        return node[1]  # type: ignore[no-any-return]
    return node[1] if _is_cast_number(node) else node


def _is_user_type(type_: str) -> bool:
    return "." in type_ and not type_.endswith("[]")


def _is_cast_string(node: Node) -> bool:
    return bool(node[0] == "cast" and node[1][0] == "string")


def _is_cast_number(node: Node) -> bool:
    return bool(node[0] == "cast" and node[1][0] == "number" and node[2] in _NUMBERS)


def _is_literal(node: Node) -> bool:
    return bool(node[0] in ("string", "number", "boolean", "null") or (node[0] == "cast" and _is_literal(node[1])))
