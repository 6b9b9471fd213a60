"""What pending revisions make and the database already has, as far as their text says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from schema_guard.chain.faults.names import moves_names, names_of, normal
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import Names, called
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.schema import Schema

__all__ = ["Colliding", "colliding", "may_have_run"]


@dataclass(frozen=True, slots=True)
class Colliding:
    """What a pending revision makes although its name is taken.

    `object` is what it makes, `taken` what the database has under that name. `certain`: nothing before it that is to
    run could make room, as far as the files say.
    """

    revision: str
    file: str
    line: int
    object: str
    taken: Action
    certain: bool


def colliding(
    chain: Chain,
    ran: Collection[str],
    schema: Schema,
    beside: Collection[Fact],
    there: There,
    told: Sequence[str] = (),
) -> Iterator[Colliding]:
    """What the revisions make that are still to run, and that is there already. Arguments as those of `made_early`."""
    names = names_of(schema, beside, there)
    told_already = set(told)
    certain = True
    for id_ in (id_ for id_ in chain.order if id_ not in ran):
        file = chain.by_id[id_].file
        certain = certain and not moves_names(file)
        for action in actions_of(file):
            certain = certain and (action.verb is not Verb.UNSEEN or action.readable)
            found = _collides(action, names, there, told_already)
            if found is not None:
                object_, taken = found
                yield Colliding(id_, file, action.line, object_, taken, certain)


def _collides(action: Action, names: Names[str], there: There, told: set[str]) -> tuple[str, Action] | None:
    """What an action makes, and what has its name already; None where nothing has, or where it was told before."""
    written = normal(action, there)
    made = names.after(written)
    if made is None or made.depth or made.asks:
        return None
    taken = names.taken(made)
    if taken is None:
        return None  # what pending revisions make twice is a collision of the files
    if made.chosen or (written.verb is Verb.RENAME and made.kind in ("table", "column")):
        return None  # of renames early.py tells more
    if made.object in told or made.table in told:
        return None
    if made.kind in ("table", "column"):
        told.add(made.object)
        return made.object, taken[0]
    return called(made), taken[0]


def may_have_run(revisions: Collection[str], ran: Collection[str], chain: Chain, there: There) -> list[str]:
    """The revisions up to these that are still to run, in order; none where something shows that one did not run."""
    waiting = [id_ for id_ in chain.order if id_ in chain.upto(revisions) and id_ not in ran]
    return [] if any(_did_not_run(id_, chain, there) for id_ in waiting) else waiting


def _did_not_run(id_: str, chain: Chain, there: There) -> bool:
    """Whether what the revision makes is not there, or what it removes still is."""
    actions = actions_of(chain.by_id[id_].file)
    makes = (each for each in actions if each.verb is Verb.MAKE and each.kind in ("table", "column"))
    lacks = (each for each in makes if not (each.depth or each.asks or there.has(each.kind, there.key(each.object))))
    return any(True for _ in lacks) or any(True for _ in there.not_removed(actions))
