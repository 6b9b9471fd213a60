"""What the server has to be given first: types, functions, operator classes and access methods, mostly of extensions.

They are not made here: extensions are installed by whoever runs the server.
"""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.definitions import definitions_of, without_definition
from schema_guard.dialects.postgresql.extensions import extension_of
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.difference import ColumnMissing, Difference, FunctionMissing, TableMissing, TypeMissing
from schema_guard.plan import REFUSED, Noun, Refusal, Rejection, Step
from schema_guard.schema import Column, Index, Lack

__all__ = ["function_missing", "refused", "rejected", "type_missing"]


def type_missing(difference: TypeMissing, context: Context) -> Repairs:
    wanted = difference.column.type
    elsewhere = sorted(type_.schema for type_ in context.actual.types if type_.name == wanted.name and type_.schema)
    if elsewhere and "." not in wanted.text:
        return [_off_the_path(difference, f"the type {wanted}", elsewhere, context)]
    advice = _how_to_get("type", wanted.name, context)
    return [Refusal(difference, f"the server knows no type {wanted}", advice)]


def function_missing(difference: FunctionMissing, context: Context) -> Repairs:
    if difference.lack is not Lack.FUNCTION:
        rejection = context.rejection(difference.table, difference.call)
        said, advised = (rejection.said, rejection.advice) if rejection else ("the server does not take the call", ())
        return [Refusal(difference, said, advised)]
    advice = "-- create the function, or the extension that brings it"
    return rejected(difference, context) or [
        Refusal(difference, "the server knows no such function for these arguments", (advice,))
    ]


def rejected(difference: Difference, context: Context) -> Repairs:
    """A refusal of what the server would reject, by what it was asked when the difference was looked at."""
    for table, noun in definitions_of([difference]) if context.survey.rejections else ():
        rejection = context.rejection(table, noun)
        if rejection is None or rejection.kind == REFUSED or _left_out(difference, noun, rejection):
            continue
        if rejection.schemas:
            return [_off_the_path(difference, f"the {rejection.kind} {rejection.name}", rejection.schemas, context)]
        advice = rejection.advice or _how_to_get(rejection.kind, rejection.name, context)
        return [Refusal(difference, rejection.said, advice)]
    return []


def refused(difference: Difference, repairs: Repairs, context: Context) -> Repairs:
    """The repairs as they are, or a refusal in place of steps that the server refused on a copy of the table."""
    if context.survey.rejections and any(isinstance(repair, Step) for repair in repairs):
        for table, noun in definitions_of([difference]):
            rejection = context.rejection(table, noun)
            if rejection is not None and rejection.kind == REFUSED and not _left_out(difference, noun, rejection):
                return [Refusal(difference, rejection.said, rejection.advice)]
    return repairs


def _left_out(difference: Difference, noun: Noun, rejection: Rejection) -> bool:
    """Whether the repair does without it: a missing table's indexes are steps of their own."""
    if rejection.whole:
        return False
    match difference, noun:
        case TableMissing(), Index():
            return True
        case TableMissing(table=table), _:
            return without_definition(table.ddl, noun) is not None
        case ColumnMissing(), Column(generated=None):
            return True
        case _:
            return False


def _off_the_path(difference: Difference, what: str, schemas: Sequence[str], context: Context) -> Refusal:
    where = ", ".join(schemas)
    path = ", ".join(map(context.quote, (*context.facts.search_path, schemas[0])))
    return Refusal(
        difference,
        f"{what} is in the schema {where}, to which the search_path does not lead",
        (f"-- for the role and the database: ALTER ROLE .. IN DATABASE .. SET search_path = {path};",),
    )


def _how_to_get(kind: str, name: str, context: Context) -> tuple[str, ...]:
    extension = extension_of(kind, name)
    if extension is not None:
        return (f"CREATE EXTENSION {context.quote(extension)};",)
    return (f"create the {f'{kind} {name}'.strip()}, or the extension that brings it",)
