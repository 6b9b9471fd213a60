"""SQL expressions in a form in which equal ones are equal: on SQLite, tokens define what is equal.

Quotes and case of names, blanks, comments, redundant parentheses, a column's table name, and operators that SQLite
reads as the same (https://sqlite.org/lang_expr.html#operators_and_parse_affecting_attributes) make no difference; what
means the same is brought to one form by normal_form.py.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from schema_guard.dialects.sqlite.normal_form import Node, between, called, compared, joined, negated, number, one_of
from schema_guard.dialects.sqlite.reader import key
from schema_guard.dialects.sqlite.tokens import Kind, Token, significant, unquoted

__all__ = ["Node", "expression", "outer_parentheses_removed", "strings_as_names"]


class _OddError(Exception):
    """Something this small grammar doesn't know; the flat tokens are compared then."""


_EQUAL = {"==": "=", "<>": "!="}
# The binary operators by how tightly they bind, loosest first; AND, OR and the comparisons are handled on their own.
_BINARY = (
    frozenset({"<", "<=", ">", ">="}),
    frozenset({"&", "|", "<<", ">>"}),
    frozenset({"+", "-"}),
    frozenset({"*", "/", "%"}),
    frozenset({"||", "->", "->>"}),
)
_LIKE = frozenset({"LIKE", "GLOB", "REGEXP", "MATCH"})
_CONSTANTS = {"TRUE": "1", "FALSE": "0"}


@lru_cache(maxsize=4096)
def expression(text: str) -> Node:
    """The expression as nested tuples; equal tuples mean the same to SQLite."""
    found = significant(text)
    try:
        parser = _Parser(found)
        node = parser.either()
        if parser.at != len(found):
            raise _OddError
    except _OddError:
        return ("tokens", *_flat(found))
    return node


def strings_as_names(node: Node) -> Node:
    """The same with each string as if it stood in double quotes, which SQLite takes for a string where no column has
    that name (https://sqlite.org/quirks.html#double_quoted_string_literals_are_accepted). In no order."""
    if node[:1] == ("string",):
        return ("name", key(str(node[1])))
    if node[:1] == ("=",):
        node = ("IN", *node[1:])  # of one string; of one name it stayed IN
    return tuple(sorted((strings_as_names(part) if isinstance(part, tuple) else part for part in node), key=repr))


def outer_parentheses_removed(text: str) -> str:
    """The expression without the parentheses that enclose all of it."""
    while True:
        found = significant(text)
        if len(found) < 2 or found[0].text != "(" or not _encloses(found):
            return text.strip()
        text = text[found[0].end : found[-1].start]


def _encloses(found: list[Token]) -> bool:
    depth = 0
    for position, token in enumerate(found):
        if token.kind is Kind.SYMBOL and token.text in "()":
            depth += 1 if token.text == "(" else -1
            if depth == 0:
                return position == len(found) - 1
    return False


def _flat(found: list[Token]) -> list[str | Node]:
    return [_leaf(token) for token in found]


def _leaf(token: Token) -> Node:
    match token.kind:
        case Kind.WORD if token.word() in _CONSTANTS:
            return ("number", _CONSTANTS[token.word()])
        case Kind.WORD | Kind.QUOTED:
            return ("name", key(unquoted(token)))
        case Kind.STRING:
            return ("string", unquoted(token))
        case Kind.NUMBER:
            return ("number", number(token.text))
        case Kind.BLOB:
            return ("blob", token.text.lower())
        case Kind.SYMBOL:
            return ("symbol", _EQUAL.get(token.text, token.text))
        case _:
            return (token.kind.value, token.text)


class _Parser:
    """Precedence climbing over the table of operators in SQLite's manual."""

    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.at = 0

    def word(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].word() if self.at + ahead < len(self.tokens) else ""

    def symbol(self) -> str:
        if self.at >= len(self.tokens) or self.tokens[self.at].kind is not Kind.SYMBOL:
            return ""
        return self.tokens[self.at].text

    def take(self, *words: str) -> bool:
        if any(self.word(ahead) != word for ahead, word in enumerate(words)):
            return False
        self.at += len(words)
        return True

    def need(self, symbol: str) -> None:
        if self.symbol() != symbol:
            raise _OddError
        self.at += 1

    def either(self) -> Node:
        return self._chain("OR", self.both)

    def both(self) -> Node:
        return self._chain("AND", self.negation)

    def _chain(self, word: str, operand: Callable[[], Node]) -> Node:
        parts = [operand()]
        while self.take(word):
            parts.append(operand())
        return joined(word, parts)

    def negation(self) -> Node:
        if self.word() == "NOT" and self.word(1) != "EXISTS":
            self.at += 1
            return negated(self.negation())
        return self.comparison()

    def comparison(self) -> Node:
        node = self.binary(0)
        while True:
            symbol = self.symbol()
            if symbol in ("=", "==", "!=", "<>"):
                self.at += 1
                node = compared(_EQUAL.get(symbol, symbol), node, self.binary(0))
                continue
            if self.take("ISNULL"):
                node = ("IS", node, ("name", "null"))
            elif self.take("NOTNULL") or self.take("NOT", "NULL"):
                node = ("IS NOT", node, ("name", "null"))
            elif self.take("IS"):
                node = self.after_is(node)
            elif self.word() == "NOT" and self.word(1) in _LIKE | {"IN", "BETWEEN"}:
                self.at += 1
                node = negated(self.after_word(node))
            elif self.word() in _LIKE | {"IN", "BETWEEN"}:
                node = self.after_word(node)
            else:
                return node

    def after_is(self, left: Node) -> Node:
        negation = self.take("NOT")
        if self.take("DISTINCT", "FROM"):
            negation = not negation
        start = self.at
        right = self.binary(0)
        if self.at == start + 1 and self.tokens[start].word() in _CONSTANTS:  # a question of its own: 2 IS TRUE
            right = ("truth", *right)
        return ("IS NOT" if negation else "IS", left, right)

    def after_word(self, left: Node) -> Node:
        if self.take("BETWEEN"):
            low = self.binary(0)
            if not self.take("AND"):
                raise _OddError
            return between(left, low, self.binary(0))
        if self.take("IN"):
            return one_of(left, self.members())
        operator = self.word()
        self.at += 1
        pattern = self.binary(0)
        if self.take("ESCAPE"):
            return (operator, left, pattern, self.binary(0))
        return (operator, left, pattern)

    def members(self) -> list[Node]:
        """The list after IN."""
        self.need("(")
        if self.word() in ("SELECT", "VALUES", "WITH"):
            raise _OddError
        return self.arguments()

    def arguments(self) -> list[Node]:
        """Expressions up to the closing parenthesis, which is taken too."""
        found: list[Node] = []
        while self.symbol() != ")":
            found.append(self.either())
            if self.symbol() != ",":
                break
            self.at += 1
        self.need(")")
        return found

    def binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self.unary()
        node = self.binary(level + 1)
        while self.symbol() in _BINARY[level]:
            operator = self.symbol()
            self.at += 1
            node = compared(operator, node, self.binary(level + 1))
        return node

    def unary(self) -> Node:
        symbol = self.symbol()
        if symbol in ("-", "+", "~"):
            self.at += 1
            operand = self.unary()
            return operand if symbol == "+" and operand[0] == "number" else (f"unary {symbol}", operand)
        node = self.primary()
        while self.take("COLLATE"):
            node = ("COLLATE", node, key(unquoted(self.next())))
        return node

    def next(self) -> Token:
        if self.at >= len(self.tokens):
            raise _OddError
        self.at += 1
        return self.tokens[self.at - 1]

    def primary(self) -> Node:
        if self.symbol() == "(":
            self.at += 1
            if self.word() in ("SELECT", "VALUES", "WITH"):
                raise _OddError
            inside = self.arguments()
            return inside[0] if len(inside) == 1 else ("row", *inside)
        token = self.next()
        if token.kind is Kind.SYMBOL or token.word() in ("CASE", "EXISTS", "RAISE", "NOT", "SELECT"):
            if token.word() == "CASE":
                return self.case()
            raise _OddError
        if token.word() == "CAST" and self.symbol() == "(":
            return self.cast()
        if token.kind in (Kind.WORD, Kind.QUOTED):
            if self.symbol() == "(":
                return self.call(key(unquoted(token)))
            while self.symbol() == ".":  # in a CHECK or an index only one table can be meant
                self.at += 1
                token = self.next()
        return _leaf(token)

    def call(self, name: str) -> Node:
        self.need("(")
        if self.symbol() == "*":
            self.at += 1
            self.need(")")
            node: Node = ("call", name, "*")
        else:
            distinct = "DISTINCT" if self.take("DISTINCT") else ""
            node = called(name, distinct, self.arguments())
        if self.word() in ("FILTER", "OVER"):
            raise _OddError
        return node

    def cast(self) -> Node:
        self.need("(")
        operand = self.either()
        if not self.take("AS"):
            raise _OddError
        type_words: list[str] = []
        depth = 0
        while depth or self.symbol() != ")":
            token = self.next()
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            type_words.append(token.text.upper())
        self.need(")")
        return ("CAST", operand, " ".join(type_words))

    def case(self) -> Node:
        parts: list[str | Node] = []
        if self.word() != "WHEN":
            parts.append(("of", self.either()))
        while self.take("WHEN"):
            condition = self.either()
            if not self.take("THEN"):
                raise _OddError
            parts.append(("when", condition, self.either()))
        if self.take("ELSE"):
            parts.append(("else", self.either()))
        if not self.take("END"):
            raise _OddError
        return ("CASE", *parts)
