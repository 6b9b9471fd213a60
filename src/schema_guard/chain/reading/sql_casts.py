"""USING of ALTER COLUMN .. TYPE: whether it only casts the column."""

from __future__ import annotations

import re

__all__ = ["plain_cast"]

_CAST = re.compile(
    r"""\(?\s*"?\w+"?\s*\)?\s*::\s*[\w\s."()\[\],]+|cast\s*\(\s*"?\w+"?\s+as\s+[\w\s."()\[\],]+\)""", re.I
)


def plain_cast(text: str) -> bool:
    """Whether USING only casts a column."""
    return _CAST.fullmatch(text.strip()) is not None
