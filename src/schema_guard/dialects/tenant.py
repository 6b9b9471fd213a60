"""A database as one tenant sees it, whose tables are in a schema of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from schema_guard.dialects.base import Session

__all__ = ["Opened", "Tenant"]


class Tenant(NamedTuple):
    """What is opened in place of a database.

    Args:
        database: an Engine, an AsyncEngine or a URL.
        schema: the tenant's.
        declared: the schema of the models for which it stands; None: for names without schema.
    """

    database: Any
    schema: str
    declared: str | None = None


class Opened(NamedTuple):
    """A session that somebody else has opened, and closes."""

    session: Session
