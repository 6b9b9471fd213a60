"""A suspected rename: which rows are at stake, and the statements with which a person brings them back. Pure text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from schema_guard.difference import RenameSuspected
from schema_guard.plan import Refusal
from schema_guard.schema import Name, Schema

__all__ = ["Stranded", "refuse_rename", "stranded"]

Quote = Callable[[Name | str], str]

FIRST_ROWS = 1000
"""So many are looked at before all are counted: a column that both sides use has values in most of them."""


@dataclass(frozen=True, slots=True)
class Stranded:
    """`first` gives two numbers, of the rows whose value is under the old name alone, and of all others that have one
    there; empty where the question is `query` alone, which finds the rows. `none_if` is true where it is no rename."""

    query: str
    count: str
    first: str = ""
    none_if: str = ""


def stranded(difference: RenameSuspected, quote: Quote, functions: str = "") -> Stranded:
    """How to find the rows that the application would miss; `functions` as for `violators_of`."""
    table = quote(difference.table.name)
    if difference.column is None:
        old = quote(Name(difference.table.name.schema, difference.old))
        none_if = "" if difference.missing else f"SELECT EXISTS (SELECT 1 FROM {table})"
        return Stranded(f"SELECT * FROM {old}", f"SELECT {functions}count(*) FROM {old}", none_if=none_if)
    has_old = f"{quote(difference.old)} IS NOT NULL"
    if difference.missing is not None:
        rows = f"FROM {table} WHERE {has_old}"
        return Stranded(f"SELECT * {rows}", f"SELECT {functions}count(*) {rows}")
    lacks_new = _lacks_value(difference, quote)
    rows = f"FROM {table} WHERE {has_old} AND {lacks_new}"
    first = (
        f"SELECT coalesce({functions}sum(CASE WHEN {lacks_new} THEN 1 ELSE 0 END), 0), "
        f"coalesce({functions}sum(CASE WHEN {lacks_new} THEN 0 ELSE 1 END), 0) "
        f"FROM (SELECT * FROM {table} WHERE {has_old} LIMIT {FIRST_ROWS}) AS first_rows"
    )
    return Stranded(f"SELECT * {rows}", f"SELECT {functions}count(*) {rows}", first)


def _lacks_value(difference: RenameSuspected, quote: Quote) -> str:
    assert difference.column is not None
    name = quote(difference.column.name)
    return f"({name} IS NULL OR {name} = {difference.unset})" if difference.unset else f"{name} IS NULL"


def refuse_rename(
    difference: RenameSuspected, actual: Schema, quote: Quote, around: tuple[Sequence[str], Sequence[str]] = ((), ())
) -> Refusal:
    """What a person can run, who knows whether it was renamed.

    Args:
        around: statements before and after those that replace a table.
    """
    return Refusal(difference, _reason(difference), _advice(difference, actual, quote, around))


def _reason(difference: RenameSuspected) -> str:
    names = difference.old_names()
    statement = "one of these statements" if difference.or_from or difference.or_to else "this"
    if difference.missing is None:
        if difference.column is None:
            return f"if {names} was renamed, run these while the application is stopped; if not, accept this key"
        return f"if {names} was renamed, take its values over with {statement}; if not, accept this key"
    if not difference.held_back:
        return (
            f"if {names} was renamed, run {statement} before apply; "
            f"if not, apply adds an empty column and leaves the values in {difference.old}"
        )
    what, why = "table", "an empty one would get other rows with the same keys"
    if difference.column is not None:
        what, why = "column", f"INSERT would still fail, {difference.blocker} is NOT NULL without default"
    return (
        f"if {names} was renamed, run {statement}; if not, accept this key, then apply adds the {what} (not now: {why})"
    )


def _advice(
    difference: RenameSuspected, actual: Schema, quote: Quote, around: tuple[Sequence[str], Sequence[str]]
) -> tuple[str, ...]:
    pairs = [(old, _new(difference)) for old in (difference.old, *difference.or_from)]
    if difference.missing is not None:
        pairs += [(difference.old, new) for new in difference.or_to]
    table = quote(difference.table.name)
    if difference.column is not None:
        if difference.missing is None:
            return tuple(
                _taken_over(table, quote(old), _lacks_value(difference, quote), quote(new)) for old, new in pairs
            )
        return tuple(f"ALTER TABLE {table} RENAME COLUMN {quote(old)} TO {quote(new)};" for old, new in pairs)
    renames = tuple(
        f"ALTER TABLE {quote(Name(difference.table.name.schema, old))} RENAME TO {quote(new)};" for old, new in pairs
    )
    if difference.missing is not None:
        return renames
    before, after = around
    dropped = _references_dropped(difference, actual, quote)
    return (*before, "BEGIN;", *dropped, f"DROP TABLE {table};", renames[0], "COMMIT;", *after)


def _new(difference: RenameSuspected) -> str:
    return difference.column.name if difference.column is not None else difference.table.name.name


def _taken_over(table: str, old: str, lacks_value: str, new: str) -> str:
    return f"UPDATE {table} SET {new} = {old} WHERE {old} IS NOT NULL AND {lacks_value};"


def _references_dropped(difference: RenameSuspected, actual: Schema, quote: Quote) -> list[str]:
    """Foreign keys to the empty table; apply adds them again. SQLite names its target, so there they just stay."""
    return [
        f"ALTER TABLE {quote(table.name)} DROP CONSTRAINT {quote(key.name)};"
        for table in actual.tables
        for key in table.foreign_keys
        if key.target == difference.table.name and table.name != difference.table.name and key.name and table.facts.oid
    ]
