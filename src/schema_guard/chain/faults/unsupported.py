"""What revisions that are still to run send, and the database system never takes, whatever the database holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.names import elsewhere
from schema_guard.chain.reading.actions import ALTERED, SENT, Action
from schema_guard.chain.reading.revision_actions import actions_and_uses_of
from schema_guard.chain.reading.sql_tokens import statements_of
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.systems import System
from schema_guard.counted import counted

__all__ = ["unsupported"]


def unsupported(project: Project, ran: Collection[str], system: System) -> Iterator[Fault]:
    """The first of each revision.

    Args:
        project: the chain; what env.py or a revision registers with Alembic may take everything.
        ran: the revisions that ran on this database.
        system: the database's.
    """
    if elsewhere(project) or "Impl" in project.env_text:
        return
    driver = project.written_url.get_driver_name()
    # An env.py may run the revisions with another driver than the application's.
    own = "async" in project.env_text and "psycopg" not in project.env_text and "pg8000" not in project.env_text
    alone = system.one_at_a_time(driver) and (own or system.one_at_a_time(""))
    for id_ in (id_ for id_ in project.chain.order if id_ not in ran):
        file = project.chain.by_id[id_].file
        sent = (each for each in actions_and_uses_of(file) if not (each.depth or each.asks))
        found = ((action, *told) for action in sent if (told := _why(action, system, alone=alone)))
        first = next(found, None)
        if first is not None:
            action, says, fix = first
            place = f"{Path(file).name}:{action.line}"
            message = f"{id_} is still to run and {says} ({place})"
            yield Fault(
                "unsupported", Severity.BREAKS, message, Fix(fix), file, action.line, id_, guess=True, sure=True
            )


def _why(action: Action, system: System, *, alone: bool) -> tuple[str, str] | None:
    """What it does that fails, and what to do instead."""
    if action.kind == ALTERED and not system.alters_types:
        fix = "use batch mode: with op.batch_alter_table(..) as batch_op"
        return f"calls {action.text}: {system.title} has no ALTER TABLE for that", fix
    if action.kind != SENT:
        return None
    number = len(statements_of(action.text))
    if number > 1 and alone:
        return (
            f"sends {counted(number, 'statement')} as one text: the driver takes one",
            "give each its own op.execute()",
        )
    refused = system.refuses(action.text) if number == 1 else ""
    return (
        (f"sends a statement that {system.title} does not know: {refused}", "send it only on other databases")
        if refused
        else None
    )
