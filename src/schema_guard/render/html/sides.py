"""What the models expect of an object and what is there, side by side."""

from __future__ import annotations

from typing import NamedTuple, assert_never

from schema_guard.counted import counted
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
from schema_guard.schema import Column, ForeignKey, Table, deferral_words

__all__ = ["Sides", "sides"]

ABSENT = "(missing)"
NONE = "(none)"


class Sides(NamedTuple):
    expected: str
    actual: str


def sides(difference: Difference) -> Sides | None:  # noqa: C901 - one line for each kind
    """Both sides, in the database's words; None where there are no two: the headline says all."""
    match difference:
        case TableMissing(table=table) | ViewMissing(table=table):
            return Sides(_table(table), _absent(difference))
        case ColumnMissing():
            return Sides(_column(difference.column), ABSENT)
        case TypeDiffers():
            return Sides(str(difference.column.type), str(difference.actual.type))
        case NullabilityDiffers():
            return Sides(_null(difference.column), _null(difference.actual))
        case DefaultDiffers():
            return Sides(_default(difference.column), _default(difference.actual))
        case GeneratedDiffers():
            return Sides(_generated(difference.column), _generated(difference.actual))
        case IdentityDiffers():
            return Sides(difference.words(difference.column), difference.words(difference.actual))
        case CollationDiffers():
            return Sides(difference.column.collation or "the default", difference.actual.collation or "the default")
        case CommentDiffers():
            return Sides(difference.expected or NONE, difference.actual or NONE)
        case PrimaryKeyDiffers():
            actual = difference.actual
            return Sides(_key(difference.primary_key.columns), ABSENT if actual is None else _key(actual.columns))
        case UniqueMissing():
            return Sides(str(difference.unique), _absent(difference, str(difference.beside or "")))
        case CheckMissing():
            return Sides(f"CHECK ({difference.check.expression})", _absent(difference))
        case CheckNotValidated(actual=check):
            state = "NOT VALID" if check.enforced else "NOT ENFORCED"
            return Sides(f"CHECK ({difference.check.expression})", f"CHECK ({check.expression}) {state}")
        case ForeignKeyMissing():
            return Sides(_foreign_key(difference.foreign_key), _absent(difference))
        case ForeignKeyDiffers() | ForeignKeyNotValidated():
            return Sides(_foreign_key(difference.foreign_key), _foreign_key(difference.actual))
        case ExclusionMissing():
            return Sides(f"EXCLUDE {difference.exclusion.definition}", _absent(difference))
        case IndexMissing():
            return Sides(str(difference.index), _absent(difference))
        case IndexInvalid():
            return Sides(str(difference.index), f"{difference.actual}, INVALID")
        case EnumMissing():
            return Sides(_labels(difference.enum.values), _absent(difference))
        case EnumValueMissing():
            return Sides(_labels(difference.enum.values), _labels(difference.actual.values))
        case DomainMissing():
            return Sides(f"domain of {difference.domain.type}", _absent(difference))
        case SequenceMissing():
            return Sides(f"sequence {difference.sequence.name}", _absent(difference))
        case RelationDiffers():
            state = "" if difference.populated else " WITH NO DATA"
            return Sides(f"a {difference.table.relation}", f"a {difference.actual}{state}")
        case NotComparable():
            return Sides(difference.expected, difference.actual)
        case RowsUnreadable():
            return Sides(f"values of {difference.column.type}", difference.headline)
        case (
            BackfillPending()
            | ColumnUnknown()
            | EnumValueUnknown()
            | FunctionMissing()
            | NotEmittable()
            | NotReadable()
            | ObjectUnknown()
            | PartitionMissing()
            | PrivilegeMissing()
            | SettingUnfit()
            | RenameSuspected()
            | ReplicaIdentityUnfit()
            | SchemaMissing()
            | SequenceBehind()
            | SequenceNarrower()
            | TableUnknown()
            | TypeMissing()
            | UpsertUnserved()
            | ViewDiffers()
            | WriteRefused()
        ):
            return None
    assert_never(difference)


def _absent(difference: Difference, there: str = "") -> str:
    holder = getattr(difference, "holder", None)
    if holder is not None:
        return f"{holder}, under that name"
    return there or ABSENT


def _table(table: Table) -> str:
    return f"{table.relation} of {counted(len(table.columns), 'column')}"


def _column(column: Column) -> str:
    default = "" if column.default is None else f" DEFAULT {column.default}"
    return f"{column.type}{default}{'' if column.nullable else ' NOT NULL'}"


def _null(column: Column) -> str:
    if column.nullable:
        return "NULL is allowed"
    return "NOT NULL" if column.validated else "NOT NULL, not validated"


def _default(column: Column) -> str:
    if column.default is not None:
        return f"DEFAULT {column.default}"
    return "a value from the server" if column.autoincrement or column.fetched else "no default"


def _generated(column: Column) -> str:
    if column.generated is None:
        return "an ordinary column"
    kind = "STORED" if column.generated.stored else "VIRTUAL"
    return f"GENERATED ALWAYS AS ({column.generated.expression}) {kind}"


def _key(columns: tuple[str, ...]) -> str:
    return f"PRIMARY KEY ({', '.join(columns)})"


def _labels(values: tuple[str, ...]) -> str:
    return ", ".join(values)


def _foreign_key(key: ForeignKey) -> str:
    parts = [f"FOREIGN KEY ({', '.join(key.columns)}) REFERENCES {key.target} ({', '.join(key.target_columns)})"]
    parts += [f"MATCH {key.match}"] if key.match != "SIMPLE" else []
    parts += [f"ON DELETE {key.on_delete}"] if key.on_delete != "NO ACTION" else []
    parts += [f"ON UPDATE {key.on_update}"] if key.on_update != "NO ACTION" else []
    state = "" if key.validated and key.enforced else " NOT VALID" if key.enforced else " NOT ENFORCED"
    return " ".join(parts) + deferral_words(key) + state
