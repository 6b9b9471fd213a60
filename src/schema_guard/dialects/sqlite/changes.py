"""The changes that a rebuild makes of a table's text: each as an edit of the text, and as what it declares to change.

`changed` makes the edits and proves them: the clauses of the result are those of the text with the declared changes,
and no others. So what an edit lost by mistake is found before any statement is written, whatever the cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from schema_guard.dialects.sqlite import edit
from schema_guard.dialects.sqlite.clauses import (
    Said,
    SaidTable,
    check_of,
    reference_of,
    said,
    said_of_column,
    said_of_constraint,
)
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key

__all__ = [
    "Change",
    "autoincrement",
    "both",
    "check_removed",
    "changed",
    "collation",
    "column_added",
    "column_replaced",
    "constraint_added",
    "default",
    "foreign_key_replaced",
    "not_null",
    "nullable",
    "primary_key",
    "type_of",
]


@dataclass(frozen=True, slots=True)
class Change:
    """`edit` takes the text and gives the new one; `declared` says the same of its clauses."""

    edit: Callable[[str], str]
    declared: Callable[[SaidTable], SaidTable]


def changed(text: str, change: Change) -> str:
    """The edited text, proved.

    Raises:
        UnreadableTextError: the edit cannot be made, or would change anything else.
    """
    after = change.edit(text)
    meant, found = change.declared(said(text)), said(after)
    if found != meant:
        raise UnreadableTextError(f"the edited text would also change {_other(meant, found)}")
    return after


def _other(meant: SaidTable, found: SaidTable) -> str:
    """Where two tables differ, in words."""
    for column in meant.columns:
        other = found.column(column.name)
        if other != column:
            return f"the column {column.name}"
    return "the table's constraints" if meant.constraints != found.constraints else "the table"


def both(*changes: Change) -> Change:
    """One change after the other."""

    def edited(text: str) -> str:
        for change in changes:
            text = change.edit(text)
        return text

    def declared(table: SaidTable) -> SaidTable:
        for change in changes:
            table = change.declared(table)
        return table

    return Change(edited, declared)


def _clause_replaced(column: str, edited: Callable[[str], str], kinds: tuple[str, ...], words: str = "") -> Change:
    """Of one column: no clause of these kinds any more, but what the words say."""

    def declared(table: SaidTable) -> SaidTable:
        new = said_of_column(f"t {words}", table.name).clauses
        return table.changed(column, lambda found: found.without(*kinds).having(*new))

    return Change(edited, declared)


def nullable(column: str) -> Change:
    return _clause_replaced(column, lambda text: edit.drop_not_null(text, column), ("not null",))


def not_null(column: str) -> Change:
    return _clause_replaced(column, lambda text: edit.set_not_null(text, column), ("null",), "NOT NULL")


def default(column: str, value: str | None) -> Change:
    words = "" if value is None else f"DEFAULT {edit.default_term(value)}"
    return _clause_replaced(column, lambda text: edit.set_default(text, column, value), ("default",), words)


def collation(column: str, name: str | None) -> Change:
    words = "" if name is None else edit.collate_term(name)
    return _clause_replaced(column, lambda text: edit.set_collation(text, column, name), ("collate",), words)


def type_of(column: str, declared: str) -> Change:
    def new(table: SaidTable) -> SaidTable:
        found = said_of_column(f"t {declared}", table.name).type
        return table.changed(column, lambda old: replace(old, type=found))

    return Change(lambda text: edit.set_type(text, column, declared), new)


def column_replaced(column: str, definition: str) -> Change:
    return Change(
        lambda text: edit.replace_column(text, column, definition),
        lambda table: table.changed(column, lambda _: said_of_column(definition, table.name)),
    )


def column_added(definition: str) -> Change:
    return Change(
        lambda text: edit.add_column(text, definition),
        lambda table: replace(table, columns=(*table.columns, said_of_column(definition, table.name))),
    )


def constraint_added(definition: str) -> Change:
    return Change(
        lambda text: edit.add_constraint(text, definition),
        lambda table: table.having(said_of_constraint(definition, table.name)),
    )


def check_removed(name: str | None, expression: str) -> Change:
    """Without the CHECK of that name and condition, if it is there."""

    def declared(table: SaidTable) -> SaidTable:
        words = check_of(said_of_constraint(f"CHECK ({expression}\n)", table.name))[1]
        for column in table.columns:
            if (left := _without_check(column.clauses, name, words)) != column.clauses:
                return table.changed(column.name, partial(replace, clauses=left))
        return replace(table, constraints=_without_check(table.constraints, name, words))

    return Change(lambda text: edit.without_check(text, name, expression), declared)


def _without_check(clauses: tuple[Said, ...], name: str | None, words: tuple[str, ...]) -> tuple[Said, ...]:
    """One alone: it may stand there twice."""
    for at, clause in enumerate(clauses):
        if clause.kind == "check" and check_of(clause) == (name, words):
            return (*clauses[:at], *clauses[at + 1 :])
    return clauses


def primary_key(definition: str) -> Change:
    return Change(
        lambda text: edit.set_primary_key(text, definition),
        lambda table: table.without("primary key").having(said_of_constraint(definition, table.name)),
    )


def autoincrement() -> Change:
    def declared(table: SaidTable) -> SaidTable:
        old = table.of("primary key")[0]
        at = old.words.index(")") if ")" in old.words else len(old.words)
        new = old._replace(words=(*old.words[:at], "AUTOINCREMENT", *old.words[at:]))
        return replace(
            table,
            columns=tuple(
                column.without("primary key").having(new) if old in column.clauses else column
                for column in table.columns
            ),
            constraints=tuple(sorted(new if clause == old else clause for clause in table.constraints)),
        )

    return Change(edit.set_autoincrement, declared)


def foreign_key_replaced(columns: tuple[str, ...], target: str, definition: str) -> Change:
    """The one from these columns to that table, with the words that make it deferrable, which may stand apart."""

    def edited(text: str) -> str:
        return edit.replace_foreign_key(text, columns, target, definition)

    def declared(table: SaidTable) -> SaidTable:
        return _without_reference(table, columns, target).having(said_of_constraint(definition, table.name))

    return Change(edited, declared)


def _without_reference(table: SaidTable, columns: tuple[str, ...], target: str) -> SaidTable:
    """The table without its first foreign key from these columns to that table."""
    wanted = [key(column) for column in columns]
    column = table.column(columns[0]) if len(columns) == 1 else None
    for clause in column.of("foreign key") if column else ():
        if column and reference_of(clause)[1] == key(target):
            deferrable = () if "DEFERRABLE" in clause.words else column.of("deferrable")[:1]
            left = tuple(one for one in column.clauses if one not in (clause, *deferrable))
            return table.changed(column.name, partial(replace, clauses=left))
    for clause in table.constraints:
        if clause.kind == "foreign key" and reference_of(clause) == (wanted, key(target)):
            return replace(table, constraints=tuple(one for one in table.constraints if one is not clause))
    return table
