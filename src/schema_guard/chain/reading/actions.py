"""What a revision does, as data: what it makes, removes and renames, and what nobody can see afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ALTERED", "CONCURRENT", "REFERS", "SENT", "UNREAD_TYPE", "Action", "Verb"]

SENT = "sent"
"""The kind of a use: a text that is sent as it is written."""
ALTERED = "altered"
"""The kind of a use: an operation outside of a batch that changes a column or a constraint by ALTER TABLE."""
CONCURRENT = "concurrent"
"""The kind of a use: an operation with postgresql_concurrently=True."""
REFERS = "refers"
"""The kind of a use: a foreign key, with the columns of its table and those that they refer to."""
UNREAD_TYPE = "?"
"""The type of a column that is changed to one which cannot be read."""


class Verb(StrEnum):
    MAKE = "makes"
    REMOVE = "removes"
    RENAME = "renames"
    USE = "uses"
    """It needs something that it does not make: `actions_of` leaves these out, `actions_and_uses_of` has them."""
    UNSEEN = "changes rows"
    """It changes rows, or may: whether it ran cannot be told from the schema."""


@dataclass(frozen=True, slots=True)
class Action:
    """`kind` is "table", "column", "index", "constraint", "type", "sequence", "view", "function", "trigger", "schema",
    "value", "policy", "rule", "extension"; of a use also "referred", a table that a foreign key leads to, and
    "temporary", which is made and not needed.

    `name` is unqualified for a column and a constraint, which `table` holds, and for a value of the enum type `table`;
    `to` is the new name of a rename.
    """

    verb: Verb
    kind: str = ""
    name: str = ""
    table: str = ""
    to: str = ""
    line: int = 0
    depth: bool = False
    """Within an `if`, `for` or `try`, or IF NOT EXISTS: it may not run."""
    text: str = ""
    """UNSEEN: what is written there, in a few words. SENT: all of it. ALTERED: the operation."""
    readable: bool = True
    """UNSEEN: False where it may do anything, renames included."""
    mentions: frozenset[str] | None = None
    """UNSEEN, an index, a constraint: the names that the statement contains; None where they are not known."""
    relation: bool = False
    """PostgreSQL makes a relation of the same name: the index of a UNIQUE, PRIMARY KEY or EXCLUDE constraint, the
    relation of a composite type."""
    chosen: bool = False
    """The name is the one that PostgreSQL chooses, and it chooses another where that is taken."""
    unbound: bool = False
    """SENT: without values for what SQLAlchemy's text() takes for a parameter, such as :name."""
    plain: bool = False
    """SENT: a str that a connection is given, which SQLAlchemy takes only as text()."""
    autocommit: bool = False
    """Within autocommit_block()."""
    asks: bool = False
    """Made by guarded(op): only where it is missing, so that it never collides. Removed IF EXISTS."""

    pairs: tuple[tuple[str, str], ...] = ()
    """REFERS: a column of `table`, and the column that it refers to, behind its table and a point."""
    type: str = ""
    """A column that is made or altered: its type in SQL, as far as it is written out. A type: "enum"."""

    @property
    def object(self) -> str:
        """As people write it: `table`, `table.column`, else the name."""
        return f"{self.table}.{self.name}" if self.kind == "column" else self.name

    @property
    def target(self) -> str:
        """What a rename leads to, written as `object` is."""
        return f"{self.table}.{self.to}" if self.kind == "column" else self.to
