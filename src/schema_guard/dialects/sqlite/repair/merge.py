"""From the edits of one table's text to its rebuilds: one for all that is certain, one for what rows may hinder."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.sqlite.backup import backup_statement
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.features import FOREIGN_KEYS_ON, LEGACY_ALTER_ON
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.rebuild import Rebuild
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, Case, Edit, urgency_of
from schema_guard.plan import Hazard, Phase, Refusal, Step, Urgency
from schema_guard.schema import Table

__all__ = ["backup_step", "rebuild_for", "rebuild_table"]


def rebuild_table(
    edits: Sequence[Edit], live: Table, text: str, added: frozenset[str], case: Case
) -> list[Step | Refusal]:
    """The rebuilds of a table, and a refusal for each edit that cannot be made.

    Args:
        edits: what is to change.
        live: the table as it is.
        text: its text as it will be once the columns in `added` were added by ALTER TABLE.
        added: tokens of the steps that add them.
        case: everything else.
    """
    answers: list[Step | Refusal] = []
    for certain in (True, False):
        chosen: list[Edit] = []
        after = text
        for edit in edits:
            if edit.certain is not certain:
                continue
            try:
                after = edit.change(after)
            except (UnreadableTextError, StopIteration) as error:
                answers.append(_not_editable(edit, live, error))
                continue
            chosen.append(edit)
        if not chosen:
            continue
        rebuild = rebuild_for(live, text, after, case, tuple(check for edit in chosen for check in edit.checks))
        if not case.policy.rebuild:
            answers.extend(_forbidden(edit, rebuild) for edit in chosen)
            continue
        step = _step(rebuild, chosen, live, added, certain, case)
        answers.append(step)
        text = rebuild.result
        added = added | {f"rebuilt {live.name}"} if certain else added
    return answers


def rebuild_for(live: Table, before: str, after: str, case: Case, checks: tuple[Condition, ...] = ()) -> Rebuild:
    """The rebuild of the table from one text to another, its indexes and triggers kept."""
    return Rebuild(
        name=live.name,
        before=before,
        after=after,
        companions=live.companions,
        scratch=case.free_name(live.name.schema, f"new_{live.name.name}"),
        foreign_keys=FOREIGN_KEYS_ON in case.facts.features,
        legacy_alter=LEGACY_ALTER_ON in case.facts.features,
        checks=checks,
        referenced_by=live.referenced_by,
        statistics=live.statistics,
    )


def _step(
    rebuild: Rebuild, edits: Sequence[Edit], live: Table, needs: frozenset[str], certain: bool, case: Case
) -> Step:
    provides = {token for edit in edits for token in edit.provides}
    if certain:
        provides.add(f"rebuilt {live.name}")
    requires = {token for edit in edits for token in edit.requires} | needs
    if not certain:
        requires.add(f"rows {live.name}")
    if _backup_of(live, case):
        requires.add(_backup_token(live))
    unless = " OR ".join(f"({edit.unless})" for edit in edits if edit.unless)
    return Step(
        id=f"rebuild {live.name}{'' if certain else ' once the rows allow it'}",
        statements=rebuild.statements(),
        probe=rebuild.probe(),
        phase=Phase.REBUILD if certain else Phase.NOT_NULL,
        urgency=urgency_of(*(edit.difference for edit in edits)),
        locks=FILE_LOCK,
        why="; ".join(edit.why for edit in edits),
        resolves=tuple(edit.difference.key for edit in edits),
        object=str(live.name),
        table=live.name,
        cost="while the table is copied and compared",
        hazards=(Hazard.REWRITES, Hazard.BLOCKS_WRITES),
        scans=True,
        rewrites=True,
        transactional=False,
        provides=frozenset(provides),
        requires=frozenset(requires - provides),
        unless=f"SELECT {unless}" if unless and not certain else "",
        unless_reason=f"rows of {live.name} stand in the way of: {_uncertain(edits)}" if unless and not certain else "",
    )


def _uncertain(edits: Sequence[Edit]) -> str:
    return "; ".join(edit.why for edit in edits if edit.unless)


def _not_editable(edit: Edit, live: Table, error: Exception) -> Refusal:
    return Refusal(
        edit.difference,
        f"the stored CREATE TABLE of {live.name} cannot be edited ({error or 'not understood'}): rebuild it by hand",
    )


def _forbidden(edit: Edit, rebuild: Rebuild) -> Refusal:
    return Refusal(
        edit.difference,
        "SQLite changes this only by rebuilding the table, which the policy forbids",
        rebuild.advice(),
    )


def _database(table: Table) -> str:
    return table.name.schema or "main"


def _backup_token(table: Table) -> str:
    return f"backup {_database(table)}"


def _backup_of(table: Table, case: Case) -> str | None:
    return dict(case.facts.backups).get(_database(table)) if case.policy.backup else None


def backup_step(table: Table, case: Case) -> Step | None:
    """The copy of the database file that the first rebuild of a table in it waits for; None where there is no file."""
    target = _backup_of(table, case)
    if target is None:
        return None
    database = _database(table)
    return Step(
        id=f"back up {database}",
        statements=(backup_statement(database, target),),
        probe="SELECT 1",
        phase=Phase.REBUILD,
        urgency=Urgency.DEBT,
        locks=(),
        why="a copy of the file before its first rebuild",
        resolves=(),
        object=database,
        cost="while the file is read",
        scans=True,
        transactional=False,
        provides=frozenset({_backup_token(table)}),
    )
