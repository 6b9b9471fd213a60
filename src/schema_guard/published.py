"""What a publication keeps from being changed."""

from __future__ import annotations

from typing import NamedTuple

from schema_guard.names import Name

__all__ = ["Published"]


class Published(NamedTuple):
    """Why the server refuses to change a table that a publication holds: its replica identity does not fit."""

    member: Name
    """The table itself, or the partition or child of it that holds the rows."""
    publication: str
    updates: bool
    deletes: bool
    reason: str
    """`none`: it has none. `filter`: the publication's row filter needs more columns than it has. `list`: the
    publication's column list lacks some of it. `generated`: a generated column of it is not published."""
    kind: str
    """pg_class.relreplident: d (the primary key), i (an index), f (all columns), n (nothing)."""
    identity: tuple[str, ...]
    """The columns of it."""
    has_key: bool
    """A primary key that could be it."""
    other_key: str | None
    """A unique index that could be it."""
    full_serves: bool
    """All columns of a row could be it."""
    holder: Name
    """What the publication names: the member or a partitioned table above it."""
    listed: tuple[str, ...] | None
    """The publication's column list."""
    filter: str
    """Its row filter."""
