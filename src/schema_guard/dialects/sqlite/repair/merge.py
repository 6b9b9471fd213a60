"""From the edits of one table's text to its rebuilds: one for all that is certain, one for what rows may hinder.

What refers to a key that another step makes has a third: that step may fail, and nothing else should wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum

from schema_guard.dialects.sqlite.backup import backup_statement
from schema_guard.dialects.sqlite.changes import changed
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.features import FOREIGN_KEYS_ON, LEGACY_ALTER_ON
from schema_guard.dialects.sqlite.own_backups import KEPT
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.rebuild import Rebuild
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, ByHand, Case, Edit, urgency_of
from schema_guard.dialects.stands_on import columns_under
from schema_guard.difference import ColumnMissing
from schema_guard.need import Kind, Need
from schema_guard.plan import Backup, Hazard, Phase, Refusal, Step, Urgency
from schema_guard.schema import Name, Table

__all__ = ["backup_step", "rebuild_for", "rebuild_table"]


class Part(Enum):
    """One rebuild of a table, in the order in which they run; how the step is called."""

    CERTAIN = ""
    HINDERED = " once the rows allow it"
    REFERRING = " once there is the key that it refers to"


_PHASES = {Part.CERTAIN: Phase.REBUILD, Part.HINDERED: Phase.NOT_NULL, Part.REFERRING: Phase.FOREIGN_KEY}


def rebuild_table(
    edits: Sequence[Edit],
    by_hand: Sequence[ByHand],
    live: Table,
    text: str,
    added: frozenset[Need],
    others: Sequence[Step | Refusal],
    case: Case,
) -> list[Step | Refusal]:
    """The rebuilds of a table, a refusal for each edit that cannot be made, and for what is left to a person.

    Args:
        edits: what is to change.
        by_hand: what a rebuild would change, and is refused.
        live: the table as it is.
        text: its text as it will be once the columns in `added` were added by ALTER TABLE.
        added: what the steps provide that add them.
        others: the other repairs of the table; what makes an index may come before a rebuild.
        case: everything else.
    """
    if not case.policy.rebuild:
        reason = "SQLite changes this only by rebuilding the table, which the policy forbids"
        forbidden = [ByHand(edit.difference, reason, edit.change, edit.checks) for edit in edits]
        return [*refuse_together([*forbidden, *by_hand], live, text if edits else live.facts.text or "", case)]
    answers: list[Step | Refusal] = [*refuse_together(by_hand, live, live.facts.text or "", case)]
    parts = _parts(edits, case)
    for part in Part:
        chosen: list[Edit] = []
        after = text
        for edit in parts[part]:
            try:
                after = changed(after, edit.change)
            except UnreadableTextError as error:
                answers.append(_not_editable(edit, live, error))
                continue
            chosen.append(edit)
        if not chosen:
            continue
        before = _indexes_before(others, chosen, part)
        companions = (*live.facts.companions, *(step.statements[0] for step in before))
        there = replace(live, facts=replace(live.facts, companions=companions))
        rebuild = rebuild_for(there, text, after, case, tuple(check for edit in chosen for check in edit.checks))
        needs = added | {need for step in before for need in step.provides}
        answers.append(_step(rebuild, chosen, live, needs, part, case))
        text = rebuild.result
        added = added | {_rebuilt(live, part)}
    return answers


def _indexes_before(others: Sequence[Step | Refusal], edits: Sequence[Edit], part: Part) -> list[Step]:
    """The steps that make an index of the table before it is rebuilt, which then has to be made again with it."""
    debt = urgency_of(*(edit.difference for edit in edits)) is Urgency.DEBT
    own = {need for edit in edits for need in edit.provides}
    return [
        step
        for step in others
        if isinstance(step, Step)
        and step.phase is Phase.UNIQUE
        and (step.urgency is Urgency.DEBT, step.phase) < (debt, _PHASES[part])
        and step.provides
        and not step.requires & own
    ]


def _parts(edits: Sequence[Edit], case: Case) -> dict[Part, list[Edit]]:
    own = {need for edit in edits if edit.certain for need in edit.provides}
    parts: dict[Part, list[Edit]] = {part: [] for part in Part}
    for edit in edits:
        if case.awaited(edit.requires - own):
            parts[Part.REFERRING].append(edit)
        else:
            parts[Part.CERTAIN if edit.certain else Part.HINDERED].append(edit)
    return parts


def _rebuilt(live: Table, part: Part) -> Need:
    return Need(Kind.REBUILT, live.name, member=part.name.lower())


def refuse_together(wanted: Sequence[ByHand], live: Table, text: str, case: Case) -> list[Refusal]:
    """The refusals, with one script for all of them: of two that start from the same text, the second would undo what
    the first did."""
    after, taken, answers = text, list[ByHand](), list[Refusal]()
    for one in wanted:
        try:
            after = changed(after, one.change)
        except UnreadableTextError:
            answers.append(Refusal(one.difference, one.reason))
        else:
            taken.append(one)
    if not taken:
        return answers
    checks = tuple(check for one in taken for check in one.checks)
    first, others = taken[0], taken[1:]
    answers.append(Refusal(first.difference, first.reason, rebuild_for(live, text, after, case, checks).advice()))
    script = f"the statements for {first.difference.object} change it too"
    answers.extend(Refusal(one.difference, f"{one.reason}; {script}") for one in others)
    return answers


def rebuild_for(live: Table, before: str, after: str, case: Case, checks: tuple[Condition, ...] = ()) -> Rebuild:
    """The rebuild of the table from one text to another that `changed` proved, its indexes and triggers kept."""
    return Rebuild(
        name=live.name,
        before=before,
        after=after,
        companions=live.facts.companions,
        scratch=case.free_name(live.name.schema, f"new_{live.name.name}"),
        foreign_keys=FOREIGN_KEYS_ON in case.facts.features,
        legacy_alter=LEGACY_ALTER_ON in case.facts.features,
        checks=checks,
        referenced_by=live.facts.referenced_by,
        statistics=live.facts.statistics,
        collations_of_others=live.facts.collations_of_others,
    )


def _step(rebuild: Rebuild, edits: Sequence[Edit], live: Table, needs: frozenset[Need], part: Part, case: Case) -> Step:
    certain = all(edit.certain for edit in edits)
    provides = {need for edit in edits for need in edit.provides} | {_rebuilt(live, part)}
    requires = {need for edit in edits for need in edit.requires} | needs
    if _backup_of(live, case):
        requires.add(_backup_needed(live))
    unless = " OR ".join(f"({edit.unless})" for edit in edits if edit.unless)
    return Step(
        id=f"rebuild {live.name}{part.value}",
        statements=rebuild.statements(),
        verifies=rebuild.verifies,
        probe=rebuild.probe(),
        phase=_PHASES[part],
        urgency=urgency_of(*(edit.difference for edit in edits)),
        locks=FILE_LOCK,
        why="; ".join(edit.why for edit in edits),
        resolves=tuple(edit.difference.key for edit in edits),
        answers=tuple(edit.difference for edit in edits),
        object=str(live.name),
        table=live.name,
        cost="while the table is copied and compared",
        hazards=(Hazard.REWRITES, Hazard.BLOCKS_WRITES),
        scans=True,
        rewrites=True,
        transactional=False,
        provides=frozenset(provides),
        requires=frozenset(requires - provides),
        after=frozenset() if certain else frozenset(_rows_under(edits, live)),
        unless=f"SELECT {unless}" if unless and not certain else "",
        unless_reason=f"rows of {live.name} stand in the way of: {_uncertain(edits)}" if unless and not certain else "",
    )


def _rows_under(edits: Sequence[Edit], live: Table) -> Iterator[Need]:
    """The values that a declared backfill may fill in before; a missing column's are those of the column itself."""
    for edit in edits:
        own = {edit.difference.column.name} if isinstance(edit.difference, ColumnMissing) else set[str]()
        yield from (Need.rows(live.name, column) for column in columns_under(edit.difference) | own)


def _uncertain(edits: Sequence[Edit]) -> str:
    return "; ".join(edit.why for edit in edits if edit.unless)


def _not_editable(edit: Edit, live: Table, error: Exception) -> Refusal:
    return Refusal(
        edit.difference,
        f"the stored CREATE TABLE of {live.name} cannot be edited ({error or 'not understood'}): rebuild it by hand",
    )


def _database(table: Table) -> str:
    return table.name.schema or "main"


def _backup_needed(table: Table) -> Need:
    return Need(Kind.BACKUP, Name(None, _database(table)))


def _backup_of(table: Table, case: Case) -> str | None:
    return dict(case.facts.backups).get(_database(table)) if case.policy.backup else None


def backup_step(table: Table, case: Case) -> Step | None:
    """The copy of the database file that the first rebuild of a table in it waits for; None where there is no file."""
    target = _backup_of(table, case)
    if target is None:
        return None
    database = _database(table)
    backup = Backup(database, target)
    return Step(
        id=f"back up {database}",
        statements=(backup_statement(backup),),
        backup=backup,
        probe="SELECT 1",
        phase=Phase.REBUILD,
        urgency=Urgency.DEBT,
        locks=(),
        why=f"a copy of the file before its first rebuild: {target}; the newest {KEPT} are kept",
        resolves=(),
        object=database,
        cost="while the file is read",
        scans=True,
        transactional=False,
        provides=frozenset({_backup_needed(table)}),
    )
