"""What SQLite has no words for, or what may not be changed: one reason for each kind."""

from __future__ import annotations

from typing import assert_never

from schema_guard.dialects.sqlite.names import quote
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
from schema_guard.plan import Refusal
from schema_guard.schema import Lack, Name

__all__ = ["refuse"]


def refuse(difference: Difference) -> Refusal:
    return Refusal(difference, _reason(difference), _advice(difference))


def _advice(difference: Difference) -> tuple[str, ...]:
    match difference:
        case WriteRefused(remedy=remedy):
            return remedy
        case ObjectUnknown(kind="trigger", table=table, name=name):
            return (f"DROP TRIGGER {quote(Name(table.name.schema, name))};",)
        case _:
            return ()


def _reason(difference: Difference) -> str:  # noqa: C901 - one case for each kind, by design
    match difference:
        case SchemaMissing(name=name):
            return f"SQLite's schemas are attached databases: ATTACH one as {name} when the engine connects"
        case RelationDiffers(actual=actual):
            return f"a {actual} bears the table's name: rename it, then run again"
        case ExclusionMissing() | PartitionMissing() | ReplicaIdentityUnfit():
            return "SQLite has no exclusion constraints and no partitions"
        case EnumMissing() | EnumValueMissing() | EnumValueUnknown() | DomainMissing() | TypeMissing():
            return "SQLite has no types of its own to create"
        case WriteRefused(lacks="key"):
            return "the columns that the foreign key refers to need a primary key or a unique index"
        case WriteRefused(lacks="parent"):
            return "make that table, or rebuild this one without the foreign key: which of them, only a person knows"
        case WriteRefused(lacks="number", remedy=remedy):
            first = (
                "give the row that holds it another key, and all that refers to it; then " if len(remedy) > 1 else ""
            )
            return f"{first}set the counter back: keys of rows that were deleted may then be given again"
        case WriteRefused(lacks="function"):
            return "this SQLite has no such function: register it on the application's connections, or drop the trigger"
        case WriteRefused():
            return "the trigger and what it names are not the models': make what it names, or drop the trigger"
        case PrivilegeMissing():
            return "SQLite has no roles"
        case SettingUnfit():
            return "SQLite keeps no settings of connections"
        case SequenceMissing() | SequenceBehind() | SequenceNarrower():
            return "SQLite has no sequences"
        case CommentDiffers():
            return "SQLite keeps no comments"
        case CheckNotValidated() | ForeignKeyNotValidated() | IndexInvalid():
            return "SQLite knows no constraint or index that holds for new rows only"
        case NotComparable():
            return "it cannot be told whether it differs: compare it by hand"
        case FunctionMissing(lack=Lack.RELATION):
            return "it reads a table that is not there: make it, or correct the models"
        case FunctionMissing(lack=Lack.COLUMN):
            return "it reads a column that is not there: correct the models; an INSERT knows none of its own table"
        case FunctionMissing(lack=Lack.AGGREGATE):
            return "SQLite takes no aggregate and no window function as a value: call it in a scalar subquery"
        case FunctionMissing():
            return (
                "this SQLite has no such function: say in Python how the value is made, or register the function on the"
                " application's connections, and give the guard its engine in place of a URL"
            )
        case NotEmittable():
            return "it cannot be written for SQLite: correct the models"
        case ObjectUnknown() | TableUnknown():
            return "the models don't know it, so it is left alone: map it, or remove it yourself"
        case (
            TableMissing()
            | ViewDiffers()
            | ViewMissing()
            | ColumnMissing()
            | ColumnUnknown()
            | TypeDiffers()
            | RowsUnreadable()
            | NullabilityDiffers()
            | DefaultDiffers()
            | GeneratedDiffers()
            | IdentityDiffers()
            | CollationDiffers()
            | PrimaryKeyDiffers()
            | UniqueMissing()
            | UpsertUnserved()
            | CheckMissing()
            | ForeignKeyMissing()
            | ForeignKeyDiffers()
            | IndexMissing()
            | BackfillPending()
            | NotReadable()
            | RenameSuspected()
        ):
            return "its table is not there"
    assert_never(difference)
