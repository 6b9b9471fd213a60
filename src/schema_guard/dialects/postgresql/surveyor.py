"""What the rows of the tables that differ say, and what the server would reject."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from schema_guard.dialects.base import Dialect, Facts
from schema_guard.dialects.postgresql.calls import call_rejections
from schema_guard.dialects.postgresql.constraints_below import constraints_below
from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.event_triggers import SLOW, EventTrigger, event_triggers, vetoes
from schema_guard.dialects.postgresql.failures import LOCK_NOT_AVAILABLE, diagnose, unread
from schema_guard.dialects.postgresql.inheritors import unlike_inheritors
from schema_guard.dialects.postgresql.limits import limits_query, with_limits
from schema_guard.dialects.postgresql.link import Link, Row
from schema_guard.dialects.postgresql.rejections import rejections
from schema_guard.dialects.postgresql.trial_copy import refused
from schema_guard.dialects.postgresql.trial_objects import refused_objects
from schema_guard.dialects.stop import Stop
from schema_guard.dialects.survey import take_survey
from schema_guard.difference import Difference, FunctionMissing, Impact
from schema_guard.errors import ReadError
from schema_guard.plan import Definition, Rejection, Survey, Veto
from schema_guard.schema import Schema

__all__ = ["EVERY_ROW", "Surveyor"]

EVERY_ROW = "SET LOCAL row_security = off"
"""Policies that would hide rows make the query an error (manual, 20.11.1); whoever sees all notices nothing."""

_LOCK_TIMEOUT, _AGAIN = 1.0, 0.05
"""Seconds that a SELECT waits for a lock: the first time, and when one of them was not released."""


@dataclass(slots=True)
class Surveyor:
    """Looks at the rows of one database.

    Args:
        link: the connection that reads.
        dialect: quotes names, and knows types.
        facts: of the server.
        stop: who asks it ends the looking.
        timeout: seconds for each SELECT.
    """

    link: Link
    dialect: Dialect
    facts: Facts
    stop: Stop
    timeout: float
    wait: float = _LOCK_TIMEOUT

    def survey(self, differences: Sequence[Difference], actual: Schema) -> Survey:
        """Look, unless all are notes: the usual boot needs nothing of it."""
        if all(difference.impact is Impact.NOTES for difference in differences):
            return Survey()
        triggers, refusing, slow = self._event_triggers(differences)
        rejected = self._rejections(differences, actual, triggers, trying=not (slow or self.facts.read_only))
        survey = replace(take_survey(differences, actual, self.dialect, self._read, rejected), vetoes=refusing)
        try:
            with self.link.reading(self.timeout, bare_path=True):
                return with_limits(survey, self.link.rows(limits_query(differences)))
        except DriverError:
            return survey

    def _read(self, sql: str) -> list[Row]:
        if self.stop.asked:
            raise ReadError(f"not looked at: stopped by {self.stop.reason}")
        try:
            with self.link.reading(self.timeout, lock_timeout=min(self.wait, self.timeout)):
                self.link.run(EVERY_ROW)
                return self.link.rows(sql)
        except DriverError as error:  # even one that ended the connection: the others are asked on a new one
            self.wait = _AGAIN if diagnose(error).sqlstate == LOCK_NOT_AVAILABLE else self.wait
            raise unread(error, "the rows") from None

    def _event_triggers(
        self, differences: Sequence[Difference]
    ) -> tuple[Sequence[EventTrigger], Mapping[str, Veto], bool]:
        """Those of the database, and what they refuse; nothing where that cannot be told, or needs no DDL. And whether
        they take so long that nothing more is to be tried."""
        triggers: Sequence[EventTrigger] = ()
        if all(each.by_rows or each.impact is Impact.NOTES for each in differences):
            return triggers, {}, False
        with suppress(DriverError):
            triggers = event_triggers(self.link)
            if not self.facts.read_only:
                begun = time.monotonic()
                found = vetoes(self.link, triggers, self.dialect.quote, self.timeout)
                return triggers, found, time.monotonic() - begun > SLOW
        return triggers, {}, False

    def _rejections(
        self, differences: Sequence[Difference], actual: Schema, triggers: Sequence[EventTrigger], *, trying: bool
    ) -> Mapping[Definition, Rejection]:
        """None where they cannot be asked for: then a step fails instead, in the server's words. `trying`: also what
        making a copy shows."""
        link, quote, timeout = self.link, self.dialect.quote, self.timeout
        found: dict[Definition, Rejection] = {}
        with suppress(DriverError):
            found = rejections(link, differences, actual, self.facts.search_path, quote, timeout)
            found |= unlike_inheritors(link, differences, actual, self.dialect.type, quote, timeout)
            found |= constraints_below(link, differences, actual, quote, timeout)
            if calls := [each for each in differences if isinstance(each, FunctionMissing)]:
                with link.reading(timeout):
                    found |= call_rejections(link, calls, actual, quote)
            if trying:
                found |= refused(link, differences, actual, quote, found, timeout, triggers)
                found |= refused_objects(link, differences, quote, timeout, triggers)
        return found
