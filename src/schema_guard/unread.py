"""Why a table could not be read as a whole."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Unread"]


class Unread(NamedTuple):
    """Why some of a table's definitions could not be read: its defaults, CHECKs, predicates and expressions."""

    reason: str
    """One clause."""
    holders: tuple[str, ...] = ()
    """Who keeps it locked, one phrase for each session; empty when it is no lock."""
    locked: bool = False
    """It can be read when a lock is released."""
