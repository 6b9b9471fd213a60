"""A reader for the small language of CHECKs, defaults and index expressions, as far as equality can be proved cheaply.

`parse` gives a normal form in which what PostgreSQL's deparser (ruleutils.c) changes makes no difference: parentheses,
IN lists, casts of literals, `!=`, BETWEEN, LIKE, spelling of keywords and functions. Two texts of the same normal form
mean the same over the same table. What this reader doesn't know gives None, and the server has to compare.
"""

from __future__ import annotations

import re
from functools import lru_cache

from schema_guard.column import Type, TypeKind
from schema_guard.dialects.postgresql.lexer import tokens
from schema_guard.dialects.postgresql.normal_form import (
    COMPARISONS,
    Node,
    argument,
    binary,
    cast,
    joined,
    quantified,
    shown,
    spelled,
)
from schema_guard.dialects.postgresql.types import parse_type

__all__ = ["Node", "constant", "parse"]

_MATCHES = {"like": "~~", "ilike": "~~*"}
_RESERVED = frozenset(
    {
        "and",
        "or",
        "not",
        "is",
        "null",
        "in",
        "between",
        "like",
        "ilike",
        "similar",
        "case",
        "when",
        "then",
        "else",
        "end",
        "from",
        "cast",
        "array",
        "any",
        "all",
        "some",
        "distinct",
        "symmetric",
        "collate",
        "at",
        "escape",
        "row",
        "select",
        "overlaps",
        "isnull",
        "notnull",
    }
)
_NOW = frozenset({"current_timestamp", "now", "transaction_timestamp"})
_BARE_CALLS = frozenset({"current_date", "current_user", "session_user", "localtimestamp", "localtime", "current_time"})
_PURE_FUNCTIONS = re.compile(r"[a-z_][\w$]*\Z")


class _UnreadableError(Exception):
    """Something this reader doesn't know."""


@lru_cache(maxsize=8192)
def parse(text: str, deparsed: bool = False) -> Node | None:
    """The normal form, or None when the text is beyond this reader.

    Args:
        text: SQL.
        deparsed: it was written by the server (pg_get_expr), with every cast that the parser chose.
    """
    try:
        reader = _Reader(tokens(text), deparsed)
        node = reader.disjunction()
        reader.end()
        return node
    except (_UnreadableError, RecursionError):
        return None


_BOOLEANS = {
    **dict.fromkeys(("t", "true", "y", "yes", "on", "1"), True),
    **dict.fromkeys(("f", "false", "n", "no", "off", "0"), False),
}
"""As text (manual, 8.6)."""


def constant(node: Node, type_: Type) -> Node | None:
    """The constant that the node is for a column of that type, without a cast to that very type; else None."""
    plain = "character varying" if type_.name == "character varying" and not type_.dimensions else shown(type_)
    if type_.name == "numeric" and not type_.dimensions:
        plain = "numeric"  # digits are cut when the column takes the value, whoever wrote it
    if node[0] == "cast" and node[1][0] == "string" and node[2] in (plain, shown(type_)):
        node = node[1]
    if node[0] == "string" and type_.kind is TypeKind.BASE and not type_.dimensions:
        if type_.name in ("smallint", "integer", "bigint") and re.fullmatch(r"-?\d+", node[1]):
            return ("number", str(int(node[1])))
        if type_.name == "numeric" and re.fullmatch(r"-?\d+(\.\d+)?", node[1]):
            return ("number", node[1])
        if type_.name == "boolean" and node[1].lower() in _BOOLEANS:
            return ("boolean", _BOOLEANS[node[1].lower()])
        if type_.name == "text" or (type_.name == "character varying" and not type_.arguments):
            return node
        if type_.name == "character varying" and len(node[1]) <= int(type_.arguments[0]):
            return node
    return node if node[0] in ("string", "number", "boolean", "null") else None


class _Reader:
    """Recursive descent in the order of precedence of the manual's table 4.2, loosest first."""

    def __init__(self, found: list[tuple[str, str]], deparsed: bool) -> None:
        self.deparsed = deparsed
        self.tokens = [*found, ("end", "")]
        self.position = 0

    def end(self) -> None:
        if self.kind != "end":
            raise _UnreadableError

    @property
    def kind(self) -> str:
        return self.tokens[self.position][0]

    @property
    def text(self) -> str:
        return self.tokens[self.position][1]

    def word(self, *words: str) -> bool:
        """Take the words when they come next."""
        for offset, word in enumerate(words):
            kind, text = self.tokens[min(self.position + offset, len(self.tokens) - 1)]
            if kind != "word" or text.lower() != word:
                return False
        self.position += len(words)
        return True

    def mark(self, *marks: str) -> bool:
        if self.kind in ("mark", "operator", "cast") and self.text in marks:
            self.position += 1
            return True
        return False

    def binary(self, operator: str, left: Node, right: Node) -> Node:
        return binary(operator, left, right, self.deparsed)

    def need(self, mark: str) -> None:
        if not self.mark(mark):
            raise _UnreadableError

    def disjunction(self) -> Node:
        parts = [self.conjunction()]
        while self.word("or"):
            parts.append(self.conjunction())
        return joined("or", parts)

    def conjunction(self) -> Node:
        parts = [self.negation()]
        while self.word("and"):
            parts.append(self.negation())
        return joined("and", parts)

    def negation(self) -> Node:
        if self.word("not"):
            return ("not", self.negation())
        return self.test()

    def test(self) -> Node:
        """IS and the comparisons; they do not chain."""
        node = self.comparison()
        while self.word("is"):
            negated = self.word("not")
            for word in ("null", "true", "false", "unknown"):
                if self.word(word):
                    node = ("is", node, word, negated)
                    break
            else:
                raise _UnreadableError
        return node

    def comparison(self) -> Node:
        left = self.containment()
        if self.kind == "operator" and (operator := spelled(self.text)) in COMPARISONS:
            self.position += 1
            if self.word("any"):
                return quantified("any", left, operator, self.quantified(), self.deparsed)
            if self.word("all"):
                return quantified("all", left, operator, self.quantified(), self.deparsed)
            return self.binary(operator, left, self.containment())
        return left

    def quantified(self) -> Node:
        self.need("(")
        node = self.disjunction()
        self.need(")")
        return node

    def containment(self) -> Node:
        """BETWEEN, IN, LIKE."""
        left = self.other_operators()
        negated = self.tokens[self.position][1].lower() == "not" and self.word("not")
        if self.word("between"):
            low = self.other_operators()
            if not self.word("and"):
                raise _UnreadableError
            high = self.other_operators()
            if negated:
                return joined("or", [self.binary("<", left, low), self.binary(">", left, high)])
            return joined("and", [self.binary(">=", left, low), self.binary("<=", left, high)])
        if self.word("in"):
            items = self.items()
            operator = "<>" if negated else "="
            if len(items) == 1:
                return self.binary(operator, left, items[0])
            return quantified("all" if negated else "any", left, operator, ("array", tuple(items)), self.deparsed)
        for word, operator in _MATCHES.items():
            if self.word(word):
                return self.binary("!" + operator if negated else operator, left, self.other_operators())
        if negated:
            raise _UnreadableError
        return left

    def items(self) -> list[Node]:
        self.need("(")
        items = [self.disjunction()]
        while self.mark(","):
            items.append(self.disjunction())
        self.need(")")
        return items

    def other_operators(self) -> Node:
        node = self.sum()
        while self.kind == "operator":
            operator = spelled(self.text)
            if operator in COMPARISONS or operator in ("+", "-", "*", "/", "%", "^"):
                return node
            self.position += 1
            node = self.binary(operator, node, self.sum())
        return node

    def sum(self) -> Node:
        node = self.product()
        while self.kind == "operator" and self.text in ("+", "-"):
            operator = self.text
            self.position += 1
            node = self.binary(operator, node, self.product())
        return node

    def product(self) -> Node:
        node = self.unary()
        while self.kind == "operator" and self.text in ("*", "/", "%"):
            operator = self.text
            self.position += 1
            node = self.binary(operator, node, self.unary())
        return node

    def unary(self) -> Node:
        if self.mark("-"):
            # -1::t is -(1::t): the minus binds weaker than the cast
            node = self.unary()
            if node[0] == "number" and not node[1].startswith("-"):
                return ("number", "-" + node[1])
            raise _UnreadableError
        return self.casts()

    def casts(self) -> Node:
        node = self.primary()
        while self.mark("::"):
            node = cast(node, self.type_name())
        if self.mark("["):
            raise _UnreadableError
        return node

    def primary(self) -> Node:
        kind, text = self.tokens[self.position]
        if self.mark("("):
            node = self.disjunction()
            self.need(")")
            return node
        self.position += 1
        if kind == "string":
            return ("string", text[1:-1].replace("''", "'"))
        if kind == "number":
            return ("number", text)
        if kind == "quoted":
            return self.name(text[1:-1].replace('""', '"'), folded=False)
        if kind == "word":
            return self.keyword(text.lower())
        raise _UnreadableError

    def keyword(self, word: str) -> Node:
        if word in ("true", "false"):
            return ("boolean", word == "true")
        if word == "null":
            return ("null",)
        if word == "cast":
            return self.cast_call()
        if word == "array":
            return self.array()
        if word in _RESERVED:
            raise _UnreadableError
        if word in _NOW and word.startswith("current"):
            return ("call", "now", ())
        if word in _BARE_CALLS and not (self.kind == "mark" and self.text == "("):
            return ("call", word, ())
        return self.name(word, folded=True)

    def cast_call(self) -> Node:
        self.need("(")
        node = self.disjunction()
        if not self.word("as"):
            raise _UnreadableError
        type_ = self.type_name()
        self.need(")")
        return cast(node, type_)

    def array(self) -> Node:
        self.need("[")
        items: list[Node] = []
        if not self.mark("]"):
            items.append(self.disjunction())
            while self.mark(","):
                items.append(self.disjunction())
            self.need("]")
        return ("array", tuple(items))

    def name(self, name: str, folded: bool) -> Node:
        if self.mark("."):
            raise _UnreadableError  # what a qualified name means, the server knows
        if self.kind == "string":
            raise _UnreadableError  # DATE '..', E'..', INTERVAL '..'
        if not self.mark("("):
            return ("column", name)
        if not folded or not _PURE_FUNCTIONS.match(name):
            raise _UnreadableError
        arguments: list[Node] = []
        if not self.mark(")"):
            arguments.append(self.disjunction())
            while self.mark(","):
                arguments.append(self.disjunction())
            self.need(")")
        if name in _NOW and not arguments:
            return ("call", "now", ())
        return ("call", name, tuple(argument(item, self.deparsed) for item in arguments))

    def type_name(self) -> str:
        """What follows :: or AS, up to where no type can go on."""
        start, depth = self.position, 0
        while self.kind != "end":
            if self.mark("("):
                depth += 1
            elif depth and self.mark(")"):
                depth -= 1
            elif depth or self._goes_on(self.position == start):
                self.position += 1
            else:
                break
        words = [text for _, text in self.tokens[start : self.position]]
        if not words or words[0] == "(":
            raise _UnreadableError
        return shown(parse_type(" ".join(words), _unknown))

    def _goes_on(self, first: bool) -> bool:
        kind, text = self.tokens[self.position]
        before = self.tokens[self.position - 1][1]
        if kind == "mark" and text == "]":
            return before == "[" or self.tokens[self.position - 2][1] == "["
        if kind == "quoted" or (kind == "mark" and text in (".", "[")) or (kind == "number" and before == "["):
            return True
        if kind != "word":
            return False
        lowered = text.lower()
        return first or lowered in ("varying", "precision", "with", "without", "time", "zone") or before == "."


def _unknown(schema: str | None, _: str) -> tuple[str | None, TypeKind]:
    return schema, TypeKind.UNKNOWN
