"""What the connected role may not do."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Denied"]


class Denied(NamedTuple):
    """A privilege that the role lacks, or a policy that would let it write."""

    privilege: str
    """USAGE, SELECT, INSERT, UPDATE or DELETE."""
    of: str
    """SCHEMA, SEQUENCE or TABLE; POLICY: row-level security holds for the role, and no policy permits it."""
    columns: tuple[str, ...] = ()
    """Of a table: those on which it is lacking; empty where it is lacking on the whole."""

    @property
    def words(self) -> str:
        """`INSERT`, `USAGE of its schema`, `a policy for INSERT`."""
        if self.of == "TABLE":
            return self.privilege
        return f"a policy for {self.privilege}" if self.of == "POLICY" else f"{self.privilege} of its {self.of.lower()}"
