"""What the stamped revisions make, as far as their text says, and the database lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import Made, made_by
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.systems import System
from schema_guard.chain.version_table import VersionTable
from schema_guard.counted import first_of
from schema_guard.declared import from_here
from schema_guard.schema import Schema

__all__ = ["present", "stamped_faults", "tables_first"]


def present(schema: Schema, default_schema: str | None, system: System) -> frozenset[str]:
    """Tables and columns as revision files write them: unqualified where they are in the default schema."""
    found: set[str] = set()
    for table in schema.tables:
        names = {str(table.name)}
        if table.name.schema in (None, default_schema):
            names.add(table.name.name)
        for name in names:
            found.add(name)
            found.update(f"{name}.{column.name}" for column in table.columns)
    return frozenset(map(system.folded, found))


def stamped_faults(
    table: VersionTable,
    chain: Chain,
    there: frozenset[str],
    system: System,
    commands: Commands,
    *,
    early: bool,
    empty: bool,
    certain: bool,
    needed: bool,
    schemas: Collection[str],
) -> Iterator[Fault]:
    """What the stamped revisions make, as far as their text says, and the database lacks.

    Args:
        table: the version table.
        chain: the revisions.
        there: from `present`.
        system: the database system.
        commands: what a person types.
        early: a revision that is said not to have run seems to have run.
        empty: it has no table of the models.
        certain: names without a schema mean the tables that were looked at.
        needed: revisions that are still to run use something that is not there. Else deploy makes what is missing.
        schemas: those that were looked at: what revisions make in others is not known to be missing.
    """
    known = [row for row in table.rows if row in chain]
    if not known or len(known) != len(table.rows):
        return

    elsewhere = tuple(_not_looked_in(chain, chain.upto(known), schemas, system))

    def lacking(made: Made) -> tuple[str, ...]:
        names = (name for name in made.objects if not system.folded(name).startswith(elsewhere))
        return tuple(name for name in names if system.folded(name) not in there)

    makers = [made for made in made_by(chain, chain.upto(known)) if made.objects]
    missing = {made.revision: lacks for made in makers if (lacks := lacking(made))}
    if early:  # what it removes is not lacking
        removed = _removed(known, chain)
        missing = {id_: left for id_, lacks in missing.items() if (left := _without(lacks, removed))}
    last = chain.upto(known) == chain.upto(chain.heads)
    made_again = {system.folded(name) for made in makers for name in made.objects}
    for fault, name in _not_run(known, chain, missing, there - made_again, system, commands):
        yield replace(fault, sure=certain and not last)  # else nothing runs on it
        missing = {id_: left for id_, lacks in missing.items() if (left := _not_of(lacks, name))}
    if not missing:
        return
    names = [made.revision for made in makers]
    tail = names[names.index(next(iter(missing))) :]
    if all(name in missing and len(missing[name]) == len(_of(makers, name)) for name in tail):
        yield _blind(known, tail, missing, chain, commands, sure=empty and tail == names, needed=needed and certain)
        return
    for name, lacks in missing.items():
        later = names[names.index(name) + 1 :]
        yield _edited(name, lacks, any(other not in missing for other in later), chain, commands, last=last)


def _not_looked_in(chain: Chain, ran: Collection[str], schemas: Collection[str], system: System) -> Iterator[str]:
    """How the names of tables begin that revisions make in schemas that were not looked at: `audit.`."""
    looked = {*map(system.folded, schemas), system.own_schema}
    for id_ in ran:
        for action in actions_of(chain.by_id[id_].file):
            table = action.to if action.verb is Verb.RENAME else action.name
            schema = system.folded(table).rpartition(".")[0]
            if action.kind == "table" and schema and schema not in looked:
                yield f"{schema}."


def _not_run(
    known: Sequence[str],
    chain: Chain,
    missing: dict[str, tuple[str, ...]],
    there: frozenset[str],
    system: System,
    commands: Commands,
) -> Iterator[tuple[Fault, str]]:
    """Renames that did not run: what they rename is still there in place of what they lead to. Each with the name that
    is missing for it. `there` is without the names that a later revision gave to something new."""
    renames = [
        (chain.by_id[id_], action)
        for id_ in reversed(chain.order)
        if id_ in chain.upto(known)
        for action in actions_of(chain.by_id[id_].file)
        if action.verb is Verb.RENAME and action.kind in ("table", "column") and not action.depth
    ]
    for name in tables_first(name for lacks in missing.values() for name in lacks):
        now = name
        for revision, action in renames:
            if action.target != now:
                continue
            now = action.object
            if system.folded(now) in there:
                says = f"{revision.id} is stamped and renames {now} to {action.target}, but {now} is there and "
                says += f"{action.target} is not: it did not run"
                place = (revision.file, action.line, revision.id)
                fix = Fix(commands.repair, command=commands.repair)
                yield Fault("blind-stamp", Severity.BREAKS, says, fix, *place, guess=True), name
                break


def _not_of(objects: Sequence[str], name: str) -> tuple[str, ...]:
    return tuple(each for each in objects if each != name and not each.startswith(f"{name}."))


def _removed(known: Sequence[str], chain: Chain) -> list[Action]:
    """What pending revisions remove."""
    ran = chain.upto(known)
    files = [chain.by_id[id_].file for id_ in chain.order if id_ not in ran]
    gone = (Verb.REMOVE, Verb.RENAME)
    return [action for file in files for action in actions_of(file) if action.verb in gone]


def _without(objects: Sequence[str], removed: Sequence[Action]) -> tuple[str, ...]:
    gone = {action.object for action in removed}
    return tuple(name for name in objects if name not in gone and name.rpartition(".")[0] not in gone)


def _of(makers: Sequence[Made], revision: str) -> tuple[str, ...]:
    return next(made.objects for made in makers if made.revision == revision)


def _blind(
    known: Sequence[str],
    tail: Sequence[str],
    missing: dict[str, tuple[str, ...]],
    chain: Chain,
    commands: Commands,
    *,
    sure: bool,
    needed: bool,
) -> Fault:
    """`sure`: nothing of what ran is there, and no table of the models. Apply would make all of them empty, without the
    rows that the revisions write, or in another schema than the one that holds them. `needed`: a revision that is
    still to run fails without it. Where it is neither, deploy makes it: what only the revisions write is in doubt."""
    before = chain.upto(known) - frozenset(tail)
    # what follows the first revision that is missing cannot have run either
    ran = [id_ for id_ in chain.order if id_ in before and tail[0] not in chain.upto([id_])]
    fits = chain.heads_of(frozenset(ran))
    first = chain.by_id[tail[0]]
    objects = [name for lacks in missing.values() for name in tables_first(lacks)]
    fix = Fix(commands("stamp"), command=commands("stamp"))
    missed = chain.upto(known) - frozenset(ran)
    changing = tuple(id_ for id_ in chain.order if id_ in missed and unseen_of(chain.by_id[id_].file))
    rows = [work_of(id_, chain) for id_ in changing]
    lost = ""
    if rows:  # which `stamp` does not take back
        step = commands("doctor", "--replay")
        fix = Fix(f"{step} says what to do: nobody can tell whether they ran", step)
        lost = f". Where they did not run, what they do to rows is missing as well: {first_of(rows)}"
    if sure:
        fix = Fix(
            f"if the tables were dropped: {commands.repair}; if not, correct the URL or its search_path",
            command=commands.repair,
        )
    return Fault(
        "blind-stamp",
        Severity.BREAKS if sure or needed else Severity.RISK,
        f"stamped {', '.join(known)}, but the database lacks what its revisions make: {first_of(objects)}. It looks "
        f"like {', '.join(fits) or 'a database before the first revision'}{lost}",
        fix,
        first.file,
        first.line("revision"),
        first.id,
        tuple(f"{revision} makes {first_of(lacks)}" for revision, lacks in missing.items()),
        guess=True,
        sure=sure or needed,
        changing=changing,
    )


def work_of(id_: str, chain: Chain) -> str:
    """Where a revision changes rows, or may."""
    file = chain.by_id[id_].file
    work = unseen_of(file)[0]
    return f"{id_} ({work.text} at {from_here(file)}:{work.line})"


def _edited(
    revision: str, lacks: tuple[str, ...], later: bool, chain: Chain, commands: Commands, *, last: bool
) -> Fault:
    """`later`: what revisions after it make is there. `last`: nothing is still to run, so the models tell what it is.

    Else the models expect what the last revision leaves, under other names perhaps: a replay knows how to make it.
    """
    file = chain.by_id[revision]
    step = commands("apply") if last else commands("doctor", "--replay")
    does = "makes what the models expect of it" if last else "says with which statements it is made again"
    return Fault(
        "revision-edited",
        Severity.RISK,
        f"{revision} ran, but the database lacks {first_of(tables_first(lacks))}, which it makes, while it has "
        f"{'what later revisions make' if later else 'the rest of it'}: the object was dropped by hand, or the "
        "file was edited after it ran",
        Fix(
            f"{step} {does}; where the file was edited (git log -p -- {file.file}), put it back as it was when it ran "
            "and write a new revision for the rest",
            command=step,
        ),
        file.file,
        file.line("revision"),
        revision,
        guess=True,
    )


def tables_first(objects: Iterable[str]) -> list[str]:
    """Without the columns of a table that is missing as a whole."""
    names = list(objects)
    return [name for name in names if not any(name.startswith(f"{other}.") for other in names)]
