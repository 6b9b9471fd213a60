"""What the guard remembers of a PostgreSQL database, in a table of that database: docs/remembering.md.

It lies where the catalog lies, so that both are restored, copied, rolled back and lost together. What is remembered
counts only while the catalog, row version by row version, is the one that was checked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from schema_guard.dialects.deadline import Deadline
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import DENIED, diagnose, is_disconnect, said
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.dialects.postgresql.server import Server
from schema_guard.dialects.translation import SchemaMap
from schema_guard.errors import GuardError
from schema_guard.remembered import Remembered, digest_of

__all__ = [
    "ANSWER",
    "IDENTIFIED",
    "LOCK_TIMEOUT",
    "MAKE",
    "TABLE",
    "TIMEOUT",
    "PostgreSQLMemory",
    "any_behind",
    "fingerprint",
    "noting_quiet",
    "recall_by",
    "told_of",
]

TABLE = "schema_guard.remembered"
MAKE = (
    "CREATE SCHEMA IF NOT EXISTS schema_guard",
    f"CREATE TABLE IF NOT EXISTS {TABLE} (key text PRIMARY KEY, fingerprint text NOT NULL,"
    " checked timestamptz NOT NULL, verdict json NOT NULL, watched json NOT NULL, quiet int8, estimates numeric)",
)
KEPT = 50
"""Rows that are left in the table: one for each application, role and version that checks."""
ANSWER, TIMEOUT, LOCK_TIMEOUT = 1.0, 30.0, 1.0
"""Seconds for the first answer (a silent server is waited for by the whole check), and for each statement."""
NEAR = 1000
"""As compare/counter.py has it: how many values before a key that is taken a sequence counts as being behind."""
AT_ONCE = 200
"""Tables of one query."""
IDENTIFIED = (
    "SELECT c.system_identifier::numeric * 1000000 + k.timeline_id"
    " FROM pg_control_system() AS c, pg_control_checkpoint() AS k"
)
STARTED = "SELECT date_part('epoch', pg_postmaster_start_time())"
ROW = "hashtidextended(ctid, coalesce((SELECT age('3'::xid)::int8) - nullif(age(xmin), 2147483647), 0))"
ROW_BEFORE_14 = "hashtextextended(xmin::text || ctid::text, 0)"
NO_TABLE, NO_SCHEMA, NO_COLUMN = "42P01", "3F000", "42703"


class PostgreSQLMemory:
    """Of one set of expectations, as one session sees the database.

    Args:
        link: the connection.
        expectations: tells what is expected from everything else that may be.
        session: what the session's facts say, as `told_of` gives it.
    """

    def __init__(self, link: Link, expectations: str, session: Sequence[object]) -> None:
        self.link = link
        self.key = digest_of(1, expectations, *session)
        self.fingerprint = ""
        """Of the catalog when `recall` was called; empty where there is nothing to remember by."""
        self.is_there = True
        """Whether the table is."""
        self._version = int(str(session[0]))
        self._cluster = IDENTIFIED
        self._hindered = ""

    def recall(self) -> Remembered | None:
        """What was found, if the catalog is as it was, and if the rows that matter say the same. Never raises."""
        for cluster in (IDENTIFIED, STARTED):
            self._cluster = cluster
            try:
                return self._recall()
            except DriverError as error:
                state = diagnose(error).sqlstate
                self._hindered = said(error)
                if state in (NO_TABLE, NO_SCHEMA):
                    self.is_there = False
                if state == NO_COLUMN:
                    self._hindered = f"{TABLE} has other columns than this version makes: DROP TABLE {TABLE}"
                if state != DENIED or is_disconnect(error):
                    break
            except (ValueError, TypeError, KeyError):  # somebody else wrote it
                break
        return None

    def keep(self, found: Remembered) -> str:
        """Remember; or say, in one line, why it cannot be done. The catalog must be the one that `recall` found."""
        if not self.fingerprint:
            return self._hindered or "the catalog has no fingerprint"
        statement = (
            f"INSERT INTO {TABLE} AS kept (key, fingerprint, checked, verdict, watched)"
            f" SELECT {literal(self.key)}, now.fingerprint, clock_timestamp(), {literal(found.to_json())}::json,"
            f" ({query('watched', fed=found.fed)})"
            f" FROM ({self._now}) AS now WHERE now.fingerprint = {literal(self.fingerprint)}"
            " ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, checked = excluded.checked,"
            " verdict = excluded.verdict, watched = excluded.watched"
        )
        forget = (
            f"DELETE FROM {TABLE} WHERE key IN (SELECT old.key FROM {TABLE} AS old ORDER BY old.checked DESC"
            f" OFFSET {KEPT})"
        )
        try:
            with self.link.writing(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
                kept = self.link.run(statement)
                if kept:
                    self.link.run(forget)
        except DriverError as error:
            return f"{TABLE} cannot be written: {said(error)}"
        return "" if kept else "the catalog was changed while it was checked"

    def make(self) -> str:
        """Make the table; or say, in one line, why it cannot be done."""
        try:
            with self.link.writing(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
                for statement in MAKE:
                    self.link.run(statement)
        except DriverError as error:
            return f"{TABLE} cannot be made: {said(error)}; a role that may has to run: {'; '.join(MAKE)}"
        self.is_there = True
        return ""

    @property
    def _now(self) -> str:
        return fingerprint(self._version, self._cluster)

    def _recall(self) -> Remembered | None:
        with self.link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT, bare_path=True):
            sql = query("recall", key=self.key).replace(":fingerprint", self._now)
            sql = sql.replace(":next_transaction", query("next_transaction"))
            ((fingerprint, checked, verdict, ended, asked, *quiet),) = self.link.rows(sql)
            self.fingerprint = str(fingerprint)
            if verdict is None or ended:
                return None
            keys = json.loads(str(asked or "[]"))
            if any_behind(self.link, keys):
                return None
        if quiet[0] is not None:
            self._note_quiet(*quiet)
        return Remembered.from_json(str(verdict), str(checked))

    def _note_quiet(self, following: object, estimates: object) -> None:
        """The next check need not look at the sequences if nothing is written until then."""
        statement = noting_quiet(self.key, self.fingerprint, following, estimates)
        with suppress(DriverError, GuardError), self.link.writing(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
            self.link.run(statement)


def noting_quiet(key: str, fingerprint: str, following: object, estimates: object) -> str:
    """The statement of quiet.sql; the arguments as recall.sql gives and takes them."""
    sql = query("quiet", key=key, fingerprint=fingerprint)
    sql = sql.replace(":next_transaction", query("next_transaction"))
    return sql.replace(":next", str(following)).replace(":estimates", str(estimates))


def fingerprint(version: int, cluster: str) -> str:
    """The query for one value that tells the catalog from every other.

    Args:
        version: server_version_num.
        cluster: the query for a number of the server's, IDENTIFIED where the role may.
    """
    row = ROW if version >= 140000 else ROW_BEFORE_14
    return query("fingerprint").replace(":cluster", cluster).replace(":row", row)


def told_of(facts: Row, encoding: str, driver: str, schemas: SchemaMap) -> tuple[object, ...]:
    """What of a session decides what is checked, beside the catalog.

    Args:
        facts: the row of facts.sql; where the server is reached tells nothing.
        encoding: the database's.
        driver: the driver's name, or the dialect's: it sends values in a way of its own.
        schemas: the engine's schema_translate_map.
    """
    version_num, _, _, _, _, *told = facts
    mapped = sorted((str(name), str(other)) for name, other in schemas.items())
    return (version_num, *(each if each is None else str(each) for each in told), encoding, driver, mapped)


def any_behind(link: Link, keys: Sequence[Sequence[Any]]) -> bool:
    """Whether a sequence stands behind the rows of its key: (table, column, sequence, increment), all names quoted."""
    parts = (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
    return any(link.rows(_behind(part))[0][0] for part in parts)


def _behind(keys: Sequence[Sequence[Any]]) -> str:
    """Whether one of the sequences stands behind its key's rows; all names come quoted out of the catalog."""
    return f"SELECT {' OR '.join(_one_behind(*key) for key in keys)}"


def _one_behind(table: str, column: str, sequence: str, increment: int) -> str:
    first, towards = ("min", ">=") if increment > 0 else ("max", "<=")
    return (
        f"EXISTS (SELECT FROM (SELECT s.last_value + CASE WHEN s.is_called THEN {increment} ELSE 0 END AS next"
        f" FROM {sequence} AS s) AS n WHERE abs((SELECT {first}(k.{column}) FROM {table} AS k"
        f" WHERE k.{column} {towards} n.next) - n.next) <= {NEAR * abs(increment)})"
    )


class Recalled(NamedTuple):
    """What is remembered, and of which database."""

    known: Remembered
    version: str
    """The server's."""
    place: str
    """Host, port and database."""


def recall_by(server: Server, expectations: Callable[[], str]) -> Recalled | None:
    """What is remembered, by a connection of its own. None where that is nothing, or where something goes wrong: a
    whole check says what.

    Args:
        server: the way to the database.
        expectations: as PostgreSQLMemory takes them; asked once the server has answered.

    Raises whatever `expectations` raises.
    """
    deadline = Deadline(ANSWER)
    link = Link(server, deadline)
    try:
        with link.reading(TIMEOUT, lock_timeout=LOCK_TIMEOUT):
            (facts,) = link.rows(query("facts"))
        deadline.begin(TIMEOUT)
        told = told_of(facts, link.encoding.server, str(server.words), server.schemas)
        known = PostgreSQLMemory(link, expectations(), told).recall()
    except (DriverError, GuardError):
        return None
    finally:
        link.close()
    _, version, database, host, port, *_ = facts
    where = f"{host}:{port}" if host else str(server.place.host or "local socket")
    return None if known is None else Recalled(known, str(version), f"{where}/{database}")
