"""What stamped revisions make and fill, and the database lacks: apply makes it again, without those rows.

Either the revision did not run, or what it makes was dropped. Nobody can tell which: a doubt, told before it is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.stamped import tables_first
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import made_by
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_and_uses_of
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
    missing: list[tuple[str, str]] = []
    for made in made_by(chain, ran):
        told = False
        kinds = {
            name: "column" if _is_column(name, made.objects, there) else "table"
            for name in map(there.key, made.objects)
        }
        for name in tables_first(name for name, kind in kinds.items() if not there.has(kind, name)):
            if not expected.has(kinds[name], name):
                continue
            missing.append((kinds[name], name))
            actions = actions_and_uses_of(chain.by_id[made.revision].file)
            work = next((each for each in actions if _fills(each, name, there)), None)
            if work is not None and not told:
                told = True
                yield _doubt(made.revision, f"makes {name} and changes its rows", name, work, chain, commands)
        if missing:
            yield from _of_earlier(made.revision, missing, made.objects, chain, there, commands)


def _of_earlier(
    id_: str,
    missing: Sequence[tuple[str, str]],
    own: Sequence[str],
    chain: Chain,
    there: There,
    commands: Commands,
) -> Iterator[Fault]:
    """What the revision writes into what an earlier one makes: rows of a table, values of a column."""
    actions = actions_and_uses_of(chain.by_id[id_].file)
    mine = set(map(there.key, own))
    for kind, name in missing:
        work = next(_writes(kind, name, actions, there), None) if name not in mine else None
        if work is not None:
            yield _doubt(
                id_, f"writes {'values' if kind == 'column' else 'rows'} of {name}", name, work, chain, commands
            )
            return


def _is_column(name: str, made: tuple[str, ...], there: There) -> bool:
    """A column of a table that is there, or that the same revision makes; a table's name may hold its schema."""
    table = name.rpartition(".")[0]
    return bool(table) and (table in there.tables or table in map(there.key, made))


def _fills(action: Action, name: str, there: There) -> bool:
    """Whether the statement may change its rows. What cannot be read at all says nothing about it."""
    if action.verb is not Verb.UNSEEN:
        return False
    named = action.mentions is None or name.rpartition(".")[2] in map(there.key, action.mentions)
    return action.readable and named


def _writes(kind: str, name: str, actions: Sequence[Action], there: There) -> Iterator[Action]:
    """The statements that give it rows, or values: an INSERT, bulk_insert(), an UPDATE that names the column."""
    table, _, column = name.rpartition(".") if kind == "column" else (name, "", "")
    verbs = ("INSERT", "REPLACE", "COPY", "MERGE", *(["UPDATE"] if column else ["bulk_insert"]))
    into = ""
    for action in actions:
        if action.verb is Verb.USE and action.kind == "table":
            into = into or there.key(action.name)  # the first that a statement names; the others it reads
        elif action.verb is Verb.UNSEEN:
            names = column in map(there.key, action.mentions or ()) if column else True
            if into == table and names and action.text.startswith(verbs):
                yield action
            into = ""


def _doubt(id_: str, does: str, name: str, work: Action, chain: Chain, commands: Commands) -> Fault:
    file = chain.by_id[id_].file
    where = f"{from_here(file)}:{work.line}"
    return Fault(
        "state-differs",
        Severity.RISK,
        f"{id_} is stamped, {does} ({work.text} at {where}), but {name} is not there: {id_} "
        f"did not run, or {name} was dropped. Made again it lacks what {id_} wrote",
        Fix(f"{commands('apply')} makes {name}; then do by hand what {where} does, where it is needed"),
        file,
        work.line,
        id_,
    )
