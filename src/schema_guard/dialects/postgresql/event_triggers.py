"""Event triggers that refuse DDL: which commands they let through, and which of them it was that refused one.

A trigger's function may look at the command's tag, at the role, at the clock, and, once the command is done, at the
objects that it made. So commands are sent that make nothing: what a trigger refuses of these it refuses of any
object. What it refuses of some objects only, nobody knows before the step.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from schema_guard.dialects.postgresql.driver_error import DriverError
from schema_guard.dialects.postgresql.failures import CANCELLED, diagnose, is_disconnect, without_values
from schema_guard.dialects.postgresql.link import Link
from schema_guard.dialects.postgresql.query_text import query
from schema_guard.hidden import without_password
from schema_guard.plan import Veto
from schema_guard.schema import Name

__all__ = ["SLOW", "EventTrigger", "Quote", "accused", "event_triggers", "veto_of", "vetoes"]

SLOW = 3.0
"""Seconds that all tries together take before the rest is not tried: the steps need the time."""

COPY = "CREATE TEMP TABLE schema_guard_trial (id pg_catalog.int4)"
ANOTHER_WAY = "SELECT 1 AS id INTO TEMP schema_guard_trial"
"""Something that is there, so that IF NOT EXISTS makes nothing; the second is a command of another tag."""

MAKES_NOTHING = {
    "CREATE TABLE": "CREATE TABLE schema_guard_nowhere.t ()",
    "ALTER TABLE": "ALTER TABLE IF EXISTS pg_temp.schema_guard_nothing ADD COLUMN a pg_catalog.int4",
    "CREATE INDEX": "CREATE INDEX ON pg_temp.schema_guard_nothing (id)",
    "ALTER INDEX": "ALTER INDEX IF EXISTS pg_temp.schema_guard_nothing RENAME TO schema_guard_other",
    "DROP INDEX": "DROP INDEX IF EXISTS pg_temp.schema_guard_nothing",
    "CREATE SEQUENCE": "CREATE SEQUENCE schema_guard_nowhere.s",
    "ALTER SEQUENCE": "ALTER SEQUENCE IF EXISTS pg_temp.schema_guard_nothing INCREMENT 1",
    "CREATE VIEW": "CREATE VIEW schema_guard_nowhere.v AS SELECT 1",
    "CREATE MATERIALIZED VIEW": "CREATE MATERIALIZED VIEW schema_guard_nowhere.v AS SELECT 1",
    "CREATE TYPE": "CREATE TYPE schema_guard_nowhere.e AS ENUM ('a')",
    "ALTER TYPE": "ALTER TYPE schema_guard_nowhere.e ADD VALUE 'a'",
    "CREATE DOMAIN": "CREATE DOMAIN schema_guard_nowhere.d AS pg_catalog.text",
    "CREATE SCHEMA": "CREATE SCHEMA IF NOT EXISTS information_schema",
    "COMMENT": "COMMENT ON TABLE schema_guard_nowhere.t IS NULL",
}
"""By command tag. The server asks a trigger of ddl_command_start before it looks whether the command can be done."""

MAKES_NOTHING_BESIDE_COPY = {
    "CREATE TABLE": "CREATE TEMP TABLE IF NOT EXISTS schema_guard_trial (id pg_catalog.int4)",
    "CREATE INDEX": "CREATE INDEX IF NOT EXISTS schema_guard_trial ON pg_temp.schema_guard_trial (id)",
    "CREATE SEQUENCE": "CREATE TEMP SEQUENCE IF NOT EXISTS schema_guard_trial",
}
"""The same for one of ddl_command_end, which is asked only once the command is done."""

MAKES_A_COPY = {
    "CREATE TABLE": COPY,
    "CREATE SEQUENCE": "CREATE TEMP SEQUENCE schema_guard_trial_sequence",
    "CREATE VIEW": "CREATE TEMP VIEW schema_guard_trial_view AS SELECT 1 AS id",
    "CREATE TYPE": "CREATE TYPE pg_temp.schema_guard_trial_type AS ENUM ('a')",
    "ALTER TYPE": "ALTER TYPE pg_temp.schema_guard_trial_type ADD VALUE 'b'",
    "CREATE DOMAIN": "CREATE DOMAIN pg_temp.schema_guard_trial_domain AS pg_catalog.text",
    "COMMENT": "COMMENT ON TABLE pg_temp.schema_guard_trial IS 'a'",
}
"""Where no form that makes nothing can be tried: a trigger counts that is known to refuse without looking."""

NEEDS_COPY = {"CREATE INDEX": "CREATE TABLE", "COMMENT": "CREATE TABLE", "ALTER TYPE": "CREATE TYPE"}
"""What cannot be tried where the other command is refused by a trigger that is told of both."""

Quote = Callable[[Name | str], str]

ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


class EventTrigger(NamedTuple):
    """One that acts on DDL now."""

    name: str
    function: str
    enabled: str
    tags: tuple[str, ...]
    """The commands that it is told of; empty where it is told of all."""


Accused: TypeAlias = tuple[tuple[EventTrigger, ...], DriverError]


def event_triggers(link: Link) -> list[EventTrigger]:
    """Those that the database has. Raises what the link raises."""
    with link.reading(bare_path=True):
        rows = link.rows(query("event_triggers"))
    return [
        EventTrigger(str(name), str(function), str(enabled), tuple(json.loads(str(tags))))
        for name, function, enabled, tags in rows
    ]


def vetoes(link: Link, triggers: Sequence[EventTrigger], quote: Quote, timeout: float) -> dict[str, Veto]:
    """By command tag, what refuses such a command whatever it is about. Nothing lasts.

    Args:
        link: a connection as the steps have it.
        triggers: what the database has; where it has none, nothing is sent.
        quote: the dialect's quoting.
        timeout: seconds for each statement.

    Raises what the link raises.
    """
    if not triggers:
        return {}
    found: dict[str, Accused] = {}
    begun = time.monotonic()
    with link.trying(timeout):
        copied = any(_error(link, statement) is None for statement in (COPY, ANOTHER_WAY))
        for tag, statement, makes in _tries(copied):
            if time.monotonic() - begun > SLOW:
                break
            if tag in found or (error := _error(link, statement)) is None:
                continue
            if diagnose(error).sqlstate == CANCELLED:
                break  # a function that takes so long would do so each time
            culprits = tuple(accused(error, triggers))
            known = {name for others, _ in found.values() for name in others}
            if culprits and (not makes or known.issuperset(culprits)):
                found[tag] = culprits, error
    for tag, needed in NEEDS_COPY.items():
        if tag not in found and needed in found:
            culprits, error = found[needed]
            if told := tuple(each for each in culprits if not each.tags or tag in each.tags):
                found[tag] = told, error
    return {tag: veto_of(culprits, error, quote, tag) for tag, (culprits, error) in found.items()}


def accused(error: DriverError, triggers: Sequence[EventTrigger]) -> Iterator[EventTrigger]:
    """Those whose function the server names as where the error arose."""
    context = diagnose(error).context
    for trigger in triggers:
        if re.search(rf"(?<![\w$]){re.escape(trigger.function)}(?![\w$])", context):
            yield trigger


def veto_of(culprits: Sequence[EventTrigger], error: DriverError, quote: Quote, command: str = "it") -> Veto:
    """In words. Only a superuser may own an event trigger, and so switch it off."""
    names = " or ".join(each.name for each in culprits)
    off = " ".join(f"ALTER EVENT TRIGGER {quote(each.name)} DISABLE;" for each in culprits)
    on = " ".join(f"ALTER EVENT TRIGGER {quote(each.name)} {ENABLE[each.enabled]};" for each in culprits)
    said = without_password(f"the event trigger {names} refuses {command}: {without_values(error)}")
    return Veto(said, f"{off} -- as a superuser; when apply is done: {on}")


def _tries(copied: bool) -> Iterator[tuple[str, str, bool]]:
    """Tag, statement, and whether it makes an object that a trigger may look at."""
    yield from ((tag, statement, False) for tag, statement in MAKES_NOTHING.items())
    if copied:
        yield from ((tag, statement, False) for tag, statement in MAKES_NOTHING_BESIDE_COPY.items())
    yield from ((tag, statement, True) for tag, statement in MAKES_A_COPY.items())


def _error(link: Link, statement: str) -> DriverError | None:
    """Why the server does not do it; nothing of it is left then. Raises where the connection is lost."""
    link.run("SAVEPOINT schema_guard_trial")
    try:
        link.run(statement)
    except DriverError as error:
        if is_disconnect(error):
            raise
        link.run("ROLLBACK TO SAVEPOINT schema_guard_trial")
        return error
    return None
