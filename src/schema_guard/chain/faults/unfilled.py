"""What a stamped revision makes and fills, and the database lacks: apply makes it again, without those rows.

Either the revision did not run, or what it makes was dropped. Nobody can tell which: a doubt, told before it is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.stamped import tables_first
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import unseen_of
from schema_guard.declared import from_here

__all__ = ["unfilled"]


def unfilled(chain: Chain, ran: frozenset[str], expected: There, there: There, commands: Commands) -> Iterator[Fault]:
    """One fault for each revision.

    Args:
        chain: the revisions.
        ran: those that ran, by what alembic_version says.
        expected: what the models expect, and apply therefore makes.
        there: the database.
        commands: what a person types.
    """
    for made in made_by(chain, ran):
        for name in tables_first(map(there.key, made.objects)):
            kind = "column" if _is_column(name, made.objects, there) else "table"
            if there.has(kind, name) or not expected.has(kind, name):
                continue
            # the statement stands in the revision that makes it: a later one may change what others wrote
            work = next(
                (each for each in unseen_of(chain.by_id[made.revision].file) if _fills(each, name, there)), None
            )
            if work is not None:
                yield _doubt(made.revision, name, work, chain, commands)
                break


def _is_column(name: str, made: tuple[str, ...], there: There) -> bool:
    """A column of a table that is there, or that the same revision makes; a table's name may hold its schema."""
    table = name.rpartition(".")[0]
    return bool(table) and (table in there.tables or table in map(there.key, made))


def _fills(action: Action, name: str, there: There) -> bool:
    """Whether the statement may change its rows. What cannot be read at all says nothing about it."""
    named = action.mentions is None or name.rpartition(".")[2] in map(there.key, action.mentions)
    return action.readable and named


def _doubt(id_: str, name: str, work: Action, chain: Chain, commands: Commands) -> Fault:
    file = chain.by_id[id_].file
    where = f"{from_here(file)}:{work.line}"
    return Fault(
        "state-differs",
        Severity.RISK,
        f"{id_} is stamped, makes {name} and changes its rows ({work.text} at {where}), but {name} is not there: {id_} "
        f"did not run, or {name} was dropped. Made again it lacks what {id_} wrote",
        Fix(f"{commands('apply')} makes {name}; then do by hand what {where} does, where it is needed"),
        file,
        work.line,
        id_,
    )
