"""A plain index is not made beside a unique one on the same columns, which serves its queries as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.difference import Difference, IndexMissing, PrimaryKeyDiffers, UniqueMissing
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Index, IndexElement, Name

__all__ = ["without_served"]


def without_served(repairs: Sequence[Step | Refusal]) -> list[Step | Refusal]:
    """The same without steps for such indexes; what they resolve is resolved by the step that makes the unique one.

    Where the unique one is refused, the plain one is made.
    """
    serving: dict[tuple[Name | None, tuple[str, ...]], int] = {}
    for position, repair in enumerate(repairs):
        for difference in repair.answers if isinstance(repair, Step) else ():
            columns = _made_unique(difference)
            if columns:
                serving.setdefault((difference.table_name, columns), position)
    kept: list[Step | Refusal | None] = list(repairs)
    for position, repair in enumerate(repairs):
        columns = _only_found_by(repair)
        server = serving.get((repair.table, columns)) if isinstance(repair, Step) and columns else None
        step = kept[server] if server is not None else None
        if server is not None and isinstance(step, Step) and isinstance(repair, Step):
            resolves, answers = (*step.resolves, *repair.resolves), (*step.answers, *repair.answers)
            kept[server] = replace(step, resolves=resolves, answers=answers)
            kept[position] = None
    return [repair for repair in kept if repair is not None]


def _made_unique(difference: Difference) -> tuple[str, ...]:
    """The columns that are a key once it is repaired, in their order."""
    match difference:
        case UniqueMissing(unique=unique):
            return unique.columns
        case PrimaryKeyDiffers(primary_key=key, actual=None):
            return key.columns
        case IndexMissing(index=index) if index.unique:
            return _columns(index)
        case _:
            return ()


def _only_found_by(repair: Step | Refusal) -> tuple[str, ...]:
    """The columns of a plain index, if making it is all that the step does."""
    if not isinstance(repair, Step) or len(repair.answers) != 1:
        return ()
    (difference,) = repair.answers
    return _columns(difference.index) if isinstance(difference, IndexMissing) and not difference.index.unique else ()


def _columns(index: Index) -> tuple[str, ...]:
    """Where it says nothing else: no order, class, condition or method."""
    plain = (index.where, index.method, index.include) == (None, "btree", ())
    if not plain or any(element != IndexElement(element.text) for element in index.elements):
        return ()
    return index.columns or ()
