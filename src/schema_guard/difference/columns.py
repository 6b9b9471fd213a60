"""Differences of one column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from schema_guard.difference.base import BaseDifference, Fit, Impact
from schema_guard.names import Name
from schema_guard.need import Need
from schema_guard.schema import Call, Column, Lack, Sequence, Table, TypeKind

__all__ = [
    "CollationDiffers",
    "ColumnMissing",
    "ColumnUnknown",
    "DefaultDiffers",
    "FunctionMissing",
    "GeneratedDiffers",
    "IdentityDiffers",
    "NullabilityDiffers",
    "OfColumn",
    "RowsUnreadable",
    "SequenceBehind",
    "SequenceNarrower",
    "TypeDiffers",
    "TypeMissing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfColumn(BaseDifference):
    table: Table
    column: Column
    """The expected column; of ColumnUnknown the actual one."""

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.column.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnMissing(OfColumn):
    code = "column-missing"

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.column(self.table.name, self.column.name)})

    @property
    def headline(self) -> str:
        return f"column missing: {self.column.type}{'' if self.column.nullable else ' NOT NULL'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUnknown(OfColumn):
    code = "column-unknown"
    at_end: bool = False
    """The sequence that gives its values has none left."""

    @property
    def headline(self) -> str:
        if self.impact is Impact.NOTES:
            return "unknown to the models, left alone"
        if self.at_end:
            return "unknown to the models, and its sequence has no value left"
        if self.column.generated is not None and self.column.nullable:
            return f"unknown to the models, generated as {self.column.generated.expression}"
        if self.column.default is not None:
            return f"unknown to the models, with DEFAULT {self.column.default}"
        return "unknown to the models, NOT NULL without default"


def _declared(column: Column) -> str:
    """SQLite takes a column without a type."""
    return str(column.type) if column.type.text else "not declared"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDiffers(OfColumn):
    code = "type-differs"
    actual: Column
    fit: Fit

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.column_type(self.table.name, self.column.name)})

    @property
    def headline(self) -> str:
        return f"type is {_declared(self.actual)}, the models expect {self.column.type}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMissing(OfColumn):
    """A column's type is none that the server knows: an extension that is not installed, for example."""

    code = "type-missing"

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.type(Name(None, self.column.type.name))})

    @property
    def headline(self) -> str:
        return f"type {self.column.type} is unknown to the server"


@dataclass(frozen=True, slots=True, kw_only=True)
class NullabilityDiffers(OfColumn):
    code = "nullability-differs"
    actual: Column

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset() if self.column.nullable else frozenset({Need.not_null(self.table.name, self.column.name)})

    @property
    def headline(self) -> str:
        if self.column.nullable:
            return f"NOT NULL, but the models {'allow' if self.column.generated else 'write'} NULL"
        if not self.actual.nullable:
            return "NOT NULL is not validated: older rows may hold NULL"
        return "nullable, the models say NOT NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultDiffers(OfColumn):
    code = "default-differs"
    actual: Column

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.default(self.table.name, self.column.name)})

    @property
    def headline(self) -> str:
        if self.column.default is None and self.column.autoincrement:
            return "has no default, but the models leave the key to the server"
        if self.column.default is None and self.actual.default is None:
            return "has no default, but the models leave its value to the server"
        if self.actual.default_misread:
            expected = self.column.default or "none"
            other = "" if (self.actual.default or "").lower() == expected.lower() else f", the models expect {expected}"
            return f"server default {self.actual.default} gives what the models' type cannot read{other}"
        if self.actual.default is None:
            return f"server default missing: {self.column.default}"
        return f"server default is {self.actual.default}, the models expect {self.column.default or 'none'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionMissing(OfColumn):
    """The database does not take what the application's own statements call."""

    code = "function-missing"
    call: Call
    lack: Lack = Lack.FUNCTION

    @property
    def identity(self) -> str:
        return f"{self.object}:{self.call.statement.lower()}{':value' if self.call.wraps else ''}"

    @property
    def headline(self) -> str:
        if self.call.statement == "SELECT" or self.call.wraps:
            return f"each {self.call.statement} calls {self.call.expression.strip()}"
        return f"each {self.call.statement} that sets no value calls {self.call.expression.strip()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedDiffers(OfColumn):
    code = "generated-differs"
    actual: Column

    @property
    def headline(self) -> str:
        def words(column: Column) -> str:
            if column.generated is None:
                return "an ordinary column"
            kind = "stored" if column.generated.stored else "virtual"
            return f"generated {kind} as ({column.generated.expression})"

        return f"is {words(self.actual)}, the models expect {words(self.column)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityDiffers(OfColumn):
    code = "identity-differs"
    actual: Column

    @property
    def headline(self) -> str:
        return f"is {self.words(self.actual)}, the models expect {self.words(self.column)}"

    def words(self, column: Column) -> str:
        """Of one side: what gives the column its values."""
        if self.column.never_again:
            return "AUTOINCREMENT" if column.never_again else "without AUTOINCREMENT"
        if column.identity is None:
            return "no identity column" if column.default is None else f"DEFAULT {column.default}"
        return f"GENERATED {'ALWAYS' if column.identity.always else 'BY DEFAULT'} AS IDENTITY"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsUnreadable(OfColumn):
    """Rows hold what the models' type cannot load; it is dropped again where they are looked at and there is none."""

    code = "rows-unreadable"
    by_rows = True
    actual: Column
    condition: str = ""
    """Which rows, as SQL; empty where only reading each value as the application does can tell."""
    otherwise: bool = False
    """They can be loaded, but the application writes the same values in another form, and compares with that."""
    of_no_class: bool = False
    """They hold NULL where the value says which class a row is of."""
    of_no_version: bool = False
    """They hold NULL where the value says which version of the row it is."""
    unknown_class: bool = False
    """They hold what is the identity of no class that was imported."""

    @property
    def identity(self) -> str:
        if self.of_no_class:
            return f"{self.object}:class"
        if self.of_no_version:
            return f"{self.object}:version"
        if self.unknown_class:
            return f"{self.object}:classes"
        return f"{self.object}:form" if self.otherwise else self.object

    @property
    def headline(self) -> str:
        if self.of_no_class:
            return "rows hold NULL, and so are of no class"
        if self.of_no_version:
            return "rows hold NULL, and so are of no version"
        if self.otherwise:
            return f"rows hold values in another form than {self.column.type} of the models"
        if self.unknown_class:
            return "rows hold what is the identity of no class that was imported"
        if self.condition and self.column.labels:
            known = self.column.type if self.column.type.kind is TypeKind.ENUM else "the models' Enum"
            return f"rows hold what {known} does not know"
        if self.condition:
            return f"rows hold text that cannot be read as {getattr(self.column.reads, 'type', self.column.type)}"
        if self.actual.no_utf8:
            return "rows hold text that is not UTF-8"
        if self.actual.misread:
            return f"rows hold values that cannot be read as {self.column.type}"
        return f"type is {_declared(self.actual)}, and holds values that cannot be read as {self.column.type}"

    @property
    def known(self) -> tuple[str, ...]:
        """What the models list, as literals."""
        return self.column.classes if self.unknown_class else self.column.labels

    def counted(self, rows: int | None, reason: str) -> Self:
        """Rows that could not be looked at prove nothing."""
        if rows is not None:
            return self
        doubt = self.effect if self.condition else f"the values were not read ({reason})"
        return replace(self, impact=Impact.WEAKENS, effect=f"not provable: {doubt.removeprefix('not provable: ')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CollationDiffers(OfColumn):
    code = "collation-differs"
    actual: Column

    @property
    def headline(self) -> str:
        actual, expected = self.actual.collation or "the default", self.column.collation or "the default"
        return f"collation is {actual}, the models expect {expected}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceBehind(OfColumn):
    """The sequence that gives the key its value is about to give one that a row holds, or no row can, or has none."""

    code = "sequence-behind"
    actual: Column
    sequence: Sequence

    @property
    def headline(self) -> str:
        stand = self.actual.stand
        if stand is None or stand.next is None:
            return f"sequence {self.sequence.name} has given its last value"
        if not self.actual.holds(stand.next):
            return f"sequence {self.sequence.name} gives {stand.next} next, which {self.actual.type} does not hold"
        if stand.first_taken == stand.next:
            held = f"which a row holds (the last: {stand.last_taken})"
            return f"sequence {self.sequence.name} gives {stand.next} next, {held}"
        return f"sequence {self.sequence.name} gives {stand.next} next, and a row holds {stand.first_taken}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceNarrower(OfColumn):
    """The sequence ends before the column does."""

    code = "sequence-narrower"
    actual: Column
    sequence: Sequence

    @property
    def headline(self) -> str:
        counter = self.sequence.counter
        assert counter is not None
        if self.impact is Impact.NOTES:
            end = counter.maximum if counter.increment > 0 else counter.minimum
            return f"sequence {self.sequence.name} ends at {end}, as somebody set it; left alone"
        return f"sequence {self.sequence.name} is {counter.type.upper()}, the column {self.actual.type}"
