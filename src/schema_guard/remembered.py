"""What a check found that was satisfied, as it is kept for the next one. Pure."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from typing import NamedTuple, Protocol

__all__ = ["Fed", "Memory", "Remembered", "digest_of"]


class Fed(NamedTuple):
    """A column that takes its values from a sequence: rows and sequences change without a trace in the catalog."""

    schema: str
    table: str
    column: str
    sequence_schema: str
    sequence: str
    is_key: bool
    """No two rows hold the same value of it, and its rows can be read."""


class Remembered(NamedTuple):
    """What there was to say of a database that satisfied the expectations."""

    tables: int
    """Expected ones."""
    notes: int = 0
    accepted: int = 0
    left_out: int = 0
    application: str = ""
    fed: tuple[Fed, ...] = ()
    until: str = ""
    """The last day on which it counts, since an acceptance ends with it; empty where none ends."""
    checked: str = ""
    """When, as the server writes it."""

    def ended(self, today: date) -> bool:
        return bool(self.until) and today.isoformat() > self.until

    @property
    def silent(self) -> bool:
        """Whether there was nothing to list."""
        return not (self.notes or self.accepted or self.left_out)

    def to_json(self) -> str:
        """All but the time, which the server gives, and the fed columns, which are only asked for there."""
        return json.dumps({name: value for name, value in self._asdict().items() if name not in ("fed", "checked")})

    @classmethod
    def from_json(cls, text: str, checked: str) -> Remembered:
        """Raises ValueError, TypeError: it is none."""
        return cls(**json.loads(text), checked=checked)


class Memory(Protocol):
    """Where it is kept."""

    is_there: bool
    """Whether there is a place for it already; `recall` finds out."""

    def recall(self) -> Remembered | None:
        """What was found, if nothing has changed since that could make it wrong. Never raises."""
        ...

    def make(self) -> str:
        """Make the place; or say, in one line, why it cannot be done."""
        ...

    def keep(self, found: Remembered) -> str:
        """Remember, unless something was changed since `recall`; or say, in one line, why it cannot be done."""
        ...


def digest_of(*parts: object) -> str:
    """One text for all that was expected and for what counts: another one for any other."""
    return sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
