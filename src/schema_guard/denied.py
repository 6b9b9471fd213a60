"""What the connected role may not do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from schema_guard.counted import first_of, listed
from schema_guard.names import Name

__all__ = ["Denied", "lacking"]

_NAMED = 3
"""Tables of one sentence."""


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


def lacking(denied: Sequence[Denied], tables: Sequence[str]) -> str:
    """What is lacking on each of these tables: `lacks INSERT and DELETE on users, and USAGE of its sequence`."""
    phrases = list(_phrases(denied, tables))
    return f"lacks {', and '.join(filter(None, (', '.join(phrases[:-1]), *phrases[-1:])))}"


def _phrases(denied: Sequence[Denied], tables: Sequence[str]) -> Iterator[str]:
    """One for each kind of object; after the first one the tables are told by a pronoun."""
    several = len(tables) > 1
    named = listed(tables) if len(tables) <= _NAMED else first_of(tables, _NAMED)
    kinds: dict[tuple[str, str], list[str]] = {}
    for each in denied:
        kinds.setdefault((each.of, each.name), []).append(each.privilege)
    for number, ((of, name), found) in enumerate(kinds.items()):
        what = listed(list(dict.fromkeys(found)))
        those = named if number == 0 else "them" if several else "it"
        if of in ("SCHEMA", "SEQUENCE"):
            thing = "sequences" if several and of == "SEQUENCE" else of.lower()
            yield f"{what} of the {thing} of {named}" if number == 0 else f"{what} of {_owner(several)} {thing}"
        elif of == "FUNCTION":
            yield f"{what} of the function {name} for {those}"
        else:
            yield f"{'a policy for ' if of == 'POLICY' else ''}{what} on {those}"


def _owner(several: bool) -> str:
    return "their" if several else "its"
