"""The last look at all repairs together: what nothing provides cannot be waited for, and no step comes twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from schema_guard.dialects.postgresql.repair.any_type import suits_any_type
from schema_guard.dialects.postgresql.repair.context import (
    Repairs,
    column_token,
    default_token,
    retyped_token,
    table_token,
    unique_token,
    unknown_type_token,
)
from schema_guard.difference import (
    CheckMissing,
    ColumnMissing,
    DefaultDiffers,
    Difference,
    DomainMissing,
    EnumMissing,
    Fit,
    ForeignKeyMissing,
    IndexInvalid,
    IndexMissing,
    PrimaryKeyDiffers,
    RelationDiffers,
    SchemaMissing,
    SequenceMissing,
    TableMissing,
    TypeDiffers,
    TypeMissing,
    UniqueMissing,
)
from schema_guard.plan import Refusal, Step, Urgency

__all__ = ["settle"]

Pair = tuple[Difference, Repairs]

_OF_A_TYPE = (CheckMissing, DefaultDiffers, ForeignKeyMissing, IndexInvalid, IndexMissing, TableMissing)
"""What depends on the types of the columns that its steps require."""


def settle(pairs: Sequence[Pair]) -> Repairs:
    """All repairs, without steps whose needs are refused (they become refusals too) and without duplicates."""
    settled = _after_types(pairs)
    while True:
        lacking = _lacking(settled)
        following = [(difference, _without(difference, repairs, lacking)) for difference, repairs in settled]
        if following == settled:
            return _once(repair for _, repairs in settled for repair in repairs)
        settled = following


def _after_types(pairs: Sequence[Pair]) -> list[Pair]:
    """What is made of a column whose type takes no value of the models waits for another type: the server knows no
    operator, or no operator class, of that one, and takes no default of theirs."""
    unfit = {
        column_token(difference.table.name, difference.column.name): difference
        for difference, _ in pairs
        if isinstance(difference, TypeDiffers) and difference.fit is Fit.INCOMPATIBLE
    }
    return [(difference, _waiting(difference, repairs, unfit)) for difference, repairs in pairs]


def _waiting(difference: Difference, repairs: Repairs, unfit: dict[str, TypeDiffers]) -> Repairs:
    if not isinstance(difference, _OF_A_TYPE):
        return repairs
    retyped = {
        token: retyped_token(typed.table.name, typed.column.name)
        for token, typed in unfit.items()
        if not suits_any_type(difference, typed)
    }
    return [
        replace(repair, requires=repair.requires | {retyped[name] for name in repair.requires & retyped.keys()})
        if isinstance(repair, Step)
        else repair
        for repair in repairs
    ]


def _lacking(pairs: Sequence[Pair]) -> dict[str, str]:
    """What is missing and not going to be made, and why not."""
    made: set[str] = set()
    missing: dict[str, str] = {}
    for difference, repairs in pairs:
        reason = next((repair.reason for repair in repairs if isinstance(repair, Refusal)), _stands_there(difference))
        missing.update(dict.fromkeys(_missing(difference), reason))
        made.update(token for repair in repairs if isinstance(repair, Step) for token in repair.provides)
    return {token: reason for token, reason in missing.items() if token not in made}


def _stands_there(difference: Difference) -> str:
    return f"it is a {difference.actual}" if isinstance(difference, RelationDiffers) else ""


def _missing(difference: Difference) -> set[str]:
    match difference:
        case SchemaMissing(name=name):
            return {f"schema {name}"}
        case EnumMissing(enum=enum):
            return {f"type {enum.name}"}
        case DomainMissing(domain=domain):
            return {f"type {domain.name}"}
        case SequenceMissing(sequence=sequence):
            return {f"sequence {sequence.name}"}
        case TableMissing(table=table) | RelationDiffers(table=table):
            return {table_token(table.name)}
        case ColumnMissing(table=table, column=column):
            return {column_token(table.name, column.name)}
        case DefaultDiffers(table=table, column=column):
            return {default_token(table.name, column.name)}
        case TypeDiffers(table=table, column=column):
            return {retyped_token(table.name, column.name)}
        case TypeMissing(column=column):
            return {unknown_type_token(column.type)}
        case UniqueMissing(table=table, unique=unique):
            return {unique_token(table.name, unique.columns)}
        case PrimaryKeyDiffers(table=table, primary_key=key):
            return {unique_token(table.name, key.columns)}
        case _:
            return set()


def _without(difference: Difference, repairs: Repairs, lacking: dict[str, str]) -> Repairs:
    blocked: list[Step] = []
    names: list[str] = []
    for repair in repairs:
        if isinstance(repair, Step):
            found = sorted(repair.requires & lacking.keys())
            if found:
                blocked.append(repair)
                names.extend(found)
    if not blocked:
        return repairs
    return [*_still_possible(repairs, blocked), _waits(difference, blocked, list(dict.fromkeys(names)), lacking)]


def _still_possible(repairs: Repairs, blocked: Sequence[Step]) -> Repairs:
    """The others, but for those that build on a blocked one."""
    gone = {token for step in blocked for token in step.provides}
    kept = []
    for repair in repairs:
        if repair in blocked or (isinstance(repair, Step) and repair.requires & gone):
            continue
        kept.append(repair)
    return kept


def _waits(difference: Difference, blocked: Sequence[Step], names: Sequence[str], lacking: dict[str, str]) -> Refusal:
    why = next((lacking[name] for name in names if lacking[name]), "it is missing")
    advice = tuple(f"{statement};" for step in blocked for statement in step.statements)
    return Refusal(difference, f"it needs {', '.join(names)}, which cannot be had: {why}", advice)


def _once(repairs: Iterable[Step | Refusal]) -> Repairs:
    """Two differences may ask for the same step (NOT NULL of a key's column): it runs once and resolves both."""
    steps: dict[str, Step] = {}
    order: Repairs = []
    for repair in repairs:
        if isinstance(repair, Refusal):
            order.append(repair)
        elif repair.id not in steps:
            steps[repair.id] = repair
            order.append(repair)
        else:
            steps[repair.id] = _merged(steps[repair.id], repair)
    return [steps[repair.id] if isinstance(repair, Step) else repair for repair in order]


def _merged(first: Step, second: Step) -> Step:
    return replace(
        first,
        resolves=tuple(dict.fromkeys((*first.resolves, *second.resolves))),
        requires=first.requires | second.requires,
        provides=first.provides | second.provides,
        urgency=Urgency.REQUIRED if Urgency.REQUIRED in (first.urgency, second.urgency) else Urgency.DEBT,
    )
