"""What the connected role may not do."""

from __future__ import annotations

from typing import NamedTuple

from schema_guard.names import Name

__all__ = ["Denied"]


class Denied(NamedTuple):
    """A privilege that the role lacks, or a policy that would let it write."""

    privilege: str
    """USAGE, SELECT, INSERT, UPDATE, DELETE or EXECUTE."""
    of: str
    """SCHEMA, SEQUENCE, TABLE or FUNCTION; POLICY: row-level security holds for the role, and no policy permits it."""
    columns: tuple[str, ...] = ()
    """Of a table: those on which it is lacking; of a function: those whose defaults alone call it; empty where it is
    lacking on the whole."""
    name: str = ""
    """Of a function, with its arguments, as SQL."""
    statements: tuple[str, ...] = ()
    """Of a function: those that call it."""
    sequence: Name | None = None

    @property
    def words(self) -> str:
        """`INSERT`, `USAGE of its schema`, `a policy for INSERT`."""
        if self.of == "TABLE":
            return self.privilege
        if self.of == "FUNCTION":
            return f"EXECUTE of the function {self.name}"
        return f"a policy for {self.privilege}" if self.of == "POLICY" else f"{self.privilege} of its {self.of.lower()}"
