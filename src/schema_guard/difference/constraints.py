"""Differences of keys, constraints and indexes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from schema_guard.difference.base import BaseDifference, Holder, Impact, held
from schema_guard.need import Need
from schema_guard.schema import Check, Exclusion, ForeignKey, Index, Name, PrimaryKey, Table, Unique, deferral_words

__all__ = [
    "BOUNDS",
    "CheckMissing",
    "CheckNotValidated",
    "ExclusionMissing",
    "ForeignKeyDiffers",
    "ForeignKeyMissing",
    "ForeignKeyNotValidated",
    "IndexInvalid",
    "IndexMissing",
    "ObjectUnknown",
    "OfTable",
    "PrimaryKeyDiffers",
    "UniqueMissing",
    "UpsertUnserved",
    "told_apart",
]

BOUNDS = "bounds of the partition"
"""Of an ObjectUnknown: a class is mapped on a partition itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfTable(BaseDifference):
    """Something with an optional name on a table; `holder` is what bears that name with another structure."""

    table: Table
    holder: Holder | None = None

    @property
    def _taken(self) -> str:
        return held(self.holder)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryKeyDiffers(BaseDifference):
    code = "primary-key-differs"
    weighed_by_rows = True
    table: Table
    primary_key: PrimaryKey
    actual: PrimaryKey | None

    @property
    def object(self) -> str:
        return str(self.table.name)

    def counted(self, rows: int | None, reason: str) -> Self:  # noqa: ARG002 - without a count it stays as it is
        """Rows hold NULL in the key or share it: of a class, one is loaded for another, or none at all."""
        if not rows or self.impact is not Impact.WEAKENS:
            return self
        classes = ", ".join(self.table.mapped_by)
        if not classes:
            return replace(self, effect="rows share a key, or have none")
        effect = f"rows share a key, or have none: {classes} is not loaded from each of them, and UPDATE of it fails"
        return replace(self, impact=Impact.BREAKS, effect=effect)

    @property
    def of_same_columns(self) -> bool:
        return self.actual is not None and set(self.actual.columns) == set(self.primary_key.columns)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.key(self.table.name, self.primary_key.columns)})

    @property
    def headline(self) -> str:
        wanted = ", ".join(self.primary_key.columns)
        if self.actual is None:
            return f"primary key missing: ({wanted})"
        if self.of_same_columns and self.actual.conflict != self.primary_key.conflict:
            there, wanted = (
                f"ON CONFLICT {key.conflict}" if key.conflict else "no ON CONFLICT"
                for key in (self.actual, self.primary_key)
            )
            return f"primary key says {there}, the models {wanted}"
        if self.of_same_columns:
            return f"primary key tells rows apart by {self.actual.other_equality}, the models by equality"
        return f"primary key is ({', '.join(self.actual.columns)}), the models expect ({wanted})"


@dataclass(frozen=True, slots=True, kw_only=True)
class UniqueMissing(OfTable):
    code = "unique-missing"
    unique: Unique
    beside: Holder | None = None
    """A UNIQUE on the same columns that promises something else: checked later, or NULLs counted otherwise."""

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.unique.name or 'unique(' + ', '.join(self.unique.columns) + ')'}"

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.key(self.table.name, self.unique.columns)})

    @property
    def headline(self) -> str:
        there = f"; there is {self.beside}" if self.beside and not self.holder else ""
        return f"{self.unique} missing{self._taken or there}"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpsertUnserved(BaseDifference):
    """ON CONFLICT on the columns of a declared upsert finds no unique index that it can use."""

    code = "upsert-unserved"
    table: Table
    columns: tuple[str, ...]
    obstacle: str = ""
    """What stands on these columns and does not serve; empty where there is nothing."""
    constraint: str = ""
    """What the upsert names in ON CONFLICT ON CONSTRAINT, where that is missing."""

    @property
    def object(self) -> str:
        return (
            f"{self.table.name}.{self.constraint}"
            if self.constraint
            else f"{self.table.name}({', '.join(self.columns)})"
        )

    @property
    def headline(self) -> str:
        return self.obstacle or "no unique index or constraint on these columns, which a declared upsert names"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckMissing(OfTable):
    code = "check-missing"
    check: Check

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.check.name or 'check(' + self.check.expression + ')'}"

    @property
    def headline(self) -> str:
        return f"CHECK ({self.check.expression}) missing{self._taken}"


def _unproved(enforced: bool) -> str:
    return "NOT VALID: older rows may violate it" if enforced else "NOT ENFORCED: any row may violate it"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNotValidated(BaseDifference):
    code = "check-not-validated"
    table: Table
    check: Check
    actual: Check

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.actual.name or self.check.name}"

    @property
    def headline(self) -> str:
        return f"CHECK is {_unproved(self.actual.enforced)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyMissing(OfTable):
    code = "foreign-key-missing"
    foreign_key: ForeignKey

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.foreign_key.name or 'fk(' + ', '.join(self.foreign_key.columns) + ')'}"

    @property
    def identity(self) -> str:
        return self.object if self.foreign_key.name else f"{self.object} to {self.foreign_key.target}"

    @property
    def headline(self) -> str:
        key = self.foreign_key
        columns, target = ", ".join(key.columns), ", ".join(key.target_columns)
        return f"FOREIGN KEY ({columns}) to {key.target} ({target}){told_apart(key, self.table)} missing{self._taken}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyDiffers(BaseDifference):
    """The same columns refer to the same target, with other actions, match or deferrability."""

    code = "foreign-key-differs"
    table: Table
    foreign_key: ForeignKey
    actual: ForeignKey

    @property
    def _name(self) -> str | None:
        return self.foreign_key.name or self.actual.name

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self._name or 'fk(' + ', '.join(self.actual.columns) + ')'}"

    @property
    def headline(self) -> str:
        pairs = list(zip(_words(self.actual), _words(self.foreign_key), strict=True))
        apart = [pair for pair in pairs if pair[0] != pair[1]] or pairs
        actual, wanted = (", ".join(words) for words in zip(*apart, strict=True))
        called = f" {self.actual.name}" if self.actual.name not in (None, self._name) else ""
        return f"FOREIGN KEY{called} is {actual}, the models expect {wanted}"


def told_apart(key: ForeignKey, table: Table) -> str:
    """What it does, where another foreign key of the table joins the same columns."""
    same = [
        other
        for other in table.foreign_keys
        if (other.columns, other.target, other.target_columns) == (key.columns, key.target, key.target_columns)
    ]
    words = list(zip(*map(_words, same), strict=True))
    apart = [own for own, each in zip(_words(key), words, strict=True) if len(set(each)) > 1]
    return "".join(f" {word}" for word in apart)


def _words(key: ForeignKey) -> tuple[str, ...]:
    """What two foreign keys can differ in, each in a word or two."""
    when = deferral_words(key).strip() or "NOT DEFERRABLE"
    return f"ON DELETE {key.on_delete}", f"ON UPDATE {key.on_update}", f"MATCH {key.match}", when


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignKeyNotValidated(BaseDifference):
    code = "foreign-key-not-validated"
    table: Table
    foreign_key: ForeignKey
    actual: ForeignKey

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.actual.name or 'fk(' + ', '.join(self.actual.columns) + ')'}"

    @property
    def headline(self) -> str:
        if self.actual.disabled:
            return "FOREIGN KEY's triggers are disabled: any row may violate it"
        return f"FOREIGN KEY is {_unproved(self.actual.enforced)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExclusionMissing(OfTable):
    code = "exclusion-missing"
    exclusion: Exclusion

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.exclusion.name or 'exclude'}"

    @property
    def headline(self) -> str:
        return f"EXCLUDE constraint missing: {self.exclusion.definition}{self._taken}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexMissing(OfTable):
    code = "index-missing"
    index: Index

    @property
    def object(self) -> str:
        keys = ", ".join(element.text for element in self.index.elements)
        return f"{self.table.name}.{self.index.name or 'index(' + keys + ')'}"

    @property
    def headline(self) -> str:
        return f"{self.index} missing{self._taken}"


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexInvalid(BaseDifference):
    """The index is there but INVALID, as a failed CREATE INDEX CONCURRENTLY leaves it."""

    code = "index-invalid"
    table: Table
    index: Index
    actual: Index

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.actual.name}"

    @property
    def headline(self) -> str:
        return "index is INVALID: no query uses it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectUnknown(BaseDifference):
    """A constraint, an index, a trigger or a rule that the models don't know."""

    code = "object-unknown"
    table: Table
    kind: str
    name: str
    definition: str
    domain: Name | None = None
    """The domain whose CHECK it is, where it is no constraint of the table's own."""
    constraint: str | None = None
    """That CHECK's name."""
    partition: Name | None = None
    """The partition that has it, where the table itself has not."""

    @property
    def object(self) -> str:
        return f"{self.table.name}.{self.name}"

    @property
    def identity(self) -> str:
        if self.kind == "trigger" and self.partition is not None:  # several may have one of that name
            return f"{self.partition}.{self.name}:{self.kind}"
        return f"{self.object}:{self.kind}"

    @property
    def headline(self) -> str:
        return f"{self.kind} unknown to the models, left alone: {self.definition}"
