"""Whether a pooler lends server connections by the transaction, as PgBouncer does with pool_mode = transaction.

Behind one a session has no state: SET, a session's advisory lock and LISTEN stay on a connection that others get next.
"""

from __future__ import annotations

import threading

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import read_failed
from schema_guard.dialects.postgresql.link import Link
from schema_guard.errors import GuardError, StepError

__all__ = ["check_second", "shares_backends"]

LOOKS = 4
"""How often both connections are asked which backend serves them."""

PATIENCE = 5.0
"""Seconds for the pooler to find a second server connection."""


def shares_backends(one: Link, other: Link) -> bool:
    """Whether two connections, both open, are ever served by the same backend, or one of them by several.

    A pooler that is idle lends the connection that was returned last, so the first look tells; under load the backends
    change. Neither ever happens on a connection to the server, nor behind a pooler in session mode.
    """
    try:
        seen = {(_backend(one), _backend(other)) for _ in range(LOOKS)}
    except DriverError as error:
        raise read_failed(error, "which backend serves the connection") from None
    return len(seen) > 1 or any(first == second for first, second in seen)


def check_second(link: Link, holder: Link) -> None:
    """See that the pooler serves `link` while `holder` keeps a server connection for a transaction.

    Raises:
        StepError: it does not, because it may open only one.
    """
    served: list[bool] = []

    def ask() -> None:
        try:
            served.append(bool(link.rows("SELECT true")))
        except (DriverError, GuardError):
            return

    thread = threading.Thread(target=ask, name="schema-guard-second", daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if not served:
        holder.close()  # so that the thread gets its answer
        thread.join(PATIENCE)
        raise StepError("the pooler has no second server connection for this role: give the server's as --ddl-url")


def _backend(link: Link) -> object:
    return link.rows("SELECT pg_catalog.pg_backend_pid()")[0][0]
