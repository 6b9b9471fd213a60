"""All repairs of one table that exists, in the order in which its text changes: columns, rebuilds, indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from schema_guard.dialects.sqlite.create_text import parse_table
from schema_guard.dialects.sqlite.edit import with_native_column
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.repair.case import ByHand, Case, Edit
from schema_guard.dialects.sqlite.repair.check import add_check, unknown_check
from schema_guard.dialects.sqlite.repair.collation import change_collation
from schema_guard.dialects.sqlite.repair.column import (
    add_missing_column,
    change_generated,
    tighten_filled,
    unknown_column,
)
from schema_guard.dialects.sqlite.repair.default import change_default
from schema_guard.dialects.sqlite.repair.foreign_key import (
    add_foreign_key,
    other_actions,
    refuse_reference,
)
from schema_guard.dialects.sqlite.repair.index import add_index, add_unique, refuse_upsert
from schema_guard.dialects.sqlite.repair.merge import rebuild_table
from schema_guard.dialects.sqlite.repair.needs import columns_needed, target_needs
from schema_guard.dialects.sqlite.repair.nullability import change_nullability
from schema_guard.dialects.sqlite.repair.primary_key import change_primary_key
from schema_guard.dialects.sqlite.repair.refused import refuse
from schema_guard.dialects.sqlite.repair.type import change_type, refuse_unreadable
from schema_guard.difference import (
    CheckMissing,
    CollationDiffers,
    ColumnMissing,
    ColumnUnknown,
    DefaultDiffers,
    Difference,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    GeneratedDiffers,
    IdentityDiffers,
    IndexMissing,
    NullabilityDiffers,
    ObjectUnknown,
    PrimaryKeyDiffers,
    RowsUnreadable,
    TypeDiffers,
    UniqueMissing,
    UpsertUnserved,
)
from schema_guard.need import Need
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Table

__all__ = ["Answer", "finish_table", "repairs_of_table"]

Answer: TypeAlias = Step | Refusal | Edit | ByHand


def repairs_of_table(live: Table, differences: Sequence[Difference], case: Case) -> list[Answer]:
    """Steps, refusals and edits of its text for these differences of the table."""
    try:
        parse_table(live.facts.text or "")
    except UnreadableTextError as error:
        reason = f"the stored CREATE TABLE of {live.name} is not understood ({error}): change it by hand"
        return [Refusal(difference, reason) for difference in differences]
    answers: list[Answer] = [Refusal(each, each.left_alone) for each in differences if each.left_alone]
    differences = [each for each in differences if not each.left_alone]
    come_along: set[str] = set()
    for difference in differences:
        if isinstance(difference, ColumnMissing):
            added_by = add_missing_column(difference, live, case, _reference(difference, differences, case))
            answers.append(added_by)
            if isinstance(added_by, Step):
                come_along.update(added_by.resolves)
                tightened = tighten_filled(difference, live, case)
                answers.extend([tightened] if tightened else [])
    planned = _planned(live, differences, answers)
    for difference in differences:
        if not isinstance(difference, ColumnMissing) and difference.key not in come_along:
            answer = _answer(difference, live, planned, case)
            if isinstance(answer, Edit) and (reason := case.not_remade(live)):
                answer = Refusal(difference, reason)
            if isinstance(answer, Step | Edit):
                answer = replace(answer, requires=answer.requires | columns_needed(difference))
            answers.append(answer)
    return answers


def finish_table(live: Table, answers: Sequence[Answer], case: Case) -> list[Step | Refusal]:
    """The same with rebuilds in place of the edits."""
    edits = [answer for answer in answers if isinstance(answer, Edit)]
    # A key column has to be there before the key: what adds columns comes first.
    edits.sort(key=lambda edit: not isinstance(edit.difference, ColumnMissing))
    by_hand = [answer for answer in answers if isinstance(answer, ByHand)]
    others: list[Step | Refusal] = [answer for answer in answers if isinstance(answer, Step | Refusal)]
    text, added = _after_columns(live, answers)
    return [*others, *rebuild_table(edits, by_hand, live, text, added, others, case)]


def _reference(missing: ColumnMissing, differences: Sequence[Difference], case: Case) -> ForeignKeyMissing | None:
    """The foreign key of a new column can be written in its definition, which saves the rebuild."""
    found = [
        other
        for other in differences
        if isinstance(other, ForeignKeyMissing) and other.foreign_key.columns == (missing.column.name,)
    ]
    if len(found) != 1 or not found[0].foreign_key.ddl or refuse_reference(found[0], case) is not None:
        return None
    # The column does not wait for a key that may not come: it is what the application cannot do without.
    needs = target_needs(found[0].foreign_key)
    return None if case.unsure(needs) or case.awaited(needs) else found[0]


def _planned(live: Table, differences: Sequence[Difference], answers: Sequence[Answer]) -> Table:
    """The table with the columns that are being added, so that what needs them can be written down."""
    refused = {answer.difference.key for answer in answers if isinstance(answer, Refusal)}
    new = [
        difference.column
        for difference in differences
        if isinstance(difference, ColumnMissing) and difference.key not in refused
    ]
    return replace(live, columns=(*live.columns, *new))


def _after_columns(live: Table, answers: Sequence[Answer]) -> tuple[str, frozenset[Need]]:
    """The stored text once the steps ran that add columns, and what these steps provide."""
    text = live.facts.text or ""
    added: frozenset[Need] = frozenset()
    for answer in answers:
        if isinstance(answer, Step) and answer.adds:
            text = with_native_column(text, answer.adds)
            added |= answer.provides
    return text, added


def _answer(difference: Difference, live: Table, planned: Table, case: Case) -> Answer:
    match difference:
        case NullabilityDiffers():
            return change_nullability(difference, live, case)
        case DefaultDiffers() | IdentityDiffers():
            return change_default(difference, live, case)
        case TypeDiffers():
            return change_type(difference, live, case)
        case RowsUnreadable():
            return refuse_unreadable(difference, case)
        case GeneratedDiffers():
            return change_generated(difference, live, case)
        case CollationDiffers():
            return change_collation(difference, live, case)
        case ColumnUnknown():
            return unknown_column(difference)
        case _:
            return _answer_constraint(difference, live, planned, case)


def _answer_constraint(difference: Difference, live: Table, planned: Table, case: Case) -> Answer:
    match difference:
        case PrimaryKeyDiffers():
            return change_primary_key(difference, live, planned, case)
        case ObjectUnknown(kind="CHECK"):
            return unknown_check(difference, live)
        case CheckMissing():
            return add_check(difference, live, planned, case)
        case ForeignKeyMissing():
            return add_foreign_key(difference, live, planned, case)
        case ForeignKeyDiffers():
            return other_actions(difference)
        case UniqueMissing():
            return add_unique(difference, live, planned, case)
        case UpsertUnserved():
            return refuse_upsert(difference, case)
        case IndexMissing():
            return add_index(difference, live, planned, case)
        case _:
            return refuse(difference)
