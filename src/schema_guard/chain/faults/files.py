"""What is wrong with a chain by itself: its files and how they follow each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from alembic.script.revision import Revision as AlembicRevision
from alembic.script.revision import RevisionError

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.history import Chain, Revision
from schema_guard.chain.reading.operations import collisions
from schema_guard.chain.reading.revision_files import Unreadable
from schema_guard.chain.systems import SERVER, System

__all__ = ["REFUSED", "WIDTH", "chain_faults", "no_chain"]

WIDTH = 32
"""Characters of alembic_version.version_num as Alembic makes it."""

REFUSED = frozenset({"revision-unreadable", "revision-misnamed", "revision-missing", "cycle", "label-duplicate"})
"""With these Alembic refuses the whole folder: no command of its own works."""

_MERGE = re.compile(r"\bmerge", re.IGNORECASE)
_SYMBOLS = frozenset({"head", "heads", "base"})
"""What Alembic never takes for an id."""
_REVISES = re.compile(r"^Revises:\s*(?P<ids>.+)$", re.MULTILINE)


def chain_faults(
    chain: Chain,
    unreadable: Sequence[Unreadable],
    command: str,
    width: int | None,
    applied: frozenset[str] = frozenset(),
    system: System = SERVER,
) -> Iterator[Fault]:
    """The faults, those first that hide others.

    Args:
        chain: the revisions.
        unreadable: files that give none.
        command: what a person types before `merge`.
        width: how many characters alembic_version.version_num holds; None where any number does.
        applied: the revisions that ran on the real database.
        system: the database's.
    """
    refused = [*map(_unreadable, unreadable), *_misnamed(chain), *_missing(chain), *_cycle(chain), *_labels(chain)]
    yield from refused
    yield from _duplicates(chain)
    yield from _bases(chain)
    if not refused:  # neither does `merge`, and what is refused may be what the heads lack
        yield from _heads(chain, command)
    yield from _too_long(chain, width, applied, system)
    yield from _collisions(chain, applied, system)


def no_chain(*, replayed: bool) -> Iterator[Fault]:
    """There is no configuration of Alembic; `replayed`: a replay was asked for."""
    looked = f"looked for alembic.ini, pyproject.toml and migrations/ in {Path.cwd()}"
    fix = Fix("name it with --config, where there is one")
    yield Fault("no-chain", Severity.NOTE, f"no Alembic configuration ({looked})", fix)
    if replayed:
        yield Fault("replay-impossible", Severity.RISK, "there is no chain to replay", fix)


def _unreadable(file: Unreadable) -> Fault:
    name = Path(file.file).name
    fix = f"put the source of {name} back" if name.endswith(".pyc") else f"fix {name}"
    return Fault(
        "revision-unreadable",
        Severity.BREAKS,
        f"{name} {file.message}",
        Fix(f"{fix}, or move it out of the versions folder", file=file.file, line=0),
        file.file,
        file.line,
    )


def _misnamed(chain: Chain) -> Iterator[Fault]:
    """Ids that Alembic refuses, or reads as something else as soon as a revision follows."""
    for revision in chain.files:
        refused = _characters_refused(revision.id)
        if not refused and revision.id not in _SYMBOLS:
            continue
        why = f"has {refused}, which no id may have: Alembic refuses the whole folder"
        if not refused:
            why = "is what Alembic calls the ends of a chain: it looks for another revision under that name"
        fresh = re.sub(r"[^0-9A-Za-z_.]", "_", revision.id).strip("_") if refused else ""
        fresh = fresh if fresh and fresh not in chain and fresh not in _SYMBOLS else _fresh(fresh or "revision", chain)
        followers = [other.id for other in chain.files if revision.id in (*other.down, *other.depends)]
        also = f", and the same in the file of {', '.join(followers)}" if followers else ""
        place = (revision.file, revision.line("revision"))
        edit = ("", 0, "") if followers else (*place, f"revision = {fresh!r}")
        alone = not (refused or followers or revision.id == "base")
        yield Fault(
            "revision-misnamed",
            Severity.RISK if alone else Severity.BREAKS,
            f"the revision id {revision.id!r} {why}",
            Fix(f"{place[0]}:{place[1]}: revision = {fresh!r}{also}", "", *edit),
            *place,
            revision.id,
        )


def _characters_refused(id_: str) -> str:
    """Which of its characters the installed Alembic takes for a part of another notation: `branch@id`, `id+1`."""
    found = []
    for character in dict.fromkeys(re.findall(r"\W", id_)):
        try:
            AlembicRevision.verify_rev_id(character)
        except RevisionError:
            found.append(repr(character))
    return " and ".join(found)


def _duplicates(chain: Chain) -> Iterator[Fault]:
    by_id: dict[str, list[Revision]] = defaultdict(list)
    for revision in chain.files:
        by_id[revision.id].append(revision)
    for id_, revisions in by_id.items():
        if len(revisions) == 1:
            continue
        *_, last = revisions
        fresh = _fresh(id_, chain)
        names = " and ".join(Path(revision.file).name for revision in revisions)
        yield Fault(
            "revision-duplicate",
            Severity.BREAKS,
            f"revision {id_!r} is in {names}: Alembic runs only one of them, and which one is not defined",
            Fix(
                "give one of them an id of its own, or delete it when it is a copy: "
                f"{last.file}:{last.line('revision')}: "
                f"revision = {fresh!r}",
                file=last.file,
                line=last.line("revision"),
                becomes=f"revision = {fresh!r}",
            ),
            last.file,
            last.line("revision"),
            id_,
        )


def _fresh(id_: str, chain: Chain) -> str:
    short = id_[: WIDTH - 2]
    return next(name for number in range(2, 100) if (name := f"{short}_{number}"[-WIDTH:]) not in chain)


def _missing(chain: Chain) -> Iterator[Fault]:
    for revision in chain.files:
        for variable, names in (("down_revision", revision.down), ("depends_on", revision.depends)):
            for name in names:
                if name in chain or name in chain.by_label:
                    continue
                # the revision before may have been deleted after it ran everywhere: then the history begins here
                others = [id_ for id_ in chain.heads if id_ != revision.id and revision.id not in chain.upto([id_])]
                above = repr(others[0]) if len(others) == 1 else "None" if variable == "depends_on" else ""
                edit = f"{variable} = {above}" if above else ""
                yield Fault(
                    "revision-missing",
                    Severity.BREAKS,
                    f"{variable} of {revision.id} names {name!r}, and no file has that revision",
                    Fix(
                        f"bring its file back (git log --all --oneline -S {name!r} -- {Path(revision.file).parent}), "
                        f"or let {revision.id} follow another: {revision.file}:{revision.line(variable)}: "
                        f"{edit or f'{variable} = ..'}",
                        file=revision.file if edit else "",
                        line=revision.line(variable) if edit else 0,
                        becomes=edit,
                    ),
                    revision.file,
                    revision.line(variable),
                    revision.id,
                )


def _cycle(chain: Chain) -> Iterator[Fault]:
    if not chain.cycle:
        return
    first = chain.by_id[chain.cycle[0]]
    yield Fault(
        "cycle",
        Severity.BREAKS,
        f"revisions wait for each other: {' -> '.join((*chain.cycle, chain.cycle[0]))}",
        Fix(
            f"one of them begins the chain: correct its down_revision, for example {first.file}:"
            f"{first.line('down_revision')}",
            file=first.file,
        ),
        first.file,
        first.line("down_revision"),
        first.id,
    )


def _labels(chain: Chain) -> Iterator[Fault]:
    owners: dict[str, Revision] = {}
    for revision in chain.files:
        for label in revision.labels:
            first = owners.setdefault(label, revision)
            named = label in chain
            if not named and (first is revision or first.id == revision.id):
                continue
            has = f"of {revision.id} is the id of a revision" if named else f"is on {first.id} and on {revision.id}"
            yield Fault(
                "label-duplicate",
                Severity.BREAKS,
                f"the branch label {label!r} {has}; Alembic refuses the whole folder",
                Fix(
                    f"{revision.file}:{revision.line('branch_labels')}: branch_labels = None",
                    file=revision.file,
                    line=revision.line("branch_labels"),
                    becomes="branch_labels = None",
                ),
                revision.file,
                revision.line("branch_labels"),
                revision.id,
            )


def _bases(chain: Chain) -> Iterator[Fault]:
    """The base that most revisions stand on is the first one; another without a label is most likely a mistake."""
    if len(chain.bases) < 2:
        return
    sizes = {base: sum(base in chain.upto([id_]) for id_ in chain.by_id) for base in chain.bases}
    first = max(chain.bases, key=lambda base: (sizes[base], not chain.by_id[base].empty))
    for base in chain.bases:
        revision = chain.by_id[base]
        if base == first or revision.labels:
            continue
        yield _merge_without_parents(revision, chain) if _is_merge(revision) else _second_base(revision, first, chain)


def _is_merge(revision: Revision) -> bool:
    named = _MERGE.search(Path(revision.file).stem.replace("_", " ")) or _MERGE.search(revision.doc.partition("\n")[0])
    return revision.empty and bool(named)


def _merge_without_parents(revision: Revision, chain: Chain) -> Fault:
    own = chain.upto([revision.id])
    stated = _REVISES.search(revision.doc)
    names = [name.strip() for name in stated["ids"].split(",")] if stated else []
    parents = [name for name in names if name in chain and name not in own]
    if not parents:
        parents = [id_ for id_ in chain.heads if revision.id not in chain.upto([id_])]
    edit = f"down_revision = {tuple(parents)!r}"
    return Fault(
        "merge-without-parents",
        Severity.BREAKS,
        f"{revision.id} is called a merge, but its down_revision is None: it merges nothing and begins a second chain",
        Fix(
            f"{revision.file}:{revision.line('down_revision')}: {edit}",
            file=revision.file,
            line=revision.line("down_revision"),
            becomes=edit,
        ),
        revision.file,
        revision.line("down_revision"),
        revision.id,
    )


def _second_base(revision: Revision, first: str, chain: Chain) -> Fault:
    above = [id_ for id_ in chain.heads if revision.id not in chain.upto([id_])]
    edit = f"down_revision = {above[0]!r}" if len(above) == 1 else ""
    place = f"{revision.file}:{revision.line('down_revision')}"
    return Fault(
        "second-base",
        Severity.BREAKS,
        f"{revision.id} has down_revision None, but the chain begins with {first}",
        Fix(
            f"let it follow the others: {place}: {edit or 'down_revision = ..'}; or, when it is a branch on purpose, "
            "give it a branch_labels",
            file=revision.file if edit else "",
            line=revision.line("down_revision") if edit else 0,
            becomes=edit,
        ),
        revision.file,
        revision.line("down_revision"),
        revision.id,
    )


def _heads(chain: Chain, command: str) -> Iterator[Fault]:
    if len(chain.heads) < 2:
        return
    labelled = {head: _label_of(head, chain) for head in chain.heads}
    if all(labelled.values()) and len(set(labelled.values())) == len(labelled):
        return  # branches on purpose: `upgrade heads` runs them all
    points = [id_ for id_, children in chain.children.items() if len(children) > 1]
    where = f"; they branch after {', '.join(points)}" if points else ""
    partial = any(labelled.values())
    last = chain.by_id[chain.heads[-1]]
    yield Fault(
        "branch-without-label" if partial else "several-heads",
        Severity.BREAKS,
        f"{len(chain.heads)} heads: {', '.join(chain.heads)}{where}. `upgrade head` refuses to choose",
        Fix(
            f"{command} merge heads -m 'merge heads', commit the revision that it writes, and deploy that"
            + ("; or give each branch on purpose a branch_labels" if partial else ""),
            command=f"{command} merge heads -m 'merge heads'",
        ),
        last.file,
        last.line("down_revision"),
        last.id,
        tuple(f"{head}: {chain.by_id[head].file}" for head in chain.heads),
    )


def _label_of(head: str, chain: Chain) -> str:
    """The branch label that a head alone has: on a revision of its own branch."""
    shared = chain.lineage([other for other in chain.heads if other != head])
    own = chain.lineage([head]) - shared
    return next((label for id_ in chain.order if id_ in own for label in chain.by_id[id_].labels), "")


def _too_long(chain: Chain, width: int | None, applied: frozenset[str], system: System) -> Iterator[Fault]:
    unchecked = "" if system.checks_length else f"; {system.title} checks no length"
    for revision in chain.files:
        if width is None or len(revision.id) <= width or revision.id in applied:
            continue
        short = _shortened(revision.id, width, chain)
        followers = ", ".join(chain.children.get(revision.id, ()))
        also = f", and the same in down_revision of {followers}" if followers else ""
        yield Fault(
            "revision-too-long",
            Severity.RISK if unchecked else Severity.BREAKS,
            f"revision {revision.id!r} has {len(revision.id)} characters, alembic_version.version_num holds {width}: "
            f"PostgreSQL rolls the revision back when it is recorded{unchecked}",
            Fix(
                f"{revision.file}:{revision.line('revision')}: revision = {short!r}{also}; where it ran already on "
                "another database: ALTER TABLE alembic_version ALTER COLUMN version_num TYPE VARCHAR(255)",
                file="" if followers else revision.file,
                line=0 if followers else revision.line("revision"),
                becomes="" if followers else f"revision = {short!r}",
            ),
            revision.file,
            revision.line("revision"),
            revision.id,
        )


def _shortened(id_: str, width: int, chain: Chain) -> str:
    cut = id_[:width].rstrip("_-")
    return cut if cut not in chain else f"{id_[: width - 2]}_2"


def _collisions(chain: Chain, applied: frozenset[str], system: System) -> Iterator[Fault]:
    for found in collisions(chain, system):
        second, line = found.second, found.action.line
        here = second.id in applied
        maker = f"{found.first.id} ({Path(found.first.file).name})"
        if found.other:
            what = f"makes {found.named}, and {found.other}, which {maker} made, has that name"
            fix = f"give it another name at {second.file}:{line}, or take it out there"
        else:
            what = f"makes {found.named} again, which {maker} made"
            fix = f"take it out of {second.file}:{line}, or make it only where it is missing"
        yield Fault(
            "collision",
            Severity.RISK if here else Severity.BREAKS,
            f"{second.id} {what}" + ("; it ran on this database, but on an empty one it fails" if here else ""),
            Fix(fix, file=second.file),
            second.file,
            line,
            second.id,
            guess=True,
        )
