"""What to do about each difference of an SQLite database: one file for each kind, each from a difference to a step, an
edit of the table's text, or a refusal. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from sqlite3 import complete_statement

from schema_guard.dialects.base import Facts
from schema_guard.dialects.renames import refuse_rename
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.backfill import fill_rows
from schema_guard.dialects.sqlite.repair.case import ByHand, Case, Edit
from schema_guard.dialects.sqlite.repair.merge import backup_step
from schema_guard.dialects.sqlite.repair.needs import standing, target_needs
from schema_guard.dialects.sqlite.repair.refused import refuse
from schema_guard.dialects.sqlite.repair.table import create_table
from schema_guard.dialects.sqlite.repair.table_edits import Answer, finish_table, repairs_of_table
from schema_guard.dialects.sqlite.repair.view import refuse_on_relation, view_of_models
from schema_guard.dialects.sqlite.tokens import Kind, ended, tokens
from schema_guard.difference import (
    BackfillPending,
    Difference,
    ForeignKeyMissing,
    Impact,
    RenameSuspected,
    TableMissing,
    ViewDiffers,
    ViewMissing,
)
from schema_guard.need import Need
from schema_guard.plan import Phase, Policy, Refusal, Step, Survey
from schema_guard.planner import because, settle, unmet, waits_for
from schema_guard.schema import Name, Relation, Schema

__all__ = ["repair"]

WITHOUT_CASCADES = (("PRAGMA foreign_keys = OFF;",), ("PRAGMA foreign_keys = ON;",))
"""DROP TABLE deletes the rows of a table first, and what refers to them (https://sqlite.org/foreignkeys.html, 5)."""

_VERBS = frozenset({"SELECT", "UPDATE", "INSERT", "DELETE", "ALTER", "CREATE", "DROP", "PRAGMA"})


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
    case = _with_needs(case)
    answers = _possible(_answers(case), case)
    finished: list[Step | Refusal] = []
    of_tables: dict[Name, list[Answer]] = {}
    for answer in answers:
        name = _table_of(answer)
        if name is not None and case.live(name) is not None:
            of_tables.setdefault(name, []).append(answer)
        elif isinstance(answer, Step | Refusal):
            finished.append(answer)
    for name, own in of_tables.items():
        live = case.live(name)
        if live is not None:
            finished.extend(finish_table(live, own, case))
    settled = settle(finished, differences, lambda need: standing(need, actual))
    return _as_pasted(_read_only(settled, case) if facts.read_only else _with_backups(settled, case))


def _as_pasted(answers: Sequence[Step | Refusal]) -> list[Step | Refusal]:
    """Each statement of a refusal with its semicolon: the sqlite3 shell waits for one."""
    return [
        replace(answer, advice=tuple(text if _is_whole(text) else ended(text) for text in answer.advice))
        if isinstance(answer, Refusal)
        else answer
        for answer in answers
    ]


def _is_whole(text: str) -> bool:
    """Whether it ends with a semicolon, or is no statement."""
    first = next((token.text for token in tokens(text) if token.kind is Kind.WORD), "")
    return first not in _VERBS or complete_statement(text)


def _answers(case: Case) -> list[Answer]:
    """What could be done about each difference by itself."""
    answers: list[Answer] = []
    of_tables: dict[Name, list[Difference]] = {}
    for difference in case.differences:
        if difference.impact is Impact.NOTES:
            continue
        table = case.live(difference.table_name) if difference.table_name else None
        if difference.left_alone and (table is None or table.relation is not Relation.TABLE):
            answers.append(Refusal(difference, difference.left_alone))
        elif isinstance(difference, ViewMissing | ViewDiffers):
            answers.append(view_of_models(difference))
        elif isinstance(difference, TableMissing):
            answers.append(create_table(difference, case))
        elif isinstance(difference, RenameSuspected):
            answers.append(refuse_rename(difference, case.actual, quote, WITHOUT_CASCADES))
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
            answers.extend(repairs_of_table(live, own, case))
    return answers


def _possible(answers: Sequence[Answer], case: Case) -> list[Answer]:
    """The same with refusals in place of what requires something that is neither there nor made."""
    wanting = [answer for answer in answers if isinstance(answer, Step | Edit)]
    missing = {need for difference in case.differences for need in difference.makes}
    lacking = unmet(wanting, missing, lambda need: standing(need, case.actual))
    refused = {id(wanting[position]): needs for position, needs in lacking.items()}
    reasons = because(case.differences, _refusals(answers))
    possible: list[Answer] = []
    for answer in answers:
        if not isinstance(answer, Step | Edit) or id(answer) not in refused:
            possible.append(answer)
            continue
        concerned = (answer.difference,) if isinstance(answer, Edit) else answer.answers
        possible.extend(Refusal(other, waits_for(refused[id(answer)], reasons)) for other in concerned)
    return possible


def _with_needs(case: Case) -> Case:
    """The same, with what foreign keys need and the database lacks for good, or may. A foreign key provides nothing, so
    all else is judged without them."""
    others = replace(
        case, differences=[other for other in case.differences if not isinstance(other, ForeignKeyMissing)]
    )
    answers = _possible(_answers(others), others)
    changes = [answer for answer in answers if isinstance(answer, Step | Edit)]
    provided = {need for change in changes for need in change.provides}
    sure = {need for change in changes if _is_sure(change) for need in change.provides}
    missing = {need for difference in case.differences for need in difference.makes}
    reasons = because(case.differences, _refusals(answers))
    keys = [key for table in case.expected.tables for key in table.foreign_keys]
    lost: dict[Need, str] = {}
    for need in {need for key in keys for need in target_needs(key)} - provided:
        known = standing(need, case.actual)
        if need in missing if known is None else not known:
            lost[need] = reasons.get(need, "it is missing")
    doubtful = {need for need in provided - sure if standing(need, case.actual) is not True}
    return replace(case, lost=lost, doubtful=frozenset(doubtful))


def _is_sure(change: Step | Edit) -> bool:
    """Whether no row can stand in its way."""
    return change.certain if isinstance(change, Edit) else not change.unless


def _refusals(answers: Sequence[Answer]) -> list[Refusal]:
    """Also of what is left to a person."""
    return [
        answer if isinstance(answer, Refusal) else Refusal(answer.difference, answer.reason)
        for answer in answers
        if isinstance(answer, Refusal | ByHand)
    ]


def _table_of(answer: Answer) -> Name | None:
    """The table that its repairs are gathered for; None for a backfill, which is one by itself."""
    if isinstance(answer, Step):
        return answer.table if answer.phase is not Phase.BACKFILL else None
    return answer.difference.table_name


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
        reason = (
            "the database is read-only: by its URL, by PRAGMA query_only, or as this user may not write the file or "
            "its directory"
        )
        advice = tuple(ended(statement) for statement in answer.statements)
        refusals.extend(Refusal(by_key[resolved], reason, advice) for resolved in answer.resolves)
    return refusals
