"""Reading the catalog, past what cannot be read: one table that is locked or broken must not hide all others.

The server opens a table to write out an expression on it (a default, a CHECK, a predicate), and waits while somebody
holds it ACCESS EXCLUSIVE, or waits for that. Everything else about a table is read from the catalog's own rows. So in
the usual case one query reads all; only when that fails is it asked who is in the way, and read without these
expressions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import LOCK_NOT_AVAILABLE, diagnose, is_disconnect, is_vanished, said
from schema_guard.dialects.postgresql.holders import LockedOut, locked_out
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.unread import Unread

__all__ = ["OF_SCHEMAS", "OF_TABLES", "CatalogReader"]

READ_TIMEOUT = 30.0
"""Seconds for each read of the catalog."""
FIRST_WAIT, PART = 1.0, 1 / 8
"""Seconds that the first try waits for a table that somebody keeps from being read: most such locks are short. And of
the time that is left the part that it waits at most.
"""
NEXT_WAIT = 0.3
"""Seconds for each later one, which leaves out what is known to be locked."""
OF_TABLES = ("tables", "columns", "constraints", "indexes", "partition rules", "uses", "publications")
"""Kinds of rows that belong to the tables that are asked for."""
OF_SCHEMAS = ("counters", "others")
"""Kinds of rows that belong to the schemas or to the tables that are asked for."""
TRIES = 4
"""Then no expression is read at all: locks come and go faster than they are looked up."""
ENDED = frozenset({"57014", "57P05"})
"""The statement's own end: nothing is wrong with what it read."""


@dataclass(slots=True)
class CatalogReader:
    """Reads the catalog of one database.

    Args:
        link: the connection to read on.
        deadline: when the run has to be over.
    """

    link: Link
    deadline: Deadline
    queries: int = 0
    """How many queries the last read took."""
    unread: Mapping[int, Unread] = field(default_factory=dict)
    """By OID: the tables whose expressions the last read left out."""

    def read(self, scope: Mapping[str, object], *, without: Sequence[str] = ()) -> list[Row]:
        """The rows of queries/catalog.sql, in one query where nothing is in the way.

        Args:
            scope: what fills it in.
            without: what is not asked for: OF_TABLES where no table of the scope is there, since to plan that takes
                longest; and OF_SCHEMAS where no schema of it is.

        Raises what the link raises when the catalog itself cannot be read.
        """
        self.queries = 0
        if without:
            self.unread = {}
            rows = self._rows(scope, (), FIRST_WAIT, without)
            made = any(kind == "schemas" and found is not None for kind, found in rows)
            if made and not {*OF_SCHEMAS}.isdisjoint(without):  # by somebody, a moment ago
                return self.read(scope, without=OF_TABLES)
            return [*rows, *((kind, None) for kind in without)]
        # What was locked a moment ago is looked up first: a second wait for it would be in vain.
        unread = self._locked() if any(item.locked for item in self.unread.values()) else {}
        first = min(FIRST_WAIT, max(NEXT_WAIT, PART * self.deadline.left))
        vanished = False
        for attempt in range(TRIES):
            try:
                rows = self._rows(scope, unread, first if not attempt and not unread else NEXT_WAIT)
            except DriverError as error:
                if diagnose(error).sqlstate == LOCK_NOT_AVAILABLE:
                    unread = {**unread, **self._locked()}
                    continue
                if is_vanished(error) and not vanished:
                    vanished = True  # under concurrent DDL a deparsing function may meet what has just been dropped
                    continue
                if is_disconnect(error) or diagnose(error).sqlstate in ENDED:
                    raise
                return self._without_broken(scope, unread)
            self.unread = unread
            return rows
        tables = self._tables(scope)
        locked = Unread("its lock was not released in time; run again", locked=True)
        return self._kept(scope, {**dict.fromkeys(tables, locked), **unread})

    def _kept(self, scope: Mapping[str, object], unread: Mapping[int, Unread]) -> list[Row]:
        rows = self._rows(scope, unread, NEXT_WAIT)
        self.unread = unread
        return rows

    def _without_broken(self, scope: Mapping[str, object], unread: Mapping[int, Unread]) -> list[Row]:
        """Some definition cannot be written out: find those tables, by halves, and read without their expressions."""
        tables = self._tables(scope)
        self._rows(scope, tables, NEXT_WAIT)  # else it is not for a definition that the catalog cannot be read
        found = self._broken(scope, [oid for oid in tables if oid not in unread], tables)
        return self._kept(scope, {**unread, **found})

    def _broken(self, scope: Mapping[str, object], some: list[int], tables: Collection[int]) -> dict[int, Unread]:
        try:
            self._rows(scope, [oid for oid in tables if oid not in some], NEXT_WAIT)
        except DriverError as error:
            if is_disconnect(error) or diagnose(error).sqlstate in ENDED:
                raise
            if len(some) == 1:
                return {some[0]: _because(error)}
            middle = len(some) // 2
            return {**self._broken(scope, some[:middle], tables), **self._broken(scope, some[middle:], tables)}
        return {}

    def _tables(self, scope: Mapping[str, object]) -> list[int]:
        """The OIDs of all that are read."""
        self.queries += 1
        with self.link.reading(READ_TIMEOUT, lock_timeout=FIRST_WAIT, bare_path=True):
            rows = self.link.rows(query("oids", tables=scope["tables"]))
        return [int(str(oid)) for (oid,) in rows]

    def _rows(
        self, scope: Mapping[str, object], unread: Iterable[int], wait: float, without: Collection[str] = ()
    ) -> list[Row]:
        self.queries += 1
        with self.link.reading(READ_TIMEOUT, lock_timeout=wait, bare_path=True):
            return self.link.rows(query("catalog", without=without, **scope, unread=sorted(unread)))

    def _locked(self) -> dict[int, Unread]:
        self.queries += 1
        return {oid: _held(who) for oid, who in locked_out(self.link).items()}


def _held(who: LockedOut) -> Unread:
    return Unread(who.sentence, who.holders, locked=True)


def _because(error: DriverError) -> Unread:
    if diagnose(error).sqlstate == LOCK_NOT_AVAILABLE:
        return Unread("its lock was not released in time; run again", locked=True)
    return Unread(f"the server cannot write out its definitions: {said(error)}")
