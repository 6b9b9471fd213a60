"""Server defaults, and the key that the server has to give."""

from __future__ import annotations

from schema_guard.dialects.sqlite import changes
from schema_guard.dialects.sqlite.given_keys import no_rowid, without_integer
from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.repair.case import Case, Edit, Rows
from schema_guard.dialects.unknown_rules import hinders_default
from schema_guard.difference import DefaultDiffers, IdentityDiffers, PrimaryKeyDiffers
from schema_guard.plan import Refusal
from schema_guard.schema import Table

__all__ = ["change_default"]


def change_default(differs: DefaultDiffers | IdentityDiffers, live: Table, case: Case) -> Edit | Refusal:
    column = differs.column
    if column.never_again and differs.actual.autoincrement:
        if differs.actual.stand is not None:
            return Refusal(
                differs,
                "a row holds the highest key that there is, and with AUTOINCREMENT no INSERT could get another:"
                " give that row another key",
            )
        return Edit(differs, changes.autoincrement(), f"{column.name}: AUTOINCREMENT")
    if column.autoincrement or column.identity is not None:
        return _give_key(differs, live, case)
    if column.default is None:
        return Refusal(
            differs,
            "the models do not say how the server makes the value (FetchedValue), and no trigger of SQLite can fill it:"
            " give the column a server_default",
        )
    repeats = "(" not in column.default.strip("()")
    if isinstance(differs, DefaultDiffers) and (against := hinders_default(differs, case.differences, repeats=repeats)):
        return Refusal(differs, against)
    if rejected := case.rejection(differs.table, column):
        return Refusal(differs, f"every INSERT that leaves the column out would fail with it; {rejected}")
    return Edit(
        differs,
        changes.default(column.name, column.default),
        f"{column.name}: default {column.default or 'none'}",
    )


def _key(live: Table) -> tuple[str, ...]:
    return live.primary_key.columns if live.primary_key is not None else ()


def _coming_key(live: Table, case: Case) -> tuple[str, ...]:
    """The primary key that the same rebuild adds."""
    for other in case.differences:
        if not isinstance(other, PrimaryKeyDiffers) or other.table_name != live.name:
            continue
        if other.actual is None and case.rows(other, live.name) is not Rows.BREAK_IT:
            return other.primary_key.columns
    return ()


def _key_is_certain(live: Table, case: Case) -> bool:
    """Whether no row stands in the way of the primary key that is missing."""
    missing = (item for item in case.differences if isinstance(item, PrimaryKeyDiffers) and item.actual is None)
    return any(case.rows(item, live.name) is Rows.KEEP_IT for item in missing if item.table_name == live.name)


def _give_key(differs: DefaultDiffers | IdentityDiffers, live: Table, case: Case) -> Edit | Refusal:
    """Only INTEGER PRIMARY KEY, in these words, is given by SQLite (https://sqlite.org/lang_createtable.html#rowid)."""
    name = differs.column.name
    if reason := no_rowid(differs.column):
        return Refusal(differs, reason)
    if live.without_rowid or (name,) not in (_key(live), _coming_key(live, case)):
        return Refusal(differs, "SQLite gives keys only to a table with a rowid whose primary key is this one column")
    if case.rows(differs, live.name) is Rows.BREAK_IT:
        return _refuse_other_keys(differs, case)
    quoted, again = quote(name), " AUTOINCREMENT" if differs.column.never_again else ""
    # Where the type is right, the key that comes with the rebuild does all of this: one rebuild, not two.
    comes = (name,) != _key(live) and differs.actual.type.text.upper() == "INTEGER" and _key_is_certain(live, case)
    return Edit(
        differs,
        changes.both(changes.type_of(name, "INTEGER"), changes.primary_key(f"PRIMARY KEY ({quoted}{again})")),
        f"{name}: INTEGER PRIMARY KEY, so that SQLite gives it",
        certain=comes or case.empty(live.name),
        unless=without_integer(live, name).exists,
    )


def _refuse_other_keys(differs: DefaultDiffers | IdentityDiffers, case: Case) -> Refusal:
    """Their values would have to be converted, also in the tables that refer to them: a person's decision."""
    evidence = case.survey.evidence[differs.key]
    what = "something other than an integer"
    return Refusal(
        differs,
        f"{evidence.said(f'hold {what}', f'holds {what}')}, and SQLite gives keys only to INTEGER PRIMARY KEY: "
        f"map {differs.column.name} as it is, or make the table again with integers",
        (evidence.query,),
    )
