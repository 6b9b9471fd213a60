"""Differences of schemas, types and sequences."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.difference.base import BaseDifference, Holder, held
from schema_guard.need import Kind, Need
from schema_guard.schema import Domain, Enum, Sequence

__all__ = ["DomainMissing", "EnumMissing", "EnumValueMissing", "EnumValueUnknown", "SchemaMissing", "SequenceMissing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaMissing(BaseDifference):
    code = "schema-missing"
    name: str

    @property
    def object(self) -> str:
        return self.name

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.schema(self.name)})

    @property
    def headline(self) -> str:
        return "schema missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumMissing(BaseDifference):
    code = "enum-missing"
    enum: Enum
    holder: Holder | None = None

    @property
    def object(self) -> str:
        return str(self.enum.name)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.type(self.enum.name)})

    @property
    def headline(self) -> str:
        return f"enum type missing ({', '.join(self.enum.values)}){held(self.holder)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumValueMissing(BaseDifference):
    code = "enum-value-missing"
    enum: Enum
    """The expected enum."""
    actual: Enum
    value: str
    before: str | None = None
    """The existing value it sorts before; None appends it."""

    @property
    def object(self) -> str:
        return f"{self.enum.name}.{self.value}"

    @property
    def headline(self) -> str:
        return f"enum value '{self.value}' missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnumValueUnknown(BaseDifference):
    code = "enum-value-unknown"
    enum: Enum
    value: str

    @property
    def object(self) -> str:
        return f"{self.enum.name}.{self.value}"

    @property
    def headline(self) -> str:
        return f"enum value '{self.value}' unknown to the models, left alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainMissing(BaseDifference):
    code = "domain-missing"
    domain: Domain
    holder: Holder | None = None

    @property
    def object(self) -> str:
        return str(self.domain.name)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need.type(self.domain.name)})

    @property
    def headline(self) -> str:
        return f"domain missing: {self.domain.type}{held(self.holder)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceMissing(BaseDifference):
    code = "sequence-missing"
    sequence: Sequence
    holder: Holder | None = None

    @property
    def object(self) -> str:
        return str(self.sequence.name)

    @property
    def makes(self) -> frozenset[Need]:
        return frozenset({Need(Kind.SEQUENCE, self.sequence.name)})

    @property
    def headline(self) -> str:
        return f"sequence missing{held(self.holder)}"
