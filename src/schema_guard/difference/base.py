"""What every difference has: an impact, an object, a headline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self
from urllib.parse import quote

from schema_guard.fit import Fit
from schema_guard.impact import Impact
from schema_guard.need import Need
from schema_guard.schema import Name, Table

__all__ = ["BaseDifference", "Fit", "Holder", "Impact", "held", "key_text"]

LONGEST_KEY = 100
"""Characters of an object's name in a key; of a longer one (an expression) the rest is a digest."""
_AS_IT_IS = re.compile(r"[ !-$&()+.-~-]*")
"""What `_key_character` leaves as it is, of ASCII."""


@dataclass(frozen=True, slots=True)
class Holder:
    """What already bears the name that an expected object should get."""

    kind: str
    definition: str

    def __str__(self) -> str:
        return f"{self.kind} {self.definition}".strip()


def held(holder: Holder | None) -> str:
    """The end of a headline when something bears the name."""
    return f"; the name is held by {holder}" if holder else ""


def key_text(text: str) -> str:
    """The text as a key holds it: no comma, quote or control character, so that lists and shells leave it as it is;
    and no *, which stands for anything in a pattern."""
    written = text.replace(", ", "+")
    if _AS_IT_IS.fullmatch(written) is None:
        written = "".join(map(_key_character, written))
    if len(written) <= LONGEST_KEY:
        return written
    return f"{written[:LONGEST_KEY]}~{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"


def _key_character(char: str) -> str:
    if char == ",":
        return "+"
    if char in "'%*" or not char.isprintable():
        return quote(char, safe="", errors="surrogatepass")
    return char


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDifference:
    code: ClassVar[str]
    by_rows: ClassVar[bool] = False
    """It is only there while the rows say so: none where the survey counts none."""
    weighed_by_rows: ClassVar[bool] = False
    """Rows say what it does to the application."""
    impact: Impact
    effect: str = ""
    """What it does to the application, one clause without a full stop."""
    left_alone: str = ""
    """Why nothing is planned for it; empty where it is to be repaired or refused."""
    twin: str = ""
    """Tells it from another difference of the same code and object; empty where there is none."""

    @property
    def object(self) -> str:
        """The object's name as a person writes it: `proposals.visitor_session_id`."""
        raise NotImplementedError

    @property
    def headline(self) -> str:
        """What is wrong with the object, in a few words."""
        raise NotImplementedError

    @property
    def identity(self) -> str:
        """What the key names: the object, and more where one object can have several differences of the code."""
        return self.object

    @property
    def key(self) -> str:
        """Names the difference in this comparison and in later ones; a shell takes it within single quotes."""
        return f"{self.code} {key_text(self.identity)}{self.twin}"

    def counted(self, rows: int | None, reason: str) -> Self:  # noqa: ARG002 - most are what they are
        """Once its rows were looked for.

        Args:
            rows: how many stand for it; None where nobody could count them.
            reason: why not.
        """
        return self

    @property
    def makes(self) -> frozenset[Need]:
        """What is missing because of it, and is there once it is repaired."""
        return frozenset()

    @property
    def covers(self) -> tuple[str, ...]:
        """The keys of other differences that it stands for."""
        return ()

    @property
    def table_name(self) -> Name | None:
        """The table it belongs to, None for schemas, types and sequences."""
        table: Table | None = getattr(self, "table", None)
        return table.name if table is not None else None
