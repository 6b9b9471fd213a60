"""What revisions that are still to run send, and what is never taken, whatever the database holds.

Not taken by the database system, by the driver, or by SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.names import elsewhere
from schema_guard.chain.reading.actions import ALTERED, CONCURRENT, SENT, Action
from schema_guard.chain.reading.env_engine import engine_written_out
from schema_guard.chain.reading.revision_actions import actions_and_uses_of
from schema_guard.chain.reading.sent import parameter_in
from schema_guard.chain.reading.sql_tokens import statements_of
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.systems import System
from schema_guard.counted import counted

__all__ = ["unsupported"]

_ENDS_TRANSACTIONS = ("autocommit", "isolation_level", "commit")
"""Words, in small letters, of a file that may leave the transaction that Alembic has begun."""
_OTHER_CONNECTIONS = ("cursor", "raw_connection", ".connection", "get_context", "Session")
"""Words of a file in which what has execute() may be no connection of SQLAlchemy."""
_NOT_INSIDE = "it cannot run in a transaction, which Alembic has begun"
_UNLESS = "unless the engine, whose options env.py takes from another module, is in autocommit mode"
_AUTOCOMMIT = "with op.get_context().autocommit_block():"


def unsupported(project: Project, ran: Collection[str], system: System) -> Iterator[Fault]:
    """The first of each revision.

    Args:
        project: the chain; what env.py or a revision registers with Alembic may take everything.
        ran: the revisions that ran on this database.
        system: the database's.
    """
    pending = [id_ for id_ in project.chain.order if id_ not in ran]
    if not pending or elsewhere(project) or "Impl" in project.env_text:
        return
    driver = project.written_url.get_driver_name()
    # An env.py may run the revisions with another driver than the application's.
    own = "async" in project.env_text and "psycopg" not in project.env_text and "pg8000" not in project.env_text
    alone = system.one_at_a_time(driver) and (own or system.one_at_a_time(""))
    others = ("async", "psycopg://", "pg8000", "drivername")
    no_empty = system.refuses_empty(driver) and not any(word in project.env_text for word in others)
    env_begins = _begins_transaction(project)
    written_out = env_begins and engine_written_out(project.env_text)
    for id_ in pending:
        file = project.chain.by_id[id_].file
        text = Path(file).read_text("utf-8", "replace")
        begins = env_begins and not _may_end_transaction(text)
        way = _Way(
            system,
            alone=alone,
            no_empty=no_empty,
            in_transaction=begins and written_out,
            binds="DDL(" not in text and "bindparams" not in text,
            connections=not any(word in text for word in _OTHER_CONNECTIONS),
        )
        actions = [each for each in actions_and_uses_of(file) if not (each.depth or each.asks)]
        first = way.first_refused(actions)
        sure = first is not None
        if first is None and begins:
            first = replace(way, in_transaction=True).first_refused(actions)
        if first is not None:
            action, says, fix = first
            message = f"{id_} is still to run and {says} ({Path(file).name}:{action.line})"
            severity, message = (Severity.BREAKS, message) if sure else (Severity.RISK, f"{message}, {_UNLESS}")
            yield Fault("unsupported", severity, message, Fix(fix), file, action.line, id_, guess=True, sure=sure)


def _begins_transaction(project: Project) -> bool:
    """Whether revisions run in a transaction by all that env.py and the configuration say: env.py makes the engine, and
    nothing ends it."""
    env, ini = project.env_text, project.location.ini
    url = project.written_url.query  # psycopg takes autocommit from there
    written = f"{env} {ini.read_text('utf-8', 'replace') if ini else ''} {' '.join(url)}"
    makes = "create_engine(" in env or "engine_from_config(" in env
    return makes and "begin_transaction()" in env and not _may_end_transaction(written)


def _may_end_transaction(text: str) -> bool:
    return any(word in text.lower() for word in _ENDS_TRANSACTIONS)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a revision's statements get to the database."""

    system: System
    alone: bool
    """The driver takes one statement in each text."""
    no_empty: bool
    """The driver takes no text without a statement."""
    in_transaction: bool
    binds: bool
    """A text with a parameter has no value for it where none is given with it."""
    connections: bool
    """What has execute() is a connection of SQLAlchemy."""

    def first_refused(self, actions: Iterable[Action]) -> tuple[Action, str, str] | None:
        """The first that fails, with what it does, and what to do instead of it."""
        return next(((action, *told) for action in actions if (told := self._refused(action))), None)

    def _refused(self, action: Action) -> tuple[str, str] | None:
        """What it does that fails, and what to do instead."""
        title = self.system.title
        if action.kind == ALTERED and not self.system.alters_types:
            fix = "use batch mode: with op.batch_alter_table(..) as batch_op"
            return f"calls {action.text}: {title} has no ALTER TABLE for that", fix
        if action.kind == CONCURRENT and self._outside(("CREATE", "INDEX", "CONCURRENTLY"), action):
            return f"calls {action.text} with postgresql_concurrently: {_NOT_INSIDE}", _AUTOCOMMIT
        return self._text(action) if action.kind == SENT else None

    def _text(self, action: Action) -> tuple[str, str] | None:
        statements = statements_of(action.text)
        title, number = self.system.title, len(statements)
        if action.plain and self.connections:
            return "gives a connection a str, which SQLAlchemy does not execute", "wrap it: sa.text(..)"
        if action.unbound and self.binds and (parameter := parameter_in(action.text)):
            says = f"sends a text in which SQLAlchemy takes {parameter} for a parameter, and gives it no value"
            return says, f"give it one by bindparams(), or write \\\\{parameter} where it is none"
        if number > 1 and self.alone:
            says = f"sends {counted(number, 'statement')} as one text: the driver takes one"
            return says, "give each its own op.execute()"
        if number == 0 and self.no_empty:
            return "sends a text without a statement, which the driver refuses", "remove it"
        refused = self.system.refuses(action.text) if number == 1 else ""
        firsts = (words[0] for words in statements if words[0].kind == "word")
        strange = next((word.text for word in firsts if not self.system.knows(word.upper)), "")
        refused = refused or (f"no statement begins with {strange}" if strange else "")
        if refused:
            return f"sends a statement that {title} does not know: {refused}", "send it only on other databases"
        outside = (self._outside([word.upper for word in words], action) for words in statements)
        told = next(filter(None, outside), "")
        return (f"sends {told}: {_NOT_INSIDE}", _AUTOCOMMIT) if told else None

    def _outside(self, words: Sequence[str], action: Action) -> str:
        """The beginning of a statement that cannot run in the transaction."""
        return self.system.outside(words) if self.in_transaction and not action.autocommit else ""
