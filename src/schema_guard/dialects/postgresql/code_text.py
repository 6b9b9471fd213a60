"""Which statements of a function in plpgsql may be reached, by its text alone.

Nothing is run. Conditions are known as far as they compare what the server gives a trigger (TG_OP, TG_TABLE_NAME, ..)
with constants; all others may be true or false (manual, "Control Structures" and "Trigger Functions"). It proves what
is never reached, and nothing of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from schema_guard.dialects.postgresql.code_conditions import Known, Truth
from schema_guard.dialects.postgresql.code_words import Statement, Word, words

__all__ = ["declarations", "reached"]

_WARNS = frozenset({"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"})
_LOOPS = frozenset({"LOOP", "WHILE", "FOR", "FOREACH"})
_GIVES = frozenset({":=", "=", "DEFAULT"})
_ENDS = frozenset({"END", "ELSE", "ELSIF", "ELSEIF", "WHEN", "EXCEPTION"})


class _Simple(NamedTuple):
    words: Statement


class _Declaration(NamedTuple):
    words: Statement


class _Choice(NamedTuple):
    """IF and CASE."""

    head: tuple[Word, ...]
    """Of CASE: what is compared."""
    branches: list[tuple[tuple[Word, ...] | None, list[_Node]]]
    """Each with its condition; ELSE has none."""


class _Loop(NamedTuple):
    head: tuple[Word, ...]
    body: list[_Node]


class _Block(NamedTuple):
    body: list[_Node]
    handlers: list[list[_Node]]


_Node: TypeAlias = _Simple | _Declaration | _Choice | _Loop | _Block


def declarations(text: str) -> list[Statement]:
    """All that the blocks of the body declare, the inner ones too, each with its name first."""
    found: list[_Node] = []
    reader = _Reader(words(text))
    while reader.at < len(reader.tokens):
        if reader.tokens[reader.at].upper == "DECLARE":
            found.extend(reader.declared())
        reader.at += 1
    return [each.words for each in found if isinstance(each, _Declaration) and each.words]


def reached(text: str, known: Known) -> list[Statement]:
    """What may be reached of the function's body.

    Args:
        text: the body.
        known: what is known of the variables that its conditions ask for.

    Raises:
        RecursionError: it is nested too deep.
    """
    every = words(text)
    own = {each[0].name.upper() for each in declarations(text)}
    own |= {name.name.upper() for name, sign in pairwise(every) if sign.text == ":="}
    told = {name: value for name, value in known.items() if re.split(r"[\[(]", name)[0] not in own}
    walk = _Walk(told)
    walk.run(_Reader(every).nodes())
    return walk.found


class _Reader:
    """Reads statement by statement; each method takes up where the last one ended."""

    def __init__(self, tokens: Sequence[Word]) -> None:
        self.tokens = tokens
        self.at = 0

    def nodes(self) -> list[_Node]:
        """Up to what ends the list, which is not taken."""
        found: list[_Node] = []
        while self.at < len(self.tokens) and self._upper not in _ENDS:
            found.extend(self._node())
        return found

    @property
    def _upper(self) -> str:
        return self.tokens[self.at].upper if self.at < len(self.tokens) else ""

    def _node(self) -> Iterator[_Node]:
        start = self._upper
        if start == "<<":
            self._upto(">>")
        elif start == "DECLARE":
            yield from self.declared()
        elif start == "BEGIN":
            yield self._block()
        elif start in ("IF", "CASE"):
            yield self._choice()
        elif start in _LOOPS:
            head = self._upto("LOOP")
            body = self.nodes()
            self._end()
            yield _Loop(head, body)
        else:
            yield _Simple(self._upto(";"))

    def declared(self) -> Iterator[_Declaration]:
        """From DECLARE to BEGIN."""
        while self.at < len(self.tokens) and self._upper != "BEGIN":
            if self._upper == "DECLARE":
                self.at += 1
            else:
                yield _Declaration(self._upto(";"))

    def _block(self) -> _Block:
        self.at += 1
        body, handlers = self.nodes(), []
        while self.at < len(self.tokens) and self._upper != "END":
            self._upto("THEN")  # EXCEPTION WHEN .. THEN, WHEN .. THEN
            handlers.append(self.nodes())
        self._end()
        return _Block(body, handlers)

    def _choice(self) -> _Choice:
        head: tuple[Word, ...] = ()
        if self._upper == "CASE":
            self.at += 1
            head = self._upto("WHEN", keep=True)
        branches: list[tuple[tuple[Word, ...] | None, list[_Node]]] = []
        while self.at < len(self.tokens) and self._upper != "END":
            otherwise = self._upper == "ELSE"
            self.at += 1
            condition = None if otherwise else self._upto("THEN")
            branches.append((condition, self.nodes()))
        self._end()
        return _Choice(head, branches)

    def _end(self) -> None:
        """Behind END, END IF, END CASE, END LOOP or END with a label."""
        while self.at < len(self.tokens) and self._upper != ";":
            self.at += 1
        self.at += 1

    def _upto(self, end: str, *, keep: bool = False) -> tuple[Word, ...]:
        """The tokens before this one, which is outside of parentheses and of CASE .. END."""
        start, depth, cases = self.at, 0, 0
        while self.at < len(self.tokens):
            word = self.tokens[self.at]
            if depth <= 0 and cases <= 0 and word.upper == end:
                break
            depth += (word.text == "(") - (word.text == ")")
            if self.at > start or end != ";":
                cases += (word.upper == "CASE") - (word.upper == "END" and cases > 0)
            self.at += 1
        found = tuple(self.tokens[start : self.at])
        self.at += not keep
        return found


class _Walk:
    """Collects what may be reached; each method says whether what stands behind may be, too."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.found: list[Statement] = []
        self.cursors: dict[str, Statement] = {}
        """The queries of bound cursors, which run when they are opened."""

    def run(self, nodes: Sequence[_Node]) -> bool:
        for node in nodes:
            if not self._follow(node):
                return False
            if isinstance(node, _Simple) and _leaves(node.words):
                return True  # behind the loop or the block that it leaves
        return True

    def _follow(self, node: _Node) -> bool:
        match node:
            case _Simple(words=statement):
                return self._simple(statement)
            case _Declaration(words=statement):
                self._declare(statement)
                return True
            case _Loop(head=head, body=body):
                self._add(head)
                self.run(body)
                return True
            case _Block(body=body, handlers=handlers):
                ends = [self.run(each) for each in (body, *handlers)]
                return any(ends)
            case _Choice():
                return self._chosen(node)

    def _add(self, statement: Statement) -> None:
        self.found.append(statement)
        uppers = [word.upper for word in statement[:3]]
        at = 1 if uppers[:1] == ["OPEN"] else 3 if uppers[::2] == ["FOR", "IN"] else len(statement)
        if at < len(statement) and (query := self.cursors.get(statement[at].name)):
            self.found.append(query)

    def _declare(self, statement: Statement) -> None:
        """A value that it is declared with is computed; the type is none."""
        uppers = [word.upper for word in statement]
        if "CURSOR" in uppers[1:4]:
            query = next((at for at, upper in enumerate(uppers) if upper in ("FOR", "IS")), len(uppers))
            self.cursors[statement[0].name] = statement[query + 1 :]
        elif value := next((at for at, upper in enumerate(uppers) if at and upper in _GIVES), 0):
            self.found.append(statement[value:])

    def _simple(self, statement: Statement) -> bool:
        if not statement:
            return True
        self._add(statement)
        second = statement[1].upper if len(statement) > 1 else ""
        match statement[0].upper:
            case "RETURN":
                return second in ("NEXT", "QUERY")
            case "RAISE":
                return second in _WARNS
            case _:
                return True

    def _chosen(self, node: _Choice) -> bool:
        goes_on = False
        if node.head:
            self._add((*_sign("CASE"), *node.head))
        for condition, body in node.branches:
            truth: bool | None = True
            if condition is not None:
                self._add((*_sign("IF"), *condition))
                asked = (*node.head, *_sign("IN"), *_sign("("), *condition, *_sign(")")) if node.head else condition
                truth = Truth(asked, self.known).of_all()
            if truth is not False:
                goes_on = self.run(body) or goes_on
            if truth is True:
                return goes_on
        return True


def _leaves(statement: Statement) -> bool:
    """EXIT and CONTINUE that ask nothing."""
    uppers = [word.upper for word in statement]
    return uppers[:1] in (["EXIT"], ["CONTINUE"]) and "WHEN" not in uppers


def _sign(text: str) -> tuple[Word]:
    return (Word("word", text, text, text.lower()),)
