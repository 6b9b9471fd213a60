"""SQLite's lexical rules: a text into tokens that, joined, are the text again.

The rules are those of SQLite's own tokenizer (https://sqlite.org/lang_keywords.html for the four ways to quote a name,
https://sqlite.org/lang_expr.html#literal_values_constants_ for literals, https://sqlite.org/lang_comment.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Kind", "Token", "ended", "is_bare_name", "quoted_literal", "significant", "tokens", "unquoted"]


class Kind(StrEnum):
    SPACE = "space"
    COMMENT = "comment"
    WORD = "word"
    """A bare name or a keyword; which of them only the grammar knows."""
    QUOTED = "quoted"
    """A name in "", `` or []; "" is also how SQLite tolerates a string."""
    STRING = "string"
    BLOB = "blob"
    NUMBER = "number"
    VARIABLE = "variable"
    SYMBOL = "symbol"
    ILLEGAL = "illegal"


class Token(NamedTuple):
    """One token; `start` and `end` are character offsets in the text."""

    kind: Kind
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def word(self) -> str:
        """The keyword in upper case, or "" when this cannot be one."""
        return self.text.upper() if self.kind is Kind.WORD else ""


# A name may hold any character beyond ASCII; $ only after the first character.
_PATTERN = re.compile(
    r"""
    (?P<space>[ \t\n\f\r\ufeff][ \t\n\f\r\v\ufeff]*)
  | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
  | (?P<blob>[xX]'(?:[0-9a-fA-F]{2})*')
  | (?P<word>[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*)
  | (?P<string>'(?:[^']|'')*')
  | (?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
  | (?P<number>(?:0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9][0-9_]*)?))
  | (?P<variable>\?[0-9]*|[@:$\#][A-Za-z0-9_$\u0080-\U0010ffff]+)
  | (?P<symbol>\|\||->>|->|==|<=|<>|<<|>=|>>|!=|[-+*/%=<>|&~(),;.])
  | (?P<illegal>.)
    """,
    re.VERBOSE | re.DOTALL,
)

_BARE = re.compile(r"[a-z_][a-z0-9_]*\Z")

_KINDS = {kind.value: kind for kind in Kind}
_SILENT = frozenset({Kind.SPACE.value, Kind.COMMENT.value})


def tokens(text: str) -> Iterator[Token]:
    """Every token of the text in order, blanks and comments too."""
    for match in _PATTERN.finditer(text):
        yield Token(_KINDS[match.lastgroup or "illegal"], match.group(), match.start())


def significant(text: str) -> list[Token]:
    """The tokens that mean something: without blanks and comments."""
    return [
        Token(_KINDS[kind], match.group(), match.start())
        for match in _PATTERN.finditer(text)
        if (kind := match.lastgroup or "illegal") not in _SILENT
    ]


def ended(text: str) -> str:
    """The statement with its semicolon, behind a comment at its end too."""
    last = list(tokens(text))[-1]
    if last.text == ";":
        return text
    return f"{text}\n;" if last.kind is Kind.COMMENT and last.text.startswith("--") else f"{text};"


def unquoted(token: Token) -> str:
    """The name (or the string) that a token stands for."""
    text = token.text
    match token.kind:
        case Kind.QUOTED if text[0] == "[":
            return text[1:-1]
        case Kind.QUOTED | Kind.STRING:
            return text[1:-1].replace(text[0] * 2, text[0])
        case _:
            return text


def quoted_literal(text: str) -> str:
    """The text as an SQL string; where no statement can hold it, by its bytes."""
    if "\0" in text:
        return f"CAST(x'{text.encode().hex()}' AS TEXT)"
    return "'" + text.replace("'", "''") + "'"


def is_bare_name(name: str) -> bool:
    """Whether a name needs no quotes as far as its characters go (it may still be a keyword)."""
    return _BARE.match(name) is not None
