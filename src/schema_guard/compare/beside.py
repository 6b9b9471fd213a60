"""What would make statements of another release fail, which still runs on the same database. Pure.

Such a repair is held: the other release knows nothing of the constraint, writes what it rejects, or leaves out what it
demands. What the other release expects itself is no danger to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias, assert_never

from schema_guard.dialects.base import Rules
from schema_guard.dialects.terms import Verdict
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
    Fit,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    FunctionMissing,
    GeneratedDiffers,
    IdentityDiffers,
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
from schema_guard.schema import Check, Column, ForeignKey, Index, Schema, Table

__all__ = ["danger", "softened"]

Harmless: TypeAlias = (
    BackfillPending
    | CheckNotValidated
    | CollationDiffers
    | ColumnMissing
    | ColumnUnknown
    | CommentDiffers
    | DomainMissing
    | EnumMissing
    | EnumValueMissing
    | EnumValueUnknown
    | ForeignKeyNotValidated
    | FunctionMissing
    | NotComparable
    | NotEmittable
    | NotReadable
    | ObjectUnknown
    | PartitionMissing
    | PrivilegeMissing
    | SettingUnfit
    | RelationDiffers
    | RenameSuspected
    | ReplicaIdentityUnfit
    | RowsUnreadable
    | SchemaMissing
    | SequenceBehind
    | SequenceMissing
    | SequenceNarrower
    | TableMissing
    | TableUnknown
    | TypeMissing
    | UpsertUnserved
    | ViewDiffers
    | ViewMissing
    | WriteRefused
)
"""What is repaired only adds, loosens, or checks what is enforced already; or it is not repaired."""

_LETS_ROWS_GO = ("CASCADE", "SET NULL", "SET DEFAULT")


def softened(difference: Difference, release: Schema) -> Difference:
    """The difference, repaired in a way that the other release can live with; mostly as it is.

    A new column is added without NOT NULL where the other release leaves it out of its INSERT, and a new table without
    the foreign keys that would keep the other release from deleting rows: they are differences of their own then.
    """
    match difference:
        case ColumnMissing(table=table, column=column):
            known = release.table(table.name)
            if known is not None and known.column(column.name) is None and not (column.nullable or column.given_value):
                return replace(difference, column=replace(column, added_nullable=True))
        case TableMissing(table=table):
            kept = tuple(key for key in table.foreign_keys if not _keeps_rows(key, release))
            inline = tuple(key for key in table.inline_foreign_keys if key in table.foreign_keys)
            if len(kept) < len(table.foreign_keys) and not inline:
                return replace(difference, table=replace(table, foreign_keys=kept))
        case _:
            pass
    return difference


def danger(difference: Difference, release: Schema, rules: Rules) -> str:
    """Which statement of the other release could fail after the repair, one clause; empty where none can."""
    table = None if difference.table_name is None else release.table(difference.table_name)
    if isinstance(difference, ForeignKeyMissing | ForeignKeyDiffers):
        return _of_foreign_key(difference.foreign_key, table, release)
    if table is None or isinstance(difference, Harmless):
        return ""
    match difference:
        case NullabilityDiffers() | TypeDiffers() | DefaultDiffers() | GeneratedDiffers() | IdentityDiffers():
            return _of_column(difference, table.column(difference.column.name))
        case CheckMissing(check=check):
            return "" if _knows_check(check, table, rules) else "its INSERT and UPDATE may write what the CHECK rejects"
        case UniqueMissing(unique=unique):
            return _of_unique(unique.columns, unique.nulls_not_distinct, table, difference.table)
        case IndexMissing(index=index) | IndexInvalid(index=index):
            return _of_index(index, table, difference.table) if index.unique else ""
        case PrimaryKeyDiffers(primary_key=primary_key, actual=None):
            known_key = table.primary_key
            expected = known_key is not None and set(known_key.columns) == set(primary_key.columns)
            return "" if expected else "its INSERT may leave a column of the key NULL, or store the same key twice"
        case ExclusionMissing(exclusion=exclusion):
            expected = any(each.definition == exclusion.definition for each in table.exclusions)
            return "" if expected else "its INSERT and UPDATE may write what the constraint excludes"
        case PrimaryKeyDiffers():
            return ""  # another key is there, and stays
        case _:
            assert_never(difference)


def _of_column(
    difference: NullabilityDiffers | TypeDiffers | DefaultDiffers | GeneratedDiffers | IdentityDiffers,
    known: Column | None,
) -> str:
    column = difference.column
    match difference:
        case NullabilityDiffers(actual=actual):
            given = known is None and actual.given_value
            demanded = known is not None and not known.nullable
            return "" if column.nullable or given or demanded else f"its INSERT may leave {column.name} NULL"
        case TypeDiffers(fit=Fit.NARROWER | Fit.NARROWER_REWRITE):
            return ""
        case TypeDiffers() | DefaultDiffers():  # a default of the new type may be none of the old one
            same = known is None or known.type.text == column.type.text
            return "" if known is None or same else f"it reads and writes {column.name} as {known.type}"
        case GeneratedDiffers() | IdentityDiffers():
            writes = known is not None and known.generated is None and known.identity is None
            return f"it writes {column.name}" if writes and column.generated_always else ""


def _knows_check(check: Check, table: Table, rules: Rules) -> bool:
    if any(rules.same_expression(check.expression, known.expression) is Verdict.EQUAL for known in table.checks):
        return True
    allowed = rules.allowed_values(check.expression)
    lists = (rules.allowed_values(known.expression) for known in table.checks)
    return allowed is not None and any(
        known is not None and known.operand == allowed.operand and known.values <= allowed.values for known in lists
    )


def _of_unique(columns: Sequence[str], one_null: bool, known: Table, expected: Table) -> str:
    """`one_null`: two NULLs count as the same value (NULLS NOT DISTINCT)."""
    keys = [known.primary_key.columns] if known.primary_key else []
    keys += [unique.columns for unique in known.uniques if unique.nulls_not_distinct >= one_null]
    keys += [
        index.columns
        for index in known.indexes
        if index.unique and index.where is None and index.columns and index.nulls_not_distinct >= one_null
    ]
    left_null = not one_null and _left_null(columns, known, expected)
    if any(set(key) <= set(columns) for key in keys) or left_null:
        return ""
    return f"its INSERT and UPDATE may store the same {', '.join(columns)} twice"


def _of_index(index: Index, known: Table, expected: Table) -> str:
    if any(_same_index(index, each) for each in known.indexes):
        return ""
    if index.columns is not None and (index.where is None or known.uniques or known.indexes):
        return _of_unique(index.columns, index.nulls_not_distinct, known, expected)
    return "its INSERT and UPDATE may store the same values twice"


def _same_index(index: Index, known: Index) -> bool:
    same = (known.elements, known.where) == (index.elements, index.where)
    return known.unique and same and known.nulls_not_distinct >= index.nulls_not_distinct


def _of_foreign_key(key: ForeignKey, known: Table | None, release: Schema) -> str:
    if known is not None and any(_same_key(key, each) for each in known.foreign_keys):
        return ""
    if known is not None and all(known.column(name) is not None for name in key.columns):
        return f"its INSERT and UPDATE may write {', '.join(key.columns)} of no row of {key.target}"
    if _keeps_rows(key, release):
        return f"its DELETE of rows of {key.target} fails while rows refer to them"
    return ""


def _keeps_rows(key: ForeignKey, release: Schema) -> bool:
    """Whether the other release could not delete a row of a table that it knows."""
    return release.table(key.target) is not None and key.on_delete not in _LETS_ROWS_GO


def _same_key(key: ForeignKey, known: ForeignKey) -> bool:
    return _words(key) == _words(known)


def _words(key: ForeignKey) -> tuple[object, ...]:
    """What makes two of them alike."""
    return sorted(zip(key.columns, key.target_columns, strict=False)), key.target, key.on_delete


def _left_null(columns: Iterable[str], known: Table, expected: Table) -> bool:
    """Whether the other release leaves one of the columns out, and so NULL, which is never equal to another NULL."""
    left = (expected.column(name) for name in columns if known.column(name) is None)
    return any(column is not None and column.default is None and column.generated is None for column in left)
