"""From differences to steps and refusals on PostgreSQL: one file for each kind. Pure functions, no I/O.

`ls` of this folder is the list of all that may run on a production database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from schema_guard.dialects.base import Facts
from schema_guard.dialects.postgresql.repair.backfill import backfill_pending
from schema_guard.dialects.postgresql.repair.check import check_missing, check_not_validated
from schema_guard.dialects.postgresql.repair.column import column_missing
from schema_guard.dialects.postgresql.repair.comment import comment_differs
from schema_guard.dialects.postgresql.repair.context import Context, Quoting, Repairs
from schema_guard.dialects.postgresql.repair.default import default_differs, generated_differs, identity_differs
from schema_guard.dialects.postgresql.repair.enum import enum_missing, enum_value_missing, rows_unreadable
from schema_guard.dialects.postgresql.repair.event_trigger import let_through
from schema_guard.dialects.postgresql.repair.foreign_key import (
    foreign_key_differs,
    foreign_key_missing,
    foreign_key_not_validated,
)
from schema_guard.dialects.postgresql.repair.index import index_invalid, index_missing
from schema_guard.dialects.postgresql.repair.limits import within_limits
from schema_guard.dialects.postgresql.repair.missing_dependency import function_missing, refused, type_missing
from schema_guard.dialects.postgresql.repair.nullability import column_unknown, helper_left_over, nullability_differs
from schema_guard.dialects.postgresql.repair.permission import permitted
from schema_guard.dialects.postgresql.repair.primary_key import primary_key_differs
from schema_guard.dialects.postgresql.repair.privilege import privilege_missing
from schema_guard.dialects.postgresql.repair.referable import standing
from schema_guard.dialects.postgresql.repair.refused_statement import write_refused
from schema_guard.dialects.postgresql.repair.replica_identity import replica_identity_unfit
from schema_guard.dialects.postgresql.repair.retyped import after_types, unfit_types
from schema_guard.dialects.postgresql.repair.schema import domain_missing, schema_missing
from schema_guard.dialects.postgresql.repair.sequence import sequence_behind, sequence_missing, sequence_narrower
from schema_guard.dialects.postgresql.repair.stored import storable
from schema_guard.dialects.postgresql.repair.table import (
    partition_missing,
    relation_differs,
    table_missing,
    view_differs,
    view_missing,
)
from schema_guard.dialects.postgresql.repair.type import collation_differs, type_differs
from schema_guard.dialects.postgresql.repair.unique import unique_missing, upsert_unserved
from schema_guard.dialects.postgresql.repair.unknown import (
    exclusion_missing,
    index_left_over,
    left_alone,
    not_comparable,
    not_emittable,
    not_readable,
    object_unknown,
)
from schema_guard.dialects.renames import refuse_rename
from schema_guard.difference import (
    BackfillPending,
    CheckMissing,
    CheckNotValidated,
    CollationDiffers,
    ColumnMissing,
    ColumnUnknown,
    CommentDiffers,
    DefaultDiffers,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    EnumValueUnknown,
    ExclusionMissing,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    FunctionMissing,
    GeneratedDiffers,
    IdentityDiffers,
    Impact,
    IndexInvalid,
    IndexMissing,
    NotComparable,
    NotEmittable,
    NotReadable,
    NullabilityDiffers,
    ObjectUnknown,
    PartitionMissing,
    PrimaryKeyDiffers,
    PrivilegeMissing,
    RelationDiffers,
    RenameSuspected,
    ReplicaIdentityUnfit,
    RowsUnreadable,
    SchemaMissing,
    SequenceBehind,
    SequenceMissing,
    SequenceNarrower,
    SettingUnfit,
    TableMissing,
    TableUnknown,
    TypeDiffers,
    TypeMissing,
    UniqueMissing,
    UpsertUnserved,
    ViewDiffers,
    ViewMissing,
    WriteRefused,
)
from schema_guard.plan import Policy, Refusal, Step, Survey
from schema_guard.planner import settle
from schema_guard.schema import Schema

__all__ = ["repair"]


def repair(
    differences: Sequence[Difference],
    expected: Schema,
    actual: Schema,
    facts: Facts,
    survey: Survey,
    policy: Policy,
    dialect: Quoting,
) -> list[Step | Refusal]:
    """What to do about each difference: every one that is not a note ends in a step or a refusal.

    With `facts.version` 0 there is no server: the steps then hold on whatever database they meet, by their probes.
    """
    context = Context(differences, expected, actual, facts, survey, policy, dialect)
    repairs: Repairs = []
    unfit = unfit_types(differences)
    for difference in differences:
        found = permitted(difference, _of(difference, context), context)
        found = storable(difference, found, facts.encoding)
        found = within_limits(difference, found, context)
        found = refused(difference, found, context)
        found = let_through(difference, found, context)
        repairs.extend(after_types(difference, found, unfit))
    settled = settle(repairs, differences, lambda need: standing(need, context))
    return [_as_pasted(answer) if isinstance(answer, Refusal) else answer for answer in settled]


def _as_pasted(refusal: Refusal) -> Refusal:
    """What is no statement as a comment: statements begin with a word in upper case."""
    return replace(
        refusal,
        advice=tuple(
            text if text.startswith("--") or text.partition(" ")[0].rstrip(";").isupper() else f"-- {text}"
            for text in refusal.advice
        ),
    )


def _of(difference: Difference, context: Context) -> Repairs:  # noqa: C901 - one case for each kind, by design
    if difference.left_alone:
        return [Refusal(difference, difference.left_alone)]
    if difference.impact is Impact.NOTES:
        return _of_note(difference, context)
    match difference:
        case SchemaMissing():
            return schema_missing(difference, context)
        case TableMissing():
            return table_missing(difference, context)
        case RelationDiffers():
            return relation_differs(difference, context)
        case RenameSuspected():
            return [refuse_rename(difference, context.actual, context.quote)]
        case ViewDiffers():
            return view_differs(difference, context)
        case ViewMissing():
            return view_missing(difference, context)
        case PartitionMissing():
            return partition_missing(difference, context)
        case WriteRefused():
            return [write_refused(difference)]
        case PrivilegeMissing():
            return [privilege_missing(difference, context)]
        case SettingUnfit():
            return [Refusal(difference, "settings are the administrator's", (difference.advice,))]
        case ReplicaIdentityUnfit():
            return [replica_identity_unfit(difference, context)]
        case ColumnMissing():
            return column_missing(difference, context)
        case ColumnUnknown():
            return column_unknown(difference, context)
        case TypeDiffers():
            return type_differs(difference, context)
        case RowsUnreadable():
            return rows_unreadable(difference, context)
        case NullabilityDiffers():
            return nullability_differs(difference, context)
        case DefaultDiffers():
            return default_differs(difference, context)
        case FunctionMissing():
            return function_missing(difference, context)
        case GeneratedDiffers():
            return generated_differs(difference, context)
        case IdentityDiffers():
            return identity_differs(difference, context)
        case CollationDiffers():
            return collation_differs(difference, context)
        case CommentDiffers():
            return comment_differs(difference, context)
        case PrimaryKeyDiffers():
            return primary_key_differs(difference, context)
        case UniqueMissing():
            return unique_missing(difference, context)
        case UpsertUnserved():
            return upsert_unserved(difference, context)
        case CheckMissing():
            return check_missing(difference, context)
        case CheckNotValidated():
            return check_not_validated(difference, context)
        case ForeignKeyMissing():
            return foreign_key_missing(difference, context)
        case ForeignKeyDiffers():
            return foreign_key_differs(difference, context)
        case ForeignKeyNotValidated():
            return foreign_key_not_validated(difference, context)
        case ExclusionMissing():
            return exclusion_missing(difference, context)
        case IndexMissing():
            return index_missing(difference, context)
        case IndexInvalid():
            return index_invalid(difference, context)
        case EnumMissing():
            return enum_missing(difference, context)
        case EnumValueMissing():
            return enum_value_missing(difference, context)
        case DomainMissing():
            return domain_missing(difference, context)
        case TypeMissing():
            return type_missing(difference, context)
        case SequenceMissing():
            return sequence_missing(difference, context)
        case SequenceBehind():
            return sequence_behind(difference, context)
        case SequenceNarrower():
            return sequence_narrower(difference, context)
        case ObjectUnknown():
            return object_unknown(difference, context)
        case NotComparable():
            return not_comparable(difference)
        case NotEmittable():
            return not_emittable(difference)
        case NotReadable():
            return not_readable(difference)
        case BackfillPending():
            return backfill_pending(difference, context)
        case TableUnknown() | EnumValueUnknown():
            return left_alone(difference)
        case _:
            assert_never(difference)


def _of_note(difference: Difference, context: Context) -> Repairs:
    """Notes need nothing; a comment can be set without harm, and the guard's own leftovers are cleared away."""
    if isinstance(difference, CommentDiffers):
        return comment_differs(difference, context)
    if isinstance(difference, ObjectUnknown):
        return helper_left_over(difference, context) or index_left_over(difference, context)
    return []
