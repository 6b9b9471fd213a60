"""What a driver raised for a statement, whichever driver it is and whoever sent it."""

from __future__ import annotations

__all__ = ["DriverError"]


class DriverError(Exception):
    """A statement failed.

    Args:
        orig: what the driver raised.
        connection_invalidated: the connection is gone.
    """

    def __init__(self, orig: BaseException, *, connection_invalidated: bool = False) -> None:
        super().__init__(str(orig))
        self.orig = orig
        self.connection_invalidated = connection_invalidated
