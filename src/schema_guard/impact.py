"""How much a difference matters."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["Impact"]


class Impact(IntEnum):
    """What a difference does to the application; a higher value is worse."""

    NOTES = 0
    """No effect."""
    WEAKENS = 1
    """A promise of the models is not kept."""
    BREAKS = 2
    """Some statement that the application issues fails."""

    @property
    def word(self) -> str:
        return self.name.lower()
