"""What a database holds besides its tables: views, functions, triggers, sequences, policies, grants.

Each fact is one phrase, in the server's own words, so that a scratch database and the real one can be compared as text.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schema_guard.chain.reading.sql_tokens import statements_of
from schema_guard.chain.systems import SYSTEMS
from schema_guard.dialects.base import Session

__all__ = ["FOLLOWS", "KINDS", "facts_beside"]

KINDS = (
    "view ",
    "function ",
    "trigger ",
    "rule ",
    "policy ",
    "sequence ",
    "type ",
    "extension ",
    "schema ",
    "relation ",
)
"""How facts begin that say that something is there; a revision that makes it again would collide with it."""
FOLLOWS = ("grant ", "row security ")
"""How facts begin that can be made again."""


def facts_beside(session: Session, schemas: Sequence[str], without: Collection[str]) -> frozenset[str]:
    """Read them. Raises ReadError, LockTimeoutError.

    Args:
        session: the database.
        schemas: those whose tables are looked at otherwise.
        without: tables to leave out, such as alembic_version.
    """
    system = SYSTEMS[session.dialect.name]
    found: set[str] = set()
    for fact, definition in session.texts(system.beside(schemas, without)):
        found.add(fact)
        if definition:
            found.add(f"definition of {fact}: {_plain(definition) if system.keeps_text else definition}")
    return frozenset(found)


def _plain(definition: str) -> str:
    """A statement as somebody wrote it, without its spaces and comments."""
    return " ".join(word.upper or word.text for words in statements_of(definition) for word in words)
