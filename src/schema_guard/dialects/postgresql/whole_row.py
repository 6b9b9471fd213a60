"""Whether an expression takes its table's row as a whole: the row of another table is of another type. Pure."""

from __future__ import annotations

from itertools import pairwise

from schema_guard.dialects.definitions import expressions_of
from schema_guard.dialects.postgresql.lexer import tokens
from schema_guard.dialects.violators import mentions
from schema_guard.name_length import cut_name, name_bytes
from schema_guard.plan import Noun
from schema_guard.schema import Table

__all__ = ["of_whole_row"]

_UNREAD = ("\\", "$", "/*", "&")
"""What may begin a string, a comment or a name that the lexer does not know."""


def of_whole_row(table: Table, noun: Noun) -> bool:
    """Whether it may mean the table's row, or its type, by its name (no false "no").

    Its name in a string, that of a function and the one in front of a column mean neither.
    """
    name = table.name.name
    texts = [text for text in expressions_of(noun) if mentions(text, name)]
    columns = frozenset(column.name for column in table.columns)
    return any(any(each in text for each in _UNREAD) or _named(text, name, columns) for text in texts)


def _named(text: str, name: str, columns: frozenset[str]) -> bool:
    """`t.f` calls f(t) where no column has that name; where a column has the table's name, that alone is the column."""
    words = [*tokens(text), ("", ""), ("", "")]
    before = ""
    for at, (one, two) in enumerate(pairwise(words[:-1])):
        if _identifier(*one) == name:
            is_type = before in ("::", "AS", ".")
            to_column = two[1] == "." and _identifier(*words[at + 2]) in columns
            if is_type or not (to_column or two[1] == "(" or (name in columns and two[1] != ".")):
                return True
        before = one[1].upper()
    return False


def _identifier(kind: str, text: str) -> str:
    """The name as the server keeps it; empty where the token is none."""
    if kind not in ("word", "quoted"):
        return ""
    return cut_name(name_bytes(text[1:-1].replace('""', '"') if kind == "quoted" else text.lower()))
