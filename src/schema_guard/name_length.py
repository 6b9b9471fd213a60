"""How many bytes of a name PostgreSQL keeps."""

from __future__ import annotations

__all__ = ["LONGEST_NAME", "cut_name", "name_bytes"]

LONGEST_NAME = 63
"""NAMEDATALEN - 1, in bytes (PostgreSQL manual, 4.1.1)."""


def name_bytes(name: str) -> bytes:
    """The name in UTF-8; a byte that was no text when it was read (a lone surrogate) counts as one byte."""
    return name.encode("utf-8", "surrogateescape" if all(not "\ud800" <= c < "\udc80" for c in name) else "replace")


def cut_name(name: bytes, length: int = LONGEST_NAME) -> str:
    """The first bytes of the name, without half a character at the end."""
    return name[:length].decode("utf-8", "ignore")
