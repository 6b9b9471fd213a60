"""What a database holds besides its tables: views, functions, triggers, sequences, policies, grants."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schema_guard.chain.reading.sql_tokens import statements_of
from schema_guard.chain.sandbox.fact import Fact, Kind
from schema_guard.chain.systems import SYSTEMS
from schema_guard.dialects.base import Session

__all__ = ["facts_beside"]


def facts_beside(session: Session, schemas: Sequence[str], without: Collection[str]) -> frozenset[Fact]:
    """Read them. Raises ReadError, LockTimeoutError.

    Args:
        session: the database.
        schemas: those whose tables are looked at otherwise.
        without: tables to leave out, such as alembic_version.
    """
    system = SYSTEMS[session.dialect.name]
    found: set[Fact] = set()
    for kind, name, definition in session.texts(system.beside(schemas, without)):
        what = f"{kind} {name}"
        found.add(Fact(what, Kind(kind), name))
        if definition:
            text = _plain(definition) if system.keeps_text else definition
            found.add(Fact(f"definition of {what}: {text}", Kind.DEFINITION, what))
    return frozenset(found)


def _plain(definition: str) -> str:
    """A statement as somebody wrote it, without its spaces and comments."""
    return " ".join(word.upper or word.text for words in statements_of(definition) for word in words)
