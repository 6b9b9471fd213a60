"""A revision that makes a table only where it is missing, and fills it in any case, beside rows that stand there.

It runs, as alembic_version says that it did not. Whether these rows are its own nobody can tell: a doubt, told with
both cases.
"""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.early import in_sql
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action
from schema_guard.chain.reading.pending import Change, There, may_fill, pending_of
from schema_guard.chain.reading.revision_actions import unseen_of
from schema_guard.chain.version_table import Read
from schema_guard.counted import counted
from schema_guard.declared import from_here
from schema_guard.errors import GuardError
from schema_guard.schema import Schema, Table

__all__ = ["filled_again"]

MOST = 10_000
"""Rows that are counted."""

_ASKING = ({"conflict"}, {"not", "exists"}, {"ignore"})
"""Words of an INSERT that leaves alone what is there."""


def filled_again(
    chain: Chain, ran: frozenset[str], schema: Schema, there: There, read: Read, commands: Commands
) -> Iterator[Fault]:
    """One fault for each table.

    Args:
        chain: the revisions.
        ran: those that ran.
        schema: the whole database.
        there: names as revisions write them.
        read: sends a SELECT.
        commands: what a person types.
    """
    tables = {there.table(table.name): table for table in schema.tables}
    for change in pending_of(chain, ran, there).fills:
        table = tables.get(change.taken) if change.kind == "table" else None
        asks_first = change.conditional and change.filled_anyway and not change.source
        unseen = unseen_of(chain.by_id[change.revision].file)
        first = next((action for action in unseen if _again(action, change, there)), None)
        if asks_first and first is not None and table is not None and (rows := _rows(table, read)):
            yield _doubt(change, first, table, rows, commands)


def _again(action: Action, change: Change, there: There) -> bool:
    """Whether it changes rows of the table, also where they are there."""
    return may_fill(action, change, there) and not any(words <= (action.mentions or set()) for words in _ASKING)


def _rows(table: Table, read: Read) -> str:
    """How many there are, in words; empty where there is none, or where they cannot be read."""
    try:
        found = int(str(read(f"SELECT count(*) FROM (SELECT 1 FROM {in_sql(table.name)} LIMIT {MOST + 1}) AS t")[0][0]))
    except GuardError:
        return ""
    return f"more than {MOST:,} rows" if found > MOST else counted(found, "row") if found else ""


def _doubt(change: Change, first: Action, table: Table, rows: str, commands: Commands) -> Fault:
    id_, name = change.revision, change.object
    work = f"{first.text} at {from_here(change.file)}:{first.line}"
    look, ran, deploy = f"SELECT * FROM {in_sql(table.name)}", commands("stamp", "--revision", id_), commands("deploy")
    return Fault(
        "made-early",
        Severity.RISK,
        f"{id_} is still to run, makes {name} only where it is missing, and changes its rows in any case ({work}): "
        f"{name} is there with {rows}; where {id_} ran before and its stamp was lost, that is done twice",
        Fix(f"{look}; if {id_} ran already: {ran}; if it did not: {deploy}"),
        change.file,
        first.line,
        id_,
    )
