"""Which tables of a database are exactly as a frozen file expects, asked in one query."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.exact.actual import Catalog, NotExactError, schemas_of
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.memory import ANSWER, TIMEOUT, any_behind
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.server import Server
from schema_guard.errors import GuardError

__all__ = ["ANSWER", "TIMEOUT", "Exact", "as_expected", "exact_by", "tables_as_expected"]

JUST_NOW = 5.0
"""Seconds within which what was found is what a check may begin with."""
LOCK_TIMEOUT = 0.2
"""Seconds for a table that somebody holds: a whole check waits for it, and says who."""


class Exact(NamedTuple):
    """The database that holds all that is expected."""

    version: str
    """The server's."""
    place: str
    """Host, port and database."""
    tables: int
    """How many are expected."""


class _Found(NamedTuple):
    """What a quick look found, for the whole check that follows it in the same process."""

    place: object
    digests: Mapping[str, Any]
    tables: frozenset[str]
    at: float
    """By time.monotonic()."""


_found: list[_Found] = []


def tables_as_expected(link: Link, facts: Row, digests: Mapping[str, Any]) -> frozenset[str]:
    """The tables in which nothing differs, as the digests call them.

    Args:
        link: to the database.
        facts: of the session, a row of facts.sql.
        digests: of the frozen file.

    Raises:
        NotExactError: something else differs, or may, or is not known.
        DriverError, GuardError: the database cannot be asked.
    """
    _, _, _, _, _, default, path, read_only, _, _, *settings = facts
    if default is None or json.loads(str(path))[0] != default or read_only or any(settings):
        raise NotExactError
    if link.encoding.server != "UTF8":
        raise NotExactError  # names and labels may be others than they seem
    with link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT, bare_path=True):
        rows = link.rows(query("exact", schemas=schemas_of(digests, str(default))))
        try:
            found, keys = Catalog(rows, str(default)).known(digests)
        except (ValueError, TypeError, KeyError):  # a file of another version, or a catalog that nobody has seen yet
            raise NotExactError from None
        if any_behind(link, keys):
            raise NotExactError
    return found


def as_expected(link: Link, facts: Row, digests: Mapping[str, Any], place: object = None) -> frozenset[str]:
    """The same; none where anything goes wrong. Never raises.

    Args:
        link, facts, digests: as `tables_as_expected` takes them.
        place: of the database; what `exact_by` found there just now is taken once.
    """
    while _found:
        earlier = _found.pop()
        if earlier.place == place and earlier.digests == digests and time.monotonic() - earlier.at < JUST_NOW:
            return earlier.tables
    try:
        return tables_as_expected(link, facts, digests)
    except (DriverError, GuardError, NotExactError):
        return frozenset()


def exact_by(
    server: Server,
    digests: Mapping[str, Any] | Callable[[int], Mapping[str, Any] | None],
    seconds: float = TIMEOUT,
) -> Exact | None:
    """The database, if nothing in it differs; None where anything does, may, or goes wrong: a whole check says what.

    Args:
        server: the way to the database.
        digests: of the frozen file; or of models, by server_version_num.
        seconds: what it may take once the database has answered.
    """
    if not (callable(digests) or _tells_all(digests)):
        return None
    deadline = Deadline(min(ANSWER, seconds))
    link = Link(server, deadline)
    try:
        with link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
            (facts,) = link.rows(query("facts"))
        deadline.begin(seconds)
        told = digests(int(str(facts[0]))) if callable(digests) else digests
        if told is None or not _tells_all(told):
            return None
        found = _noted(link, facts, told, server.place)
    except (DriverError, GuardError, ValueError, TypeError, KeyError):
        return None
    finally:
        link.close()
    if found != told["tables"].keys():
        return None
    _, version, database, host, port, *_ = facts
    where = f"{host}:{port}" if host else str(server.place.host or "local socket")
    return Exact(str(version), f"{where}/{database}", len(told["tables"]))


def _noted(link: Link, facts: Row, digests: Mapping[str, Any], place: object) -> frozenset[str]:
    """Which tables are as expected: noted for the check that comes next, where these are not all."""
    try:
        found = tables_as_expected(link, facts, digests)
    except NotExactError:
        found = frozenset()
    if found != digests["tables"].keys():
        _found.append(_Found(place, digests, found, time.monotonic()))
    return found


def _tells_all(digests: Mapping[str, Any]) -> bool:
    """Whether there is nothing of which the digests tell nothing."""
    return not digests.get("more") and None not in digests["tables"].values()
