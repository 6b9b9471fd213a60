"""The kinds of differences that a defensive revision leaves: to apply, to a person, or to nobody."""

from __future__ import annotations

from typing import TypeAlias

from schema_guard.difference import (
    ColumnUnknown,
    EnumValueUnknown,
    ExclusionMissing,
    FunctionMissing,
    NotComparable,
    NotEmittable,
    NotReadable,
    ObjectUnknown,
    PartitionMissing,
    PrivilegeMissing,
    RelationDiffers,
    RenameSuspected,
    ReplicaIdentityUnfit,
    RowsUnreadable,
    SequenceBehind,
    SequenceNarrower,
    SettingUnfit,
    TableUnknown,
    TypeMissing,
    UpsertUnserved,
    ViewDiffers,
    ViewMissing,
    WriteRefused,
)

__all__ = ["Left"]

Left: TypeAlias = (
    ColumnUnknown
    | EnumValueUnknown
    | ExclusionMissing
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
    | SequenceBehind
    | SequenceNarrower
    | TableUnknown
    | TypeMissing
    | UpsertUnserved
    | ViewDiffers
    | ViewMissing
    | WriteRefused
)
"""No operation of Alembic repairs one of these."""
