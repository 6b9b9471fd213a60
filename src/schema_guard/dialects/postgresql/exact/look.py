"""Whether a database holds exactly what a frozen file expects, asked in one query of a connection of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.exact.actual import Catalog, NotExactError, schemas_of
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.memory import ANSWER, LOCK_TIMEOUT, TIMEOUT, any_behind
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.server import Server
from schema_guard.errors import GuardError

__all__ = ["ANSWER", "TIMEOUT", "Exact", "exact_by"]


class Exact(NamedTuple):
    """The database that holds all that is expected."""

    version: str
    """The server's."""
    place: str
    """Host, port and database."""


def exact_by(server: Server, digests: Mapping[str, Any], seconds: float = TIMEOUT) -> Exact | None:
    """The database, if nothing in it differs; None where anything does, may, or goes wrong: a whole check says what.

    Args:
        server: the way to the database.
        digests: of the frozen file.
        seconds: what it may take once the database has answered.
    """
    deadline = Deadline(min(ANSWER, seconds))
    link = Link(server, deadline)
    try:
        with link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
            (facts,) = link.rows(query("facts"))
        deadline.begin(seconds)
        _, version, database, host, port, default, path, read_only, _, _, *settings = facts
        if default is None or json.loads(str(path))[0] != default or read_only or any(settings):
            return None
        if link.encoding.server != "UTF8":
            return None  # names and labels may be others than they seem
        with link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT, bare_path=True):
            rows = link.rows(query("exact", schemas=schemas_of(digests, str(default))))
            keys = Catalog(rows, str(default)).keys_to_look_at(digests)
            if any_behind(link, keys):
                return None
    except (DriverError, GuardError, NotExactError, ValueError, TypeError, KeyError):
        return None
    finally:
        link.close()
    where = f"{host}:{port}" if host else str(server.place.host or "local socket")
    return Exact(str(version), f"{where}/{database}")
