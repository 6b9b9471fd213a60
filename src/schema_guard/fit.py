"""How a live type relates to the one that the models have."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Fit"]


class Fit(IntEnum):
    """How a column's actual type relates to the expected one."""

    SAME = 0
    WIDER = 1
    """Holds every value of the expected type, read back equal."""
    NARROWER = 2
    """The same family, but some values don't fit; widening rewrites and scans nothing."""
    NARROWER_REWRITE = 3
    """The same family, but some values don't fit; widening rewrites the table."""
    OTHER = 4
    """Statements run and values come back, but not all alike (a time zone, an affinity)."""
    INCOMPATIBLE = 5
    """Some statement fails."""
    UNKNOWN = 6
    """Could not be compared."""
