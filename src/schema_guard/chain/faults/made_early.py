"""What revisions that are still to run make, and the database already has: they will collide with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.stamped import tables_first
from schema_guard.chain.history import Chain
from schema_guard.chain.reading.actions import Action, Verb
from schema_guard.chain.reading.operations import Names, called
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import actions_of, unseen_of
from schema_guard.chain.sandbox.fact import Fact, Kind
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.version_table import VersionTable
from schema_guard.counted import first_of
from schema_guard.schema import Schema, Table

__all__ = ["Colliding", "colliding", "did_not_run", "elsewhere", "made_early", "moves_names", "names_of", "normal"]

_NAMED = frozenset({Kind.VIEW, Kind.SEQUENCE, Kind.TYPE, Kind.SCHEMA, Kind.EXTENSION})
_ADDS = re.compile(r"(\bADD\s+VALUE\s+)(?!IF\b)", re.IGNORECASE)


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


def made_early(
    project: Project,
    version: VersionTable,
    schema: Schema,
    beside: Collection[Fact],
    there: There,
    told: Sequence[str],
    way_out: Fix | None,
    commands: Commands,
) -> Iterator[Fault]:
    """One fault for each revision that would collide, as far as its text says.

    Args:
        project: the chain.
        version: what alembic_version names; where it names nothing that is known, nobody knows what ran.
        schema: the whole database.
        beside: what it has besides tables.
        there: names as revisions write them.
        told: tables and columns that were told already.
        way_out: how all that was made early goes away, where no stamp can be proved past it.
        commands: what a person types.
    """
    chain = project.chain
    if not version.rows or version.unknown(chain):
        return
    found: dict[str, list[Colliding]] = {}
    for item in colliding(chain, chain.upto(version.rows), schema, beside, there, told):
        found.setdefault(item.revision, []).append(item)
    ran = chain.upto(version.rows)
    for items in found.values():
        certain = not elsewhere(project) and any(item.certain for item in items)
        rows = _rows_up_to(items[0].revision, ran, chain, there)
        yield _fault(items, way_out, rows, commands, certain=certain)


def _rows_up_to(revision: str, ran: Collection[str], chain: Chain, there: There) -> str:
    """A pending revision up to this one that changes rows; empty where something shows that one of them did not run."""
    waiting = [id_ for id_ in chain.order if id_ in chain.upto([revision]) and id_ not in ran]
    if any(did_not_run(id_, chain, there) for id_ in waiting):
        return ""
    return next((id_ for id_ in waiting if unseen_of(chain.by_id[id_].file)), "")


def did_not_run(id_: str, chain: Chain, there: There) -> bool:
    """Whether what the revision makes is not there, or what it removes still is."""
    actions = actions_of(chain.by_id[id_].file)
    makes = (each for each in actions if each.verb is Verb.MAKE and each.kind in ("table", "column"))
    lacks = (each for each in makes if not (each.depth or each.asks or there.has(each.kind, there.key(each.object))))
    return any(True for _ in lacks) or any(True for _ in there.not_removed(actions))


def elsewhere(project: Project) -> bool:
    """Whether env.py may send unqualified names to other schemas than those that were looked at."""
    return project.several or any(word in project.env_text for word in ("search_path", "schema_translate_map"))


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


def normal(action: Action, there: There) -> Action:
    """Without the schema that unqualified names go to; `public`, where that is another one, stays apart."""

    def plain(name: str) -> str:
        if there.default_schema not in (None, "public") and name.startswith("public."):
            return f'"public".{name.removeprefix("public.")}'
        return there.key(name)

    if action.kind in ("column", "constraint", "trigger", "policy", "rule", "value"):
        return replace(action, table=plain(action.table))
    return replace(action, name=plain(action.name), to=plain(action.to), table=plain(action.table))


def names_of(schema: Schema, beside: Collection[Fact], there: There) -> Names[str]:
    """The names that are taken in the database."""
    names = Names[str](there.system)
    for action in _taken(schema, beside, there):
        names.add(action, "the database")
    return names


def _taken(schema: Schema, beside: Collection[Fact], there: There) -> Iterator[Action]:
    """What has a name in the database, as actions that made it."""
    for table in schema.tables:
        yield _made(there, "table", table.name)
        for column in table.columns:
            yield _made(there, "column", column.name, table.name)
        yield from _parts(table, there)
    types = [*(enum.name for enum in schema.enums), *(domain.name for domain in schema.domains)]
    for name in types:
        yield _made(there, "type", name)
    for enum in schema.enums:
        for label in enum.values:
            yield _made(there, "value", label, enum.name)
    for sequence in schema.sequences:
        yield _made(there, "sequence", sequence.name)
    for fact in beside:
        if fact.kind in _NAMED:
            yield _made(there, fact.kind, fact.object)


def _parts(table: Table, there: There) -> Iterator[Action]:
    """The indexes and constraints of a table."""
    schema = f"{table.name.schema}." if table.name.schema else ""
    for index in table.indexes:
        if index.name:
            yield _made(there, "index", f"{schema}{index.name}", table.name, index.columns)
    plain = [*(check.name for check in table.checks), *(key.name for key in table.foreign_keys)]
    backed = [*(unique.name for unique in table.uniques), *(exclusion.name for exclusion in table.exclusions)]
    if table.primary_key is not None:
        backed.append(table.primary_key.name)
    for name in filter(None, plain):
        yield _made(there, "constraint", name, table.name)
    for name in filter(None, backed):
        yield _made(there, "constraint", name, table.name, index=True)


def _made(
    there: There,
    kind: str,
    name: object,
    table: object = "",
    mentions: Sequence[str] | None = None,
    *,
    index: bool = False,
) -> Action:
    columns = None if mentions is None else frozenset(mentions)
    return normal(Action(Verb.MAKE, kind, str(name), str(table), mentions=columns, relation=index), there)


def moves_names(file: str) -> bool:
    """Whether the revision says itself in which schema unqualified names are."""
    try:
        return "search_path" in Path(file).read_text("utf-8", "replace")
    except OSError:
        return True


def _fault(items: Sequence[Colliding], way_out: Fix | None, rows: str, commands: Commands, *, certain: bool) -> Fault:
    lines: dict[str, int] = {}
    for item in items:
        lines.setdefault(item.object, item.line)
    objects = tables_first(lines)
    id_ = items[0].revision
    return Fault(
        "made-early",
        Severity.BREAKS,
        f"{id_} is still to run, and the database already has {first_of(objects)}, which it makes: an "
        "earlier run failed half-way, or a guard made it",
        _value_fix(items, rows, commands)
        or way_out
        or Fix(
            f"{commands('stamp')} proves what can be stamped; where it finds no matching revision, "
            f"{commands('apply')}, then {commands.repair}"
        ),
        items[0].file,
        lines[objects[0]],
        id_,
        guess=True,
        sure=certain,
    )


def _value_fix(items: Sequence[Colliding], rows: str, commands: Commands) -> Fix | None:
    """A value cannot be taken away again, but its statement can ask first; None where something else collides too.

    `rows`: a revision that changes rows, and would change them again where it ran and the stamp was moved back.
    """
    if any(item.taken.kind != "value" for item in items):
        return None
    item = items[0]
    try:
        line = Path(item.file).read_text("utf-8").splitlines()[item.line - 1]
    except (OSError, UnicodeDecodeError, IndexError):
        line = ""
    becomes = _ADDS.sub(r"\1IF NOT EXISTS ", line)
    if rows:
        ran, file = commands("stamp", "--revision", item.revision), f"{Path(item.file).name}:{item.line}"
        return Fix(
            f"if {rows} ran already (look at the rows that it changes): {ran}; if it did not: write ADD VALUE IF NOT "
            f"EXISTS in {file}, then {commands('deploy')}"
        )
    return Fix(
        f"write ADD VALUE IF NOT EXISTS in {Path(item.file).name}:{item.line}; or, if the revision does nothing else, "
        f"{commands.repair}",
        file=item.file,
        line=item.line if becomes != line else 0,
        becomes=becomes if becomes != line else "",
    )
