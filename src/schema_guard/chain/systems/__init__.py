"""The database systems, by the name that SQLAlchemy has for them. A further one is a file here and a line below."""

from __future__ import annotations

from collections.abc import Mapping

from schema_guard.chain.systems.base import Fingerprint, Identity, Key, Live, System
from schema_guard.chain.systems.postgresql import PostgreSQL
from schema_guard.chain.systems.sqlite import SQLite

__all__ = ["FILE", "SERVER", "SYSTEMS", "Identity", "Key", "Live", "Fingerprint", "System", "system_named"]

SERVER: System = PostgreSQL()
"""What a connection is taken for of which nobody knows the system."""
FILE: System = SQLite()
"""What needs no server: where nobody names one, this is used for scratch databases."""
SYSTEMS: Mapping[str, System] = {system.name: system for system in (SERVER, FILE)}


def system_named(dialect: str) -> System:
    """The system of SQLAlchemy's dialect; a project's env.py may connect to one that is not known here."""
    return SYSTEMS.get(dialect, SERVER)
