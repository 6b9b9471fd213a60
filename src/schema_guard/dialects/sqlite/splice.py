"""The one way in which a stored text is changed: significant tokens go, others come, and all the rest stays.

Comments, and the blanks around them, are never touched. Each result is read again token by token, so that nothing can
end up inside a comment or a string, and no two words can become one.
"""

from __future__ import annotations

from collections.abc import Iterable

from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.tokens import Kind, Token, tokens

__all__ = ["splice"]

_JOINS = (("", ""), ("", " "), (" ", ""), (" ", " "), ("", "\n"), (" ", "\n"))
"""What may be needed before and behind the new part: a blank between two words, or the end of a line comment."""


def splice(text: str, start: int, end: int, new: str) -> str:
    """The text with `new` in place of the significant tokens from `start` to `end`.

    Args:
        text: a statement.
        start, end: where its tokens begin and end; equal where something only comes in.
        new: significant tokens, and blanks and comments between them; empty to take a part out.

    Raises:
        UnreadableTextError: no blank makes the result read as it is meant.
    """
    found = list(tokens(text))
    before = [token for token in found if token.end <= start]
    inside = [token for token in found if start <= token.start and token.end <= end]
    after = [token for token in found if token.start >= end]
    kept = _comments_of(inside)
    if not new:
        before = _blank_dropped(before)
    meant = [*before, *tokens(new), *(token for token in inside if token.kind is Kind.COMMENT), *after]
    head, tail = "".join(token.text for token in before), "".join(token.text for token in after)
    for left, right in _JOINS:
        result = f"{head}{left}{new}{kept}{right}{tail}"
        if _told(tokens(result)) == _told(meant):
            return result
    raise UnreadableTextError(f"it cannot be changed at {start}")


def _told(found: Iterable[Token]) -> list[tuple[Kind, str]]:
    return [(token.kind, token.text) for token in found if token.kind is not Kind.SPACE]


def _comments_of(inside: list[Token]) -> str:
    """The comments within a part that goes, with the blanks between and around them."""
    if not any(token.kind is Kind.COMMENT for token in inside):
        return ""
    return "".join(token.text for token in inside if token.kind in (Kind.SPACE, Kind.COMMENT))


def _blank_dropped(before: list[Token]) -> list[Token]:
    """Without the blank in front of the part that goes, unless a comment stands before it: its line must end."""
    if len(before) > 1 and before[-1].kind is Kind.SPACE and before[-2].kind is not Kind.COMMENT:
        return before[:-1]
    return before
