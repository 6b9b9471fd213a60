"""SQL text cut into statements and words: quotes, comments and dollar quotes are respected, nothing is understood."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Word", "statements_of"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|--[^\n]*|/\*(?:(?!/\*|\*/).|/\*(?:(?!/\*|\*/).|/\*(?:(?!\*/).)*\*/)*\*/)*\*/)
    |(?P<quoted>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[A-Za-z_][^\]]*\])
    |(?P<string>[eE]'(?:[^'\\]|\\.|'')*'|[bBxXnN]?'(?:[^']|'')*'|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))
    |(?P<word>[^\W\d]\w*\$?)
    |(?P<number>\d[\w.]*)
    |(?P<sign>::|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_BODIED = ("TRIGGER", "FUNCTION", "PROCEDURE")
"""What may hold statements of its own between BEGIN and END."""


@dataclass(frozen=True, slots=True)
class Word:
    """`text` is as it is written; `upper` in capitals, and empty where it is quoted or a string."""

    text: str
    kind: str
    upper: str = ""

    @property
    def name(self) -> str:
        """The identifier: unquoted ones in small letters, as PostgreSQL folds them."""
        if self.kind == "quoted":
            return self.text[1:-1].replace(self.text[0] * 2, self.text[0])
        return self.text.lower()

    @property
    def identifier(self) -> bool:
        return self.kind in ("word", "quoted")


def statements_of(text: str) -> list[list[Word]]:
    """Each statement as its words; empty statements are left out.

    A semicolon in parentheses ends none: CREATE RULE .. DO ALSO (INSERT ..; DELETE ..).
    """
    found: list[list[Word]] = []
    current: list[Word] = []
    open_ = parentheses = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if match["tag"]:
            kind = "string"
        if kind == "space":
            continue
        written = match[0]
        word = Word(written, kind, written.upper() if kind in ("word", "sign") else "")
        if word.upper == ";" and open_ <= 0 and not parentheses:
            if current:
                found.append(current)
            current, open_ = [], 0
            continue
        parentheses = max(0, parentheses + {"(": 1, ")": -1}.get(word.upper, 0))
        current.append(word)
        if current[0].upper == "CREATE" and any(part.upper in _BODIED for part in current[:6]):
            open_ += {"BEGIN": 1, "CASE": 1, "END": -1}.get(word.upper, 0)
    if current:
        found.append(current)
    return found
