"""Objects that have a name of their own and no rows: schemas, domains, sequences, and types nobody can create."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.compare.holder import named_holder, type_holder
from schema_guard.compare.impact_words import casts_to, writers
from schema_guard.compare.needed import is_cast, is_served
from schema_guard.dialects.judge import Judge
from schema_guard.difference import DomainMissing, Impact, SchemaMissing, SequenceMissing, TypeMissing
from schema_guard.schema import NO_TYPE, Name, Schema, TypeKind

__all__ = ["compare_domains", "compare_schemas", "compare_sequences", "missing_types"]


def compare_schemas(expected: Schema, actual: Schema) -> Iterator[SchemaMissing]:
    for name in expected.schemas:
        if name not in actual.schemas:
            yield SchemaMissing(name=name, impact=Impact.BREAKS, effect="every statement on its tables fails")


def compare_domains(expected: Schema, actual: Schema, judge: Judge) -> Iterator[DomainMissing]:
    existing = {domain.name for domain in actual.domains}
    for domain in expected.domains:
        if domain.name not in existing:
            impact, effect = Impact.BREAKS, "no column can have this type"
            if is_served(domain.name, expected, actual, judge):
                impact = Impact.WEAKENS
                effect = f"not provable: {casts_to('it')}" if is_cast(domain.name, expected) else effect
            yield DomainMissing(domain=domain, holder=type_holder(actual, domain.name), impact=impact, effect=effect)


def compare_sequences(expected: Schema, actual: Schema) -> Iterator[SequenceMissing]:
    existing = {sequence.name for sequence in actual.sequences}
    for sequence in expected.sequences:
        if sequence.name not in existing:
            yield SequenceMissing(
                sequence=sequence,
                holder=named_holder(actual, sequence.name),
                impact=Impact.BREAKS,
                effect="INSERTs that take their key from it fail",
            )


def missing_types(expected: Schema, actual: Schema) -> Iterator[TypeMissing]:
    """Types of columns that neither the server knows nor the models define, once for each type."""
    settled = {item.name for group in (expected.enums, expected.domains) for item in group}  # missing on their own
    for table in expected.tables:
        for column in table.columns:
            name = Name(column.type.schema, column.type.name)
            if column.type.kind is not TypeKind.UNKNOWN or column.type == NO_TYPE or name in settled:
                continue
            settled.add(name)
            impact, effect = Impact.BREAKS, f"{writers(table)} cannot be stored"
            if _stands_as_text(name, expected, actual):
                fails = casts_to("it") if column.cast_when_several else f"{effect} if it takes no text"
                impact, effect = Impact.WEAKENS, f"not provable: text is there in place of it; {fails}"
            yield TypeMissing(table=table, column=column, impact=impact, effect=effect)


def _stands_as_text(name: Name, expected: Schema, actual: Schema) -> bool:
    """Whether each column of that type is there, as text of any length: citext is written and read like it."""
    for table in expected.tables:
        for column in table.columns:
            if name != Name(column.type.schema, column.type.name):
                continue
            live = actual.table(table.name)
            there = live.column(column.name) if live is not None else None
            if there is None or there.type.name not in ("text", "character varying") or there.type.arguments:
                return False
            if bool(there.type.dimensions) != bool(column.type.dimensions):
                return False
    return True
