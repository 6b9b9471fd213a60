"""Triggers and rules that the models don't know, and that keep statements of the application from their work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from schema_guard.code_of_others import Intervener, refuse_returning
from schema_guard.compare.impact_words import writers
from schema_guard.difference import Impact, ObjectUnknown
from schema_guard.schema import Schema, Table

__all__ = ["compare_interveners"]


def compare_interveners(table: Table, live: Table, expected: Schema) -> Iterator[ObjectUnknown]:
    """By its text alone, which proves nothing: it may call a function that ends it first. But a rule that has no
    RETURNING fails each INSERT that asks for the key, as SQLAlchemy does where the server gives it."""
    asks = any(column.autoincrement for column in table.columns) and refuse_returning(live.facts.interveners)
    own = [each for each in live.facts.interveners if not each.adds]
    for found in own:
        if found is not next(each for each in own if _is_told_as(each, found)):
            continue  # a trigger of several partitions is told of the first of them
        verbs = ", ".join(verb for verb in found.statements if verb != "UPDATE" or _is_updated(table, found))
        if not verbs:
            continue
        impact, doubt = Impact.WEAKENS, "not provable: "
        if asks and found.kind == "rule" and "INSERT" in found.statements:
            impact, doubt = Impact.BREAKS, ""
            effect = f"INSERT of {writers(table)} fails (FeatureNotSupported): the rule does not return the key"
        elif found.lacks:
            if table.column(found.lacks) is not None:
                continue  # the column that is missing is said by itself
            effect = f"{verbs} of {writers(table)} fails: it names the column {found.lacks}, which is not there"
            if found.sure and found.partition is None:
                impact, doubt = Impact.BREAKS, ""
        elif found.absent:
            if _comes(found, expected):
                continue  # that it is missing is said by itself
            effect = f"{verbs} of {writers(table)} fails: it {found.does} {found.absent}, which is not there"
        elif found.raises:
            effect = f"{verbs} of {writers(table)} fails: it raises an error"
        elif found.kind == "rule":
            effect = f"{verbs} of {writers(table)} does what the rule says instead"
        else:
            effect = f"{verbs} of {writers(table)} leaves rows as they are"
        yield ObjectUnknown(
            table=table,
            kind=found.kind,
            name=found.name,
            definition=f"on {verbs}{_where(found, own)}",
            partition=found.partition,
            impact=impact,
            effect=f"{doubt}{effect}{', if such a partition takes the row' if found.partition else ''}",
        )


def _is_told_as(found: Intervener, other: Intervener) -> bool:
    """Whether both are the same, or triggers of one name on two partitions."""
    if found.partition is None or other.partition is None:
        return found is other
    return found.name == other.name


def _where(found: Intervener, own: Sequence[Intervener]) -> str:
    """The partition that has it, where it is not the table's own; empty else."""
    if found.partition is None:
        return ""
    rest = sum(_is_told_as(each, found) for each in own) - 1
    return f" in {found.partition}{f' and {rest} more' if rest else ''}"


def _is_updated(table: Table, found: Intervener) -> bool:
    """Whether an UPDATE of the application fires it: the ORM's sets any column but those of the key."""
    key = table.primary_key.columns if table.primary_key is not None else ()
    return not found.columns or any(name not in key and table.column(name) is not None for name in found.columns)


def _comes(found: Intervener, expected: Schema) -> bool:
    """Whether the models have the table, or the column, that is not there."""
    above, _, name = found.absent.rpartition(".")
    if found.does in ("writes the column", "reads the column"):
        return any(other.name.name == above and other.column(name) is not None for other in expected.tables)
    return found.does != "calls" and any(other.name.name == name for other in expected.tables)
