"""Text from strangers, before it reaches a database."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["storable", "typed"]

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def storable(text: str) -> str:
    """The text without what PostgreSQL cannot store: NUL, and halves of surrogate pairs. Line ends become one kind."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _CONTROL.sub("", text))


def typed(value: object, what: str, limit: int, *, optional: bool = False) -> str | None:
    """What a person typed into a field of one value, or of a few lines.

    Raises:
        ValueError: a sentence for that person: it is missing, too long, or no text.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        if optional:
            return None
        raise ValueError(f"{what} is missing.")
    if not isinstance(value, str):
        raise ValueError(f"{what} has to be text.")
    text = unicodedata.normalize("NFC", storable(value)).strip()
    if not text:
        raise ValueError(f"{what} holds no character that can be read.")
    if len(text) > limit:
        raise ValueError(f"{what} may have {limit:,} characters at most.")
    return text
