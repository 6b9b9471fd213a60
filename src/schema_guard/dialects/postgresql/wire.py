"""An open connection to PostgreSQL, whichever driver it is of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

__all__ = ["Sent", "Wire"]

Sent = tuple[Sequence[Sequence[object]], int]
"""The rows of a statement, and how many it changed."""


class Wire(Protocol):
    """An open connection, on which no transaction begins by itself."""

    driver: Any
    """The driver's own connection."""

    def send(self, sql: str) -> Sent:
        """Raises DriverError; a driver may let OSError and UnicodeError through."""
        ...

    def send_script(self, sql: str) -> Sent:
        """Statements with semicolons between them; what they answer is of no interest. Raises as `send` does."""
        ...

    def close(self) -> None: ...

    def drop(self) -> None:
        """It is lost: close it without a word to the server."""
        ...
