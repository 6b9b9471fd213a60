"""How a database differs from what the application expects: a closed union, one class for each kind of difference.

Every difference names its object, says what is expected and what is there, and carries its impact: what it does to the
application. Adding a class to the union makes the type checker point at each place that has to know it.
"""

from __future__ import annotations

from typing import TypeAlias

from schema_guard.difference.base import Fit, Holder, Impact
from schema_guard.difference.columns import (
    CollationDiffers,
    ColumnMissing,
    ColumnUnknown,
    DefaultDiffers,
    FunctionMissing,
    GeneratedDiffers,
    IdentityDiffers,
    NullabilityDiffers,
    RowsUnreadable,
    SequenceBehind,
    SequenceNarrower,
    TypeDiffers,
    TypeMissing,
)
from schema_guard.difference.constraints import (
    CheckMissing,
    CheckNotValidated,
    ExclusionMissing,
    ForeignKeyDiffers,
    ForeignKeyMissing,
    ForeignKeyNotValidated,
    IndexInvalid,
    IndexMissing,
    ObjectUnknown,
    PrimaryKeyDiffers,
    UniqueMissing,
    UpsertUnserved,
)
from schema_guard.difference.named import (
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    EnumValueUnknown,
    SchemaMissing,
    SequenceMissing,
)
from schema_guard.difference.renames import RenameSuspected
from schema_guard.difference.tables import (
    BackfillPending,
    CommentDiffers,
    NotComparable,
    NotEmittable,
    NotReadable,
    PartitionMissing,
    PrivilegeMissing,
    RelationDiffers,
    ReplicaIdentityUnfit,
    SettingUnfit,
    TableMissing,
    TableUnknown,
    ViewDiffers,
    ViewMissing,
    WriteRefused,
)

__all__ = [
    "BackfillPending",
    "CheckMissing",
    "CheckNotValidated",
    "CollationDiffers",
    "ColumnMissing",
    "ColumnUnknown",
    "CommentDiffers",
    "DefaultDiffers",
    "Difference",
    "DomainMissing",
    "EnumMissing",
    "EnumValueMissing",
    "EnumValueUnknown",
    "ExclusionMissing",
    "Fit",
    "ForeignKeyDiffers",
    "ForeignKeyMissing",
    "ForeignKeyNotValidated",
    "FunctionMissing",
    "GeneratedDiffers",
    "Holder",
    "IdentityDiffers",
    "Impact",
    "IndexInvalid",
    "IndexMissing",
    "NotComparable",
    "NotEmittable",
    "NotReadable",
    "NullabilityDiffers",
    "ObjectUnknown",
    "PartitionMissing",
    "PrimaryKeyDiffers",
    "PrivilegeMissing",
    "RelationDiffers",
    "RenameSuspected",
    "ReplicaIdentityUnfit",
    "RowsUnreadable",
    "SchemaMissing",
    "SequenceBehind",
    "SequenceMissing",
    "SettingUnfit",
    "SequenceNarrower",
    "TableMissing",
    "TableUnknown",
    "TypeDiffers",
    "TypeMissing",
    "UniqueMissing",
    "UpsertUnserved",
    "ViewDiffers",
    "ViewMissing",
    "WriteRefused",
]

Difference: TypeAlias = (
    SchemaMissing
    | TableMissing
    | TableUnknown
    | ViewDiffers
    | ViewMissing
    | WriteRefused
    | RelationDiffers
    | RenameSuspected
    | PartitionMissing
    | PrivilegeMissing
    | SettingUnfit
    | ReplicaIdentityUnfit
    | ColumnMissing
    | ColumnUnknown
    | TypeDiffers
    | RowsUnreadable
    | NullabilityDiffers
    | DefaultDiffers
    | FunctionMissing
    | GeneratedDiffers
    | IdentityDiffers
    | CollationDiffers
    | CommentDiffers
    | PrimaryKeyDiffers
    | UniqueMissing
    | UpsertUnserved
    | CheckMissing
    | CheckNotValidated
    | ForeignKeyMissing
    | ForeignKeyDiffers
    | ForeignKeyNotValidated
    | ExclusionMissing
    | IndexMissing
    | IndexInvalid
    | EnumMissing
    | EnumValueMissing
    | EnumValueUnknown
    | DomainMissing
    | TypeMissing
    | SequenceMissing
    | SequenceBehind
    | SequenceNarrower
    | ObjectUnknown
    | NotComparable
    | NotEmittable
    | NotReadable
    | BackfillPending
)
