"""What would have to be defined to fix a difference, and the SQL expressions in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from schema_guard.difference import (
    CheckMissing,
    ColumnMissing,
    DefaultDiffers,
    Difference,
    ExclusionMissing,
    FunctionMissing,
    GeneratedDiffers,
    Impact,
    IndexMissing,
    PrimaryKeyDiffers,
    TableMissing,
    TypeDiffers,
    UniqueMissing,
)
from schema_guard.plan import Definition, Noun, Rejection
from schema_guard.schema import Call, Check, Column, Exclusion, Index, PrimaryKey, Schema, Table, Unique

__all__ = [
    "NO_COLUMN",
    "NO_TYPE_SAID",
    "OTHER_QUERY",
    "READ_ONLY",
    "columns_of",
    "reads_rows",
    "definitions_of",
    "expressions_of",
    "is_rejected",
    "without_default",
    "without_definition",
]

OTHER_QUERY = (
    "the two queries differ, and others may read the view: decide which one is right; this takes that of the models"
)
"""Why a view that the models define is not replaced."""


def reads_rows(table: Table) -> str:
    """What it costs to make a table of a SELECT, with its rows; empty where it is made without any."""
    names = ", ".join(dict.fromkeys(str(name) for name, _ in table.reads))
    return f"runs its query on {names}, and stores the rows" if names else ""


NO_COLUMN = "the models have no column for it that can be written: correct them"
NO_TYPE_SAID = "the models do not say its type: their query gives it"
READ_ONLY = "a {} cannot be made a table; where the application only reads it, the models say info={{'is_view': True}}"
"""Why what stands where a table is expected is left, with what it is."""


def definitions_of(differences: Iterable[Difference]) -> Iterator[tuple[Table, Noun]]:
    """Each with the expected table that it belongs to; of the differences that matter."""
    for difference in differences:
        if difference.impact is not Impact.NOTES:
            yield from _definitions(difference)


def _definitions(difference: Difference) -> Iterator[tuple[Table, Noun]]:
    match difference:
        case TableMissing(table=table, holder=None):
            yield from ((table, column) for column in table.columns)
            yield from ((table, check) for check in table.checks)
            yield from ((table, index) for index in table.indexes)
            yield from ((table, unique) for unique in table.uniques)
            yield from ((table, exclusion) for exclusion in table.exclusions)
            if table.primary_key is not None:
                yield table, table.primary_key
            yield table, table
        case ColumnMissing() | DefaultDiffers() | GeneratedDiffers():
            yield difference.table, difference.column
        case FunctionMissing(call=call):
            yield difference.table, call
        case TypeDiffers(column=column):
            yield difference.table, Column(column.name, column.type)  # nothing of it but its type
        case CheckMissing():
            yield difference.table, difference.check
        case IndexMissing():
            yield difference.table, difference.index
        case UniqueMissing():
            yield difference.table, difference.unique
        case ExclusionMissing():
            yield difference.table, difference.exclusion
        case PrimaryKeyDiffers(actual=None):
            yield difference.table, difference.primary_key


def expressions_of(noun: Noun) -> tuple[str, ...]:
    """As the models write them."""
    match noun:
        case Column():
            texts = [noun.default, noun.generated.expression if noun.generated else None]
        case Call():
            return (noun.asked,)
        case Check():
            texts = [noun.expression]
        case Index():
            texts = [*(element.text for element in noun.elements if element.is_expression), noun.where]
        case _:
            texts = []
    return tuple(text for text in texts if text)


def columns_of(table: Table, actual: Schema) -> tuple[Column, ...]:
    """The columns that its expressions may name: the live ones, and those that are expected beside them."""
    live = actual.table(table.name)
    there = live.columns if live is not None else ()
    return (*there, *(column for column in table.columns if live is None or live.column(column.name) is None))


def is_rejected(difference: Difference, rejections: Mapping[Definition, Rejection]) -> bool:
    """Whether the server does not take something that the difference would have defined."""
    return any((table.name, noun) in rejections for table, noun in definitions_of([difference]))


def without_default(text: str, column: Column) -> str | None:
    """A CREATE TABLE, or the column's definition alone, as SQLAlchemy writes it, without the column's default.

    The default need not be understood (`'{}'::jsonb` on SQLite). None where it is not found.
    """
    # Each column has a line of its own; without its beginning `data ..` would be found in `metadata ..`, too.
    line = column.ddl if text == column.ddl else f"\n\t{column.ddl}"
    for written in (f" DEFAULT ({column.default})", f" DEFAULT {column.default}"):
        if column.ddl.count(written) == 1 and text.count(line) == 1:
            return text.replace(line, line.replace(written, ""))
    return None


def without_definition(create: str, noun: Noun) -> str | None:
    """CREATE TABLE, as SQLAlchemy writes it, without a column's default or without a constraint; None where it can't
    be."""
    match noun:
        case Column(default=str(), generated=None):
            return without_default(create, noun)
        case Check(ddl=ddl) | Unique(ddl=ddl) | Exclusion(ddl=ddl) | PrimaryKey(ddl=ddl) if ddl:
            found = [written for written in (f", \n\t{ddl}", f" {ddl}") if create.count(written) == 1]
            return create.replace(found[0], "") if found else None
        case _:
            return None
