"""String constants."""

from __future__ import annotations

__all__ = ["literal"]


def literal(text: str) -> str:
    """A string constant that means the same under either standard_conforming_strings (manual, 4.1.2.2)."""
    quoted = text.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in quoted else f"'{quoted}'"
