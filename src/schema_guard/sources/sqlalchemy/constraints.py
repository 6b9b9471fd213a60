"""The constraints of one table in a dialect's words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import NoReferencedColumnError, NoReferencedTableError
from sqlalchemy.schema import (
    CheckConstraint,
    Constraint,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    UniqueConstraint,
)

from schema_guard.schema import NOT_VALID, Check, Exclusion, ForeignKey, Name, PrimaryKey, Problem, Unique
from schema_guard.sources.sqlalchemy.indexes import element_of
from schema_guard.sources.sqlalchemy.writer import UnwritableError, Writer

if TYPE_CHECKING:
    from sqlalchemy import Column, Table
    from sqlalchemy import ForeignKey as ModelForeignKey

__all__ = ["Constraints", "constraints_of", "is_added_apart", "unresolved_target"]

_CLOSED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|/\*.*?\*/|--[^\n]*\n", re.DOTALL)
"""Strings, quoted names, and comments that have an end."""
_ON_CONFLICT = re.compile(r" ON CONFLICT (\w+)$", re.IGNORECASE)


@dataclass
class Constraints:
    """What could be written, beside the schema items that it was written from, and what could not."""

    primary_key: PrimaryKey | None = None
    uniques: list[Unique] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    written: list[tuple[Constraint, str]] = field(default_factory=list)
    """Every constraint that stands in CREATE TABLE, with its text, in SQLAlchemy's order."""
    keys: list[ForeignKeyConstraint] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def constraints_of(table: Table, name: Name, lost: frozenset[Column[Any]], writer: Writer) -> Constraints:
    """Write every constraint of a table that SQLAlchemy would create in this dialect.

    Args:
        lost: columns that could not be written; what stands on one of them is left out, its column says why.
    """
    found = Constraints()
    for constraint in _in_order(table):
        if lost and lost.intersection(_columns(constraint)):
            continue
        try:
            if _is_created(constraint, writer):
                _claim(constraint, name, writer)
                _take(constraint, found, writer)
        except UnwritableError as refusal:
            found.problems.append(_problem(constraint, name, str(refusal)))
        except (NoReferencedTableError, NoReferencedColumnError) as missing:
            found.problems.append(_unresolved(constraint, name, missing))
        except Exception as error:  # a condition of the application's own, given to ddl_if()
            found.problems.append(_problem(constraint, name, f"its condition fails: {error}"))
    return found


def _in_order(table: Table) -> Iterator[Constraint]:
    """As CREATE TABLE has them: the primary key, then the others as they were declared, then those of columns."""
    if len(table.primary_key.columns):
        yield table.primary_key
    for constraint in sorted(table.constraints, key=lambda constraint: constraint._creation_order):
        if constraint is not table.primary_key:
            yield constraint
    for column in table.columns:
        yield from sorted(column.constraints, key=lambda constraint: constraint._creation_order)


def _is_created(constraint: Constraint, writer: Writer) -> bool:
    """Whether SQLAlchemy creates it in this dialect, by `ddl_if` and, of an Enum's or Boolean's CHECK, by its type.

    A foreign key's creation rule says nothing about that: only AddConstraint gives it one, once `create_all` has added
    the key after its table, so that CREATE TABLE leaves it out from then on.
    """
    if is_added_apart(constraint):
        constraint = copy(constraint)
        constraint._create_rule = None
    return constraint._should_create_for_compiler(writer.ddl)


def is_added_apart(constraint: Constraint) -> bool:
    """Whether it is a foreign key that CREATE TABLE leaves out: this process has once created the models."""
    return isinstance(constraint, ForeignKeyConstraint) and constraint._create_rule is not None


def _columns(constraint: Constraint) -> Iterable[Any]:
    return getattr(constraint, "columns", ())


def _claim(constraint: Constraint, table: Name, writer: Writer) -> None:
    """Constraints of a table have names of their own; those with an index also among all relations of the schema."""
    if not isinstance(constraint.name, str):
        return
    held, what = writer.constraint_name(constraint), f"another constraint of {table}"
    writer.claim(("constraint", table), held, str(constraint.name), what)
    if writer.keys_are_relations and not isinstance(constraint, CheckConstraint | ForeignKeyConstraint):
        owner = ("key", table.name)
        writer.claim(("relation", table.schema), held, str(constraint.name), f"a key of {table}", owner)


def _take(constraint: Constraint, found: Constraints, writer: Writer) -> None:
    match constraint:
        case PrimaryKeyConstraint():
            found.primary_key = _primary_key(constraint, writer)
            text = found.primary_key.ddl
        case UniqueConstraint():
            if not len(constraint.columns):
                return
            unique = _unique(constraint, writer)
            found.uniques.append(unique)
            text = unique.ddl
        case ForeignKeyConstraint():
            key = _foreign_key(constraint, writer)
            if not key.ddl:  # SQLite across two files: SQLAlchemy writes none
                return
            found.foreign_keys.append(key)
            found.keys.append(constraint)
            text = "" if writer.keys_added_later else key.ddl
        case CheckConstraint():
            check = _check(constraint, writer)
            found.checks.append(check)
            text = "" if constraint.is_column_level else check.ddl
        case _:
            text = writer.element(constraint)
            if constraint.__visit_name__ != "exclude_constraint":
                raise UnwritableError("is of a kind that the guard does not know; it is created, but not compared")
            found.exclusions.append(_exclusion(constraint, text, writer))
    if text:
        found.written.append((constraint, text))


def _primary_key(constraint: PrimaryKeyConstraint, writer: Writer) -> PrimaryKey:
    columns = constraint.columns_autoinc_first if constraint._implicit_generated else list(constraint.columns)
    ddl = writer.element(constraint)
    return PrimaryKey(
        writer.constraint_name(constraint),
        tuple(writer.identifier(column.name) for column in columns),
        ddl,
        deferrable=_deferral(constraint)[0],
        conflict=_conflict(ddl),
    )


def _unique(constraint: UniqueConstraint, writer: Writer) -> Unique:
    options = writer.options(constraint)
    deferrable, deferred = _deferral(constraint)
    ddl = writer.element(constraint)
    return Unique(
        writer.constraint_name(constraint),
        tuple(writer.identifier(column.name) for column in constraint.columns),
        deferrable=deferrable,
        initially_deferred=deferred,
        nulls_not_distinct=options.get("nulls_not_distinct") is True,
        include=tuple(writer.identifier(getattr(item, "name", item)) for item in options.get("include") or ()),
        ddl=ddl,
        conflict=_conflict(ddl),
    )


def _conflict(ddl: str) -> str:
    """As SQLAlchemy writes `sqlite_on_conflict`."""
    found = _ON_CONFLICT.search(ddl)
    return found[1].upper() if found else ""


def _check(constraint: CheckConstraint, writer: Writer) -> Check:
    ddl = writer.element(constraint)
    if "--" in _CLOSED.sub("", ddl):
        raise UnwritableError("ends in a comment, which hides the closing parenthesis: put a line break behind it")
    return Check(
        writer.constraint_name(constraint),
        writer.expression(constraint.sqltext),
        validated=not writer.options(constraint).get("not_valid"),
        ddl=ddl.removesuffix(NOT_VALID),
    )


def _foreign_key(constraint: ForeignKeyConstraint, writer: Writer) -> ForeignKey:
    targets = [element.column for element in constraint.elements]  # raises when the target is not registered
    deferrable, deferred = _deferral(constraint)
    return ForeignKey(
        writer.constraint_name(constraint),
        tuple(writer.identifier(element.parent.name) for element in constraint.elements),
        writer.table_name(targets[0].table),
        tuple(writer.identifier(column.name) for column in targets),
        on_delete=_phrase(constraint.ondelete, "NO ACTION"),
        on_update=_phrase(constraint.onupdate, "NO ACTION"),
        match=_phrase(constraint.match, "SIMPLE")
        if writer.keys_added_later
        else "SIMPLE",  # SQLite: foreignkeys.html, 6
        deferrable=deferrable,
        initially_deferred=deferred,
        validated=not writer.options(constraint).get("not_valid"),
        ddl=writer.element(constraint).removesuffix(NOT_VALID),
    )


def _exclusion(constraint: Any, text: str, writer: Writer) -> Exclusion:
    name = writer.constraint_name(constraint)
    definition = text.removeprefix(writer.ddl.define_constraint_preamble(constraint))
    deferrable, deferred = _deferral(constraint)
    where = constraint.where
    return Exclusion(
        name,
        definition,
        text,
        elements=tuple(
            element_of(item, constraint.ops or {}, constraint.table, writer) for item, _, _ in constraint._render_exprs
        ),
        operators=tuple(str(operator) for _, _, operator in constraint._render_exprs),
        method=str(constraint.using or "gist").lower(),
        where=None if where is None else writer.expression(where),
        deferrable=deferrable,
        initially_deferred=deferred,
    )


def _phrase(text: str | None, otherwise: str) -> str:
    """An action's keywords in capitals; a column list behind SET NULL keeps its case."""
    if not text:
        return otherwise
    head, parenthesis, columns = " ".join(text.split()).partition("(")
    return f"{head.upper()}{parenthesis}{columns}"


def _deferral(constraint: Constraint) -> tuple[bool, bool]:
    """Deferrable, initially deferred. INITIALLY DEFERRED alone implies DEFERRABLE (PostgreSQL manual, CREATE TABLE)."""
    deferred = (constraint.initially or "").upper() == "DEFERRED"
    deferrable = constraint.deferrable if constraint.deferrable is not None else deferred
    return bool(deferrable), deferred


def _problem(constraint: Constraint, table: Name, reason: str) -> Problem:
    return Problem(f"{table}.{_label(constraint)}", f"cannot be written: {reason}")


def _unresolved(constraint: Constraint, table: Name, missing: Exception) -> Problem:
    assert isinstance(constraint, ForeignKeyConstraint)
    columns = ", ".join(str(item.parent.name) for item in constraint.elements)
    reason = unresolved_target(constraint.elements[0], missing)
    return Problem(f"{table}.{_label(constraint)}", f"the foreign key ({columns}) {reason}", breaks=True)


def unresolved_target(key: ModelForeignKey, missing: Exception) -> str:
    """Why a foreign key leads nowhere, and what to do."""
    target = key.target_fullname
    if isinstance(missing, NoReferencedColumnError):
        return f"refers to {target}, but the table that is registered under that name has no such column"
    return (
        f"refers to {target}, and no module that was imported defines that table: import the module that does, "
        "before the models are guarded"
    )


_LABELS: dict[type[Constraint], str] = {
    PrimaryKeyConstraint: "primary key",
    UniqueConstraint: "unique",
    CheckConstraint: "check",
    ForeignKeyConstraint: "fk",
}


def _label(constraint: Constraint) -> str:
    """The constraint's name or, without one, its kind and columns."""
    if isinstance(constraint.name, str) and constraint.name:
        return str(constraint.name)
    kind = next((label for type_, label in _LABELS.items() if isinstance(constraint, type_)), "constraint")
    columns = ", ".join(str(column.name) for column in _columns(constraint))
    return f"{kind}({columns})"
