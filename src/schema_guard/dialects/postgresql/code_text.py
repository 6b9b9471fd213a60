"""Which statements of a function in plpgsql are reached, and how surely, by its text alone.

Nothing is run. Conditions are known as far as they compare what the server gives a trigger (TG_OP, TG_TABLE_NAME, ..)
with constants; all others may be true or false (manual, "Control Structures" and "Trigger Functions").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

__all__ = ["Known", "Reached", "Word", "reached", "words"]

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*(?:(?!/\*|\*/).|/\*(?:(?!\*/).)*\*/)*\*/
    |\#(?:option|variable_conflict|print_strict_params)\b[^\n]*
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
    |(?P<quoted>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)|(?P<word>[^\W\d][\w$]*)
    |(?P<sign>::|:=|<<|>>|<>|!=|<=|>=|\.\.|.)""",
    re.VERBOSE | re.DOTALL,
)
_WARNS = frozenset({"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"})
_LOOPS = frozenset({"LOOP", "WHILE", "FOR", "FOREACH"})
_ENDS = frozenset({"END", "ELSE", "ELSIF", "ELSEIF", "WHEN", "EXCEPTION"})

Known: TypeAlias = Mapping[str, str]
"""By name in capitals, what a variable holds."""


class Word(NamedTuple):
    """A token: `upper` in capitals, and empty of what is quoted; `name` as an identifier."""

    kind: str
    text: str
    upper: str
    name: str


class Reached(NamedTuple):
    """A statement, or the condition of one."""

    words: tuple[Word, ...]
    surely: bool
    """Whatever the row holds."""


class _Simple(NamedTuple):
    words: tuple[Word, ...]


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


_Node: TypeAlias = _Simple | _Choice | _Loop | _Block


def words(text: str) -> tuple[Word, ...]:
    """The tokens of SQL or plpgsql; comments are left out."""
    return tuple(_word(match) for match in _TOKEN.finditer(text) if match.lastgroup is not None)


def reached(text: str, known: Known) -> list[Reached]:
    """What is reached of the function's body.

    Args:
        text: the body.
        known: what is known of the variables that its conditions ask for.
    """
    found: list[Reached] = []
    _run(_Reader(words(text)).nodes(), True, known, found)
    return found


def _word(match: re.Match[str]) -> Word:
    kind, text = "string" if match["tag"] else match.lastgroup or "", match[0]
    name = text[1:-1].replace('""', '"') if kind == "quoted" else text.lower()
    return Word(kind, text, text.upper() if kind in ("word", "sign") else "", name)


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
            self.at += 1
            while self.at < len(self.tokens) and self._upper != "BEGIN":
                yield _Simple(self._upto(";"))
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


def _run(nodes: Sequence[_Node], surely: bool, known: Known, found: list[Reached]) -> bool | None:
    """Adds what is reached; whether what stands behind is: surely, never, or None for perhaps."""
    goes_on: bool | None = True
    for node in nodes:
        after = _follow(node, surely and goes_on is True, known, found)
        if after is False:
            return False
        goes_on = None if after is None else goes_on
    return goes_on


def _follow(node: _Node, surely: bool, known: Known, found: list[Reached]) -> bool | None:
    match node:
        case _Simple(words=statement):
            return _simple(statement, surely, found)
        case _Loop(head=head, body=body):
            found.append(Reached(head, surely))
            return True if _run(body, False, known, found) else None
        case _Block(body=body, handlers=handlers):
            first = _run(body, surely and not handlers, known, found)
            return _of_all([first, *(_run(each, False, known, found) for each in handlers)])
        case _Choice():
            return _chosen(node, surely, known, found)


def _simple(statement: tuple[Word, ...], surely: bool, found: list[Reached]) -> bool | None:
    if not statement:
        return True
    found.append(Reached(statement, surely))
    second = statement[1].upper if len(statement) > 1 else ""
    match statement[0].upper:
        case "RETURN":
            return second in ("NEXT", "QUERY")
        case "RAISE":
            return second in _WARNS
        case "EXIT" | "CONTINUE":  # where it leads is not followed
            return None
        case _:
            return True


def _chosen(node: _Choice, surely: bool, known: Known, found: list[Reached]) -> bool | None:
    ends: list[bool | None] = []
    if node.head:
        found.append(Reached(node.head, surely))
    for condition, body in node.branches:
        truth: bool | None = True
        if condition is not None:
            found.append(Reached(condition, surely))
            asked = (*node.head, *_sign("IN"), *_sign("("), *condition, *_sign(")")) if node.head else condition
            truth = _Truth(asked, known).of_all()
        if truth is not False:
            ends.append(_run(body, surely and truth is True, known, found))
            surely = False
        if truth is True:
            return _of_all(ends)
    return _of_all([*ends, True])


def _of_all(ends: Sequence[bool | None]) -> bool | None:
    return ends[0] if len(set(ends)) == 1 else None


def _sign(text: str) -> tuple[Word]:
    return (Word("word", text, text, text.lower()),)


_SIGNS = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "!=": lambda a, b: a != b,
}
_ORDER = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}


class _Truth:
    """A condition by SQL's logic of three values; None where it is not known."""

    def __init__(self, tokens: Sequence[Word], known: Known) -> None:
        self.tokens, self.known = tokens, known
        self.at = 0

    def of_all(self) -> bool | None:
        found = self._either()
        return found if self.at == len(self.tokens) else None

    @property
    def _upper(self) -> str:
        return self.tokens[self.at].upper if self.at < len(self.tokens) else ""

    def _either(self) -> bool | None:
        found = [self._both()]
        while self._upper == "OR":
            self.at += 1
            found.append(self._both())
        return True if True in found else None if None in found else False

    def _both(self) -> bool | None:
        found = [self._one()]
        while self._upper == "AND":
            self.at += 1
            found.append(self._one())
        return False if False in found else None if None in found else True

    def _one(self) -> bool | None:
        if self._upper == "NOT":
            self.at += 1
            found = self._one()
            return None if found is None else not found
        begun = self.at
        if self._upper == "(":
            self.at += 1
            inner = self._either()
            if self._upper == ")":
                self.at += 1
                if self._upper in ("", "AND", "OR", ")"):
                    return inner
        self.at = begun
        return self._comparison(self._operation())

    def _operation(self) -> list[Word]:
        """Up to the next AND or OR; that of BETWEEN belongs to it."""
        found: list[Word] = []
        depth, between = 0, False
        while self.at < len(self.tokens):
            word = self.tokens[self.at]
            if depth == 0 and (word.text == ")" or (word.upper in ("AND", "OR") and not between)):
                break
            between = word.upper == "BETWEEN" or (between and word.upper != "AND")
            depth += (word.text == "(") - (word.text == ")")
            found.append(word)
            self.at += 1
        return found

    def _comparison(self, found: Sequence[Word]) -> bool | None:
        if len(found) == 1:
            return {"TRUE": True, "FALSE": False}.get(found[0].upper)
        for place, word in enumerate(found):
            if word.text in _SIGNS or word.text in _ORDER:
                return self._compared(word.text, found[:place], found[place + 1 :])
            if word.upper == "IN":
                negated = found[place - 1].upper == "NOT" if place else False
                within = self._among(found[: place - negated], found[place + 1 :])
                return None if within is None else within is not negated
        return None

    def _compared(self, sign: str, left: Sequence[Word], right: Sequence[Word]) -> bool | None:
        one, other = self._value(left), self._value(right)
        if one is None or other is None:
            return None
        if sign in _SIGNS:
            return bool(_SIGNS[sign](one, other))
        numbers = one.isdigit() and other.isdigit()
        return bool(_ORDER[sign](int(one), int(other))) if numbers else None

    def _among(self, left: Sequence[Word], right: Sequence[Word]) -> bool | None:
        one = self._value(left)
        inside = [word for word in right[1:-1] if word.text != ","]
        if one is None or not inside or any(word.kind not in ("string", "number") for word in inside):
            return None
        return one in {self._value([word]) for word in inside}

    def _value(self, found: Sequence[Word]) -> str | None:
        """Of a constant or a known variable, also with a cast to a type of text."""
        if len(found) > 2 and found[-2].text == "::" and found[-1].upper in ("TEXT", "NAME", "VARCHAR", "REGCLASS"):
            found = found[:-2] if found[-1].upper != "REGCLASS" else ()
        text = "".join(word.upper or word.text for word in found)
        if len(found) == 1 and found[0].kind == "string" and found[0].text[0] == "'":
            return found[0].text[1:-1].replace("''", "'")
        return text if text.isdigit() else self.known.get(text)
