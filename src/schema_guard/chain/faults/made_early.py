"""What revisions that are still to run make, and the database already has: they will collide with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from schema_guard.chain.commands import Commands
from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.colliding import Colliding, colliding, may_have_run
from schema_guard.chain.faults.names import elsewhere
from schema_guard.chain.faults.stamped import tables_first
from schema_guard.chain.reading.pending import There
from schema_guard.chain.reading.revision_actions import unseen_of
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.sandbox.replay import Project
from schema_guard.chain.version_table import VersionTable
from schema_guard.counted import first_of
from schema_guard.schema import Schema

__all__ = ["made_early"]

_ADDS = re.compile(r"(\bADD\s+VALUE\s+)(?!IF\b)", re.IGNORECASE)


def made_early(
    project: Project,
    version: VersionTable,
    schema: Schema,
    beside: Collection[Fact],
    there: There,
    told: Sequence[str],
    way_out: Fix | None,
    other: Callable[[Sequence[str]], Fix | None],
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
        other: the fix for columns that are there with another type than the models expect.
        commands: what a person types.
    """
    chain = project.chain
    if not version.rows or version.unknown(chain):
        return
    found: dict[str, list[Colliding]] = {}
    ran = chain.upto(version.rows)
    for item in colliding(chain, ran, schema, beside, there, told):
        found.setdefault(item.revision, []).append(item)
    for items in found.values():
        certain = not elsewhere(project) and any(item.certain for item in items)
        waiting = may_have_run([items[0].revision], ran, chain, there)
        rows = next((id_ for id_ in waiting if unseen_of(chain.by_id[id_].file)), "")
        columns = [item.object for item in items if item.taken.kind == "column"]
        yield _fault(items, (other(columns) if columns else None) or way_out, rows, commands, certain=certain)


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
