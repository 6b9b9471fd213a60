"""Whether an encoding has the characters of a text. Imported at each boot, so it imports nothing."""

from __future__ import annotations

__all__ = ["can_encode"]


def can_encode(text: str, codec: str) -> bool:
    """Whether the encoding, by Python's name, has all characters of the text."""
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
