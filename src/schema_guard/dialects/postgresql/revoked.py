"""What somebody took from every role: rights on the system's own catalogs and functions, which a new database grants.

Hosts that share one server between customers do so, to hide one from another.
"""

from __future__ import annotations

from contextlib import suppress

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.errors import ReadError

__all__ = ["DENIED", "with_grants"]

DENIED = "42501"
"""insufficient_privilege (manual, appendix A)."""


def with_grants(error: ReadError, link: Link) -> ReadError:
    """The same, with the statements after which it can be read, as far as the role may see what it lacks.

    Args:
        error: what could not be read, because a right on the system's own objects is lacking.
        link: a connection of the role, in no transaction.
    """
    grants: list[str] = []
    for name in ("revoked_relations", "revoked_functions"):
        with suppress(DriverError):
            grants += [str(row[0]) for row in link.rows(query(name))]
    if not grants:
        return error
    return ReadError(f"{error.message}; PostgreSQL gives that to every role, as a superuser: {' '.join(grants)}")
