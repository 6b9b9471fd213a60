"""What the server has to be given first: types, functions, operator classes and access methods, mostly of extensions.

They are not made here: extensions are installed by whoever runs the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.definitions import Noun
from schema_guard.dialects.postgresql.extensions import extension_of
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import (
    CheckMissing,
    ColumnMissing,
    DefaultDiffers,
    Difference,
    GeneratedDiffers,
    IndexMissing,
    TableMissing,
    TypeMissing,
)
from schema_guard.plan import Refusal
from schema_guard.schema import Check, Column, Table

__all__ = ["rejected", "type_missing", "without_definition"]


def type_missing(difference: TypeMissing, context: Context) -> Repairs:
    wanted = difference.column.type
    elsewhere = sorted(type_.schema for type_ in context.actual.types if type_.name == wanted.name and type_.schema)
    if elsewhere and "." not in wanted.text:
        return [_off_the_path(difference, f"the type {wanted}", elsewhere, context)]
    advice = _how_to_get("type", wanted.name, context)
    return [Refusal(difference, f"the server knows no type {wanted}", advice)]


def rejected(difference: Difference, context: Context) -> Repairs:
    """A refusal of what the server would reject, by what it was asked when the difference was looked at."""
    table: Table | None = getattr(difference, "table", None)
    found = (context.rejection(table, noun) for noun in _nouns(difference)) if table else ()
    rejection = next((one for one in found if one is not None), None)
    if rejection is None:
        return []
    if rejection.schemas:
        return [_off_the_path(difference, f"the {rejection.kind} {rejection.name}", rejection.schemas, context)]
    return [Refusal(difference, rejection.said, _how_to_get(rejection.kind, rejection.name, context))]


def without_definition(create: str, noun: Noun) -> str | None:
    """CREATE TABLE, as SQLAlchemy writes it, without a column's default or without a CHECK; None where it can't be."""
    match noun:
        case Column(default=str() as default, generated=None, ddl=ddl):
            return _cut(create, ddl, f" DEFAULT {default}")
        case Check(ddl=ddl):
            return _cut(create, f", \n\t{ddl}", f", \n\t{ddl}") or _cut(create, f" {ddl}", f" {ddl}")
        case _:
            return None


def _cut(text: str, within: str, words: str) -> str | None:
    """The text without the words in what stands there only once."""
    if text.count(within) != 1 or within.count(words) != 1:
        return None
    return text.replace(within, within.replace(words, ""))


def _nouns(difference: Difference) -> tuple[Noun, ...]:
    """What cannot be left out; a missing table's indexes are steps of their own."""
    match difference:
        case TableMissing(table=table):
            nouns: tuple[Noun, ...] = (*table.columns, *table.checks)
            return tuple(noun for noun in nouns if without_definition(table.ddl, noun) is None)
        case ColumnMissing(column=column):
            return (column,) if column.generated is not None else ()  # without its default it comes all the same
        case DefaultDiffers() | GeneratedDiffers():
            return (difference.column,)
        case CheckMissing():
            return (difference.check,)
        case IndexMissing():
            return (difference.index,)
        case _:
            return ()


def _off_the_path(difference: Difference, what: str, schemas: Sequence[str], context: Context) -> Refusal:
    where = ", ".join(schemas)
    path = ", ".join(map(context.quote, (*context.facts.search_path, schemas[0])))
    return Refusal(
        difference,
        f"{what} is in the schema {where}, to which the search_path does not lead",
        (f"ALTER ROLE .. IN DATABASE .. SET search_path = {path};",),
    )


def _how_to_get(kind: str, name: str, context: Context) -> tuple[str, ...]:
    extension = extension_of(kind, name)
    if extension is not None:
        return (f"CREATE EXTENSION {context.quote(extension)};",)
    return (f"create the {f'{kind} {name}'.strip()}, or the extension that brings it",)
