"""What somebody took from every role: rights on the system's own catalogs and functions, which a new database grants.

Hosts that share one server between customers do so, to hide one from another.
"""

from __future__ import annotations

from contextlib import suppress

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import DENIED, diagnose, read_failed
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.errors import ReadError, UnreachableError

__all__ = ["unreadable"]


def unreadable(error: DriverError, what: str, link: Link) -> ReadError | UnreachableError:
    """What could not be read and why; where a right on the system's own objects is lacking, with the statements that
    give it, as far as the role may see what it lacks.

    Args:
        error: what the server said.
        what: what was to be read.
        link: a connection of the role, in no transaction.
    """
    failed = read_failed(error, what)
    if diagnose(error).sqlstate != DENIED:
        return failed
    grants: list[str] = []
    for name in ("revoked_relations", "revoked_functions"):
        with suppress(DriverError):
            grants += [str(row[0]) for row in link.rows(query(name))]
    if not grants:
        return failed
    return ReadError(f"{failed.message}; PostgreSQL gives that to every role, as a superuser: {' '.join(grants)}")
