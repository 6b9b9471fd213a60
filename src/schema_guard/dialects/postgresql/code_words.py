"""The tokens of SQL and of plpgsql (manual, "Lexical Structure")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

__all__ = ["Statement", "Word", "behind_parenthesis", "constant", "parted_by_commas", "words"]

_TOKEN = re.compile(
    r"""\s+|--[^\n]*|/\*(?:(?!/\*|\*/).|/\*(?:(?!\*/).)*\*/)*\*/
    |\#(?:option|variable_conflict|print_strict_params)\b[^\n]*
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
    |(?P<quoted>"(?:[^"]|"")*")|(?P<number>\d+(?:\.\d+)?)|(?P<word>[^\W\d][\w$]*)
    |(?P<sign>::|:=|<<|>>|<>|!=|<=|>=|\.\.|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPED = re.compile(r"\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Word(NamedTuple):
    """A token: `upper` in capitals, and empty of what is quoted; `name` as an identifier."""

    kind: str
    text: str
    upper: str
    name: str


Statement: TypeAlias = tuple[Word, ...]
"""A statement, the condition of one, or what a variable is declared with."""


def words(text: str) -> tuple[Word, ...]:
    """The tokens of SQL or plpgsql; comments are left out."""
    return tuple(_word(match) for match in _TOKEN.finditer(text) if match.lastgroup is not None)


def constant(word: Word) -> str | None:
    """What a string constant holds: also one in dollars or with E before it; None where that needs the server."""
    if word.kind != "string":
        return None
    if word.text[0] == "$":
        tag = word.text.index("$", 1) + 1
        return word.text[tag:-tag]
    plain = word.text[word.text.index("'") + 1 : -1].replace("''", "'")
    if word.text[0] == "'":
        return plain
    escapes = _ESCAPED.findall(plain)
    if any(each[0] in "01234567xuU" for each in escapes):  # bytes of the server's encoding
        return None
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), plain)


def behind_parenthesis(tokens: Sequence[Word], at: int) -> int:
    """Behind the parenthesis that closes the one that stands there."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place].text == "(") - (tokens[place].text == ")")
        if depth == 0:
            return place + 1
    return len(tokens)


def parted_by_commas(tokens: Sequence[Word]) -> list[list[Word]]:
    """The items of a list; a comma within parentheses or brackets parts none."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in tokens:
        depth += (word.text in ("(", "[")) - (word.text in (")", "]"))
        if word.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _word(match: re.Match[str]) -> Word:
    kind, text = "string" if match["tag"] else match.lastgroup or "", match[0]
    name = text[1:-1].replace('""', '"') if kind == "quoted" else text.lower()
    return Word(kind, text, text.upper() if kind in ("word", "sign") else "", name)
