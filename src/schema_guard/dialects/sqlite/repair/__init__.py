"""What to do about each difference of an SQLite database: one file for each kind, each from a difference to a step, an
edit of the table's text, or a refusal. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.base import Facts
from schema_guard.dialects.sqlite.repair.backfill import fill_rows
from schema_guard.dialects.sqlite.repair.case import Case
from schema_guard.dialects.sqlite.repair.merge import backup_step
from schema_guard.dialects.sqlite.repair.of_table import repair_table
from schema_guard.dialects.sqlite.repair.refused import refuse, refuse_on_relation
from schema_guard.dialects.sqlite.repair.table import create_table
from schema_guard.difference import BackfillPending, Difference, Impact, TableMissing
from schema_guard.plan import Policy, Refusal, Step, Survey
from schema_guard.schema import Name, Relation, Schema

__all__ = ["repair"]


def repair(
    differences: Sequence[Difference],
    expected: Schema,
    actual: Schema,
    facts: Facts,
    survey: Survey,
    policy: Policy,
) -> list[Step | Refusal]:
    """A step or a refusal for each difference that matters; notes are left alone."""
    case = Case(differences, expected, actual, facts, survey, policy)
    answers: list[Step | Refusal] = []
    of_tables: dict[Name, list[Difference]] = {}
    for difference in differences:
        if difference.impact is Impact.NOTES:
            continue
        table = case.live(difference.table_name) if difference.table_name else None
        if isinstance(difference, TableMissing):
            answers.append(create_table(difference, case))
        elif isinstance(difference, BackfillPending):
            answers.append(fill_rows(difference, case))
        elif table is None:
            answers.append(refuse(difference))
        elif table.relation is not Relation.TABLE:
            answers.append(refuse_on_relation(difference, table.relation))
        else:
            of_tables.setdefault(table.name, []).append(difference)
    for name, own in of_tables.items():
        live = case.live(name)
        if live is not None:
            answers.extend(repair_table(live, own, case))
    return _read_only(answers, case) if facts.read_only else _with_backups(answers, case)


def _with_backups(answers: Sequence[Step | Refusal], case: Case) -> list[Step | Refusal]:
    """One copy for each database file that has a table to rebuild."""
    found: dict[str, Step] = {}
    for answer in answers:
        if isinstance(answer, Step) and answer.rewrites and answer.table is not None:
            live = case.live(answer.table)
            step = backup_step(live, case) if live is not None else None
            if step is not None:
                found.setdefault(step.id, step)
    return [*found.values(), *answers]


def _read_only(answers: Sequence[Step | Refusal], case: Case) -> list[Step | Refusal]:
    """Nothing can be done with a file that is read-only; what would be done is the advice."""
    by_key = {difference.key: difference for difference in case.differences}
    refusals: list[Step | Refusal] = []
    for answer in answers:
        if isinstance(answer, Refusal):
            refusals.append(answer)
            continue
        reason = "the database file is read-only for this user"
        advice = tuple(f"{statement};" for statement in answer.statements)
        refusals.extend(Refusal(by_key[resolved], reason, advice) for resolved in answer.resolves)
    return refusals
