"""A statement on a table that the database cannot even prepare."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["RefusedWrite"]


class RefusedWrite(NamedTuple):
    """It fails whatever its values are."""

    verb: str
    """INSERT, UPDATE or DELETE."""
    message: str
    """In the database's words."""
