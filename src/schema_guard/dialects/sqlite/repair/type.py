"""A type of another affinity: SQLite would convert the values that are stored, so only an empty table is changed."""

from __future__ import annotations

from collections.abc import Iterator

from schema_guard.dialects.labels import respelled
from schema_guard.dialects.sqlite.canonical import strict_type
from schema_guard.dialects.sqlite.changes import type_of
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import Case, Edit
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.difference import RowsUnreadable, TypeDiffers
from schema_guard.plan import CORRECT, Refusal
from schema_guard.schema import Table

__all__ = ["change_type", "refuse_unreadable"]

_FALSE = "'false', 'f', 'no', 'n', 'off'"
_TRUE = "'true', 't', 'yes', 'y', 'on'"
"""What PostgreSQL and people write."""


def change_type(differs: TypeDiffers, live: Table, case: Case) -> Edit | Refusal:
    name, wanted = differs.column.name, differs.column.type.text
    if live.strict:
        wanted = strict_type(wanted)
    if case.empty(live.name):
        return Edit(differs, type_of(name, wanted), f"{name}: type {wanted}")
    column = quote(name)
    return Refusal(
        differs,
        f"a column of type {wanted} would convert values that are stored now; look at them first",
        (f"SELECT typeof({column}), count(*), min({column}), max({column}) FROM {quote(live.name)} GROUP BY 1",),
    )


def refuse_unreadable(unreadable: RowsUnreadable, case: Case) -> Refusal:
    """Values are never changed."""
    evidence = case.survey.evidence.get(unreadable.key)
    if evidence is None or evidence.count is None:
        return Refusal(
            unreadable, "its values could not be looked at: look at them", (evidence.query,) if evidence else ()
        )
    first = f"{evidence.reason}; ".replace("{", "{{").replace("}", "}}") if evidence.reason else ""
    said = evidence.said("hold such a value", "holds such a value", first + CORRECT, "; ".join(evidence.sample))
    return Refusal(unreadable, said, (evidence.query, *_respelling(unreadable)))


def _respelling(unreadable: RowsUnreadable) -> Iterator[str]:
    """The statements that write values as the models do, where it is evident how that is."""
    table, column = quote(unreadable.table.name), quote(unreadable.column.name)
    if unreadable.otherwise and unreadable.column.type.name == "TEXT":
        yield f"UPDATE {table} SET {column} = lower(replace({column}, '-', '')) WHERE {unreadable.condition}"
    elif unreadable.otherwise:
        for value, words in ((0, _FALSE), (1, _TRUE)):
            yield f"UPDATE {table} SET {column} = {value} WHERE lower({column}) IN ({words})"
    if unreadable.of_no_version and unreadable.column.type.name == "INTEGER":
        yield f"UPDATE {table} SET {column} = 1 WHERE {column} IS NULL"
    for old, new in respelled(unreadable.known, unreadable.actual.others):
        yield f"UPDATE {table} SET {column} = {quoted_literal(new)} WHERE {column} = {quoted_literal(old)}"
