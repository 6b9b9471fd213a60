"""A cursor over the tokens of a stored CREATE statement, and how SQLite compares names."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.sqlite.tokens import Kind, Token, significant, unquoted

__all__ = ["NAMES", "Reader", "UnreadableTextError", "key", "qualified", "qualifiers"]


class UnreadableTextError(ValueError):
    """The stored text is none that this grammar knows."""


def key(name: str) -> str:
    """What SQLite compares names by: ASCII letters without case (https://sqlite.org/lang_naming.html)."""
    return name.lower() if name.isascii() else "".join(char.lower() if char.isascii() else char for char in name)


NAMES = frozenset({Kind.WORD, Kind.QUOTED, Kind.STRING})


class Reader:
    """A cursor over the significant tokens of a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = significant(text)
        self.at = 0

    def word(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead].word() if self.at + ahead < len(self.tokens) else ""

    def symbol(self, text: str) -> bool:
        if self.at >= len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.kind is Kind.SYMBOL and token.text == text

    def next(self) -> Token:
        if self.at >= len(self.tokens):
            raise UnreadableTextError("the text ends early")
        self.at += 1
        return self.tokens[self.at - 1]

    def take(self, *words: str) -> bool:
        """Move over these keywords if all of them come now."""
        for ahead, word in enumerate(words):
            if self.word(ahead) != word:
                return False
        self.at += len(words)
        return True

    def need(self, *words: str) -> None:
        if not self.take(*words):
            raise UnreadableTextError(f"expected {' '.join(words)} at {self.start}")

    def need_symbol(self, text: str) -> Token:
        if not self.symbol(text):
            raise UnreadableTextError(f"expected {text} at {self.start}")
        return self.next()

    def name(self) -> str:
        token = self.next()
        if token.kind not in NAMES:
            raise UnreadableTextError(f"expected a name at {token.start}")
        return unquoted(token)

    @property
    def start(self) -> int:
        """Where the next token starts."""
        return self.tokens[self.at].start if self.at < len(self.tokens) else len(self.text)

    @property
    def end(self) -> int:
        """Where the last token taken ends."""
        return self.tokens[self.at - 1].end

    def group(self) -> str:
        """What is between the parenthesis that comes now and its partner, as written."""
        opening = self.need_symbol("(")
        depth = 1
        while depth:
            token = self.next()
            if token.kind is Kind.SYMBOL and token.text in "()":
                depth += 1 if token.text == "(" else -1
        return self.text[opening.end : self.end - 1].strip()

    def names_in_group(self) -> tuple[str, ...]:
        """The leading names of a parenthesised list such as (a, b COLLATE NOCASE DESC)."""
        self.need_symbol("(")
        found = []
        while True:
            found.append(self.name())
            while not (self.symbol(",") or self.symbol(")")):
                if self.symbol("("):
                    self.group()
                else:
                    self.next()
            if self.next().text == ")":
                return tuple(found)

    def conflict(self) -> str:
        """What ON CONFLICT says, where that comes now: REPLACE, IGNORE, FAIL, ABORT or ROLLBACK."""
        return self.next().word() if self.take("ON", "CONFLICT") else ""


def qualified(reader: Reader) -> str:
    name = reader.name()
    if reader.symbol("."):
        reader.next()
        name = reader.name()
    return name


def qualifiers(found: Sequence[Token], table: str) -> list[tuple[int, int]]:
    """Where a table's own name stands before a column's, with the dot, and the database's name if that is there too."""
    spans = []
    for at in range(len(found) - 1):
        token = found[at]
        named = token.kind in (Kind.WORD, Kind.QUOTED) and found[at + 1].text == "."
        if named and key(unquoted(token)) == key(table):
            spans.append((at - 2 if at > 1 and found[at - 1].text == "." else at, at + 2))
    return spans
