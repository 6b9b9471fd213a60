"""A column that is missing: by ALTER TABLE ADD COLUMN where SQLite can (https://sqlite.org/lang_altertable.html#altertabaddcol),
else by a rebuild; nullable where the models say NOT NULL and nothing says what the old rows should hold."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.dialects.definitions import NO_TYPE_SAID, without_default
from schema_guard.dialects.sqlite.canonical import truth_meant
from schema_guard.dialects.sqlite.changes import column_added, column_replaced, not_null, nullable
from schema_guard.dialects.sqlite.checks import Condition
from schema_guard.dialects.sqlite.create_text import parse_table
from schema_guard.dialects.sqlite.edit import inline_reference, nullable_definition, strict_definition
from schema_guard.dialects.sqlite.names import pragma, quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, ByHand, Case, Edit, urgency_of
from schema_guard.dialects.sqlite.repair.needs import target_needs
from schema_guard.dialects.sqlite.tokens import Kind, quoted_literal, significant
from schema_guard.difference import (
    BackfillPending,
    ColumnMissing,
    ColumnUnknown,
    Difference,
    ForeignKeyMissing,
    GeneratedDiffers,
)
from schema_guard.need import Need
from schema_guard.plan import INSTANT, Hazard, Phase, Refusal, Step
from schema_guard.schema import NO_TYPE, Column, Name, Table

__all__ = ["add_missing_column", "change_generated", "is_native", "tighten_filled", "unknown_column"]


LATER = "nullable: NOT NULL follows when every row has a value"


def add_missing_column(
    missing: ColumnMissing, live: Table, case: Case, reference: ForeignKeyMissing | None
) -> Step | Edit | Refusal:
    """The column's step.

    Args:
        missing: the difference.
        live: the table as it is.
        case: everything else.
        reference: the foreign key of this column alone that is missing too: it can come with the column.
    """
    if missing.column.type == NO_TYPE:
        return Refusal(missing, NO_TYPE_SAID)
    column, rejected = missing.column, case.rejection(missing.table, missing.column)
    if rejected and (column.generated is not None or case.collation_missing(missing.table, column)):
        return Refusal(missing, rejected)
    try:
        if rejected and column.default is not None:  # with it every INSERT that leaves the column out would fail
            bare = without_default(column.ddl, column) or column.ddl
            column = replace(column, default=None, nullable=True, ddl=nullable_definition(bare))
        definition = _definition(column, live, case)
    except UnreadableTextError as error:
        return Refusal(missing, f"its definition is not understood ({error}): {column.ddl}")
    if _is_key(column, live, missing.table) and column.default is None and not case.empty(live.name):
        if live.primary_key is not None or column.type.name != "INTEGER":
            return Refusal(
                missing,
                "it belongs to the primary key, and nothing says what the rows that are there should hold",
                (f"SELECT * FROM {quote(live.name)}",),
            )
        return _by_rebuild(missing, definition)
    answer: Step | Edit
    if is_native(definition, case.empty(live.name)):
        answer = _natively(missing, live, definition, case, reference)
    else:
        answer = _by_rebuild(missing, definition)
    return replace(answer, why=f"{answer.why}, without its default: {rejected}") if rejected else answer


def _definition(column: Column, live: Table, case: Case) -> str:
    ddl = column.ddl
    truth = truth_meant(column)
    if truth is not None:  # every row that is there would hold the text
        ddl = ddl.replace(f" DEFAULT {column.default}", f" DEFAULT {truth}", 1)
    definition = strict_definition(ddl) if live.strict else ddl
    unknown = not column.nullable and column.default is None and column.generated is None
    if unknown and (column.filled_unseen or column.added_nullable or not case.empty(live.name)):
        return nullable_definition(definition)
    return definition


def _is_key(column: Column, live: Table, expected: Table) -> bool:
    key = expected.primary_key
    return key is not None and column.name in key.columns and live.name == expected.name


def is_native(definition: str, empty: bool) -> bool:
    """Whether ALTER TABLE ADD COLUMN takes it; its rules about values hold only while there are rows."""
    text = parse_table(f"CREATE TABLE t ({definition})").columns[0]
    if text.clause("unique") or text.clause("primary key"):
        return False
    generated = text.clause("generated")
    if generated is not None:
        return not generated.stored
    default = text.clause("default")
    return empty or default is None or _constant(default.inner)


def _constant(default: str) -> bool:
    """CURRENT_TIME and its like, and expressions in parentheses, are none."""
    found = significant(default)
    if found[0].text == "(":
        return False
    return all(
        token.kind in (Kind.STRING, Kind.NUMBER, Kind.BLOB, Kind.QUOTED)
        or token.text in "+-"
        or token.word() in ("NULL", "TRUE", "FALSE")
        for token in found
    )


def _natively(
    missing: ColumnMissing, live: Table, definition: str, case: Case, reference: ForeignKeyMissing | None
) -> Step:
    column = missing.column
    resolves = [missing.key]
    answers: list[Difference] = [missing]
    requires: set[Need] = set()
    if reference is not None and column.default is None:
        definition = f"{definition} {inline_reference(reference.foreign_key.ddl)}"
        resolves.append(reference.key)
        answers.append(reference)
        requires |= target_needs(reference.foreign_key)
    statements = [f"ALTER TABLE {quote(live.name)} ADD COLUMN {definition}"]
    filled = _fill(column, live, case)
    if filled:
        statements.append(filled)
    return Step(
        id=f"add column {missing.object}",
        adds=definition,
        statements=tuple(statements),
        probe=(
            "SELECT NOT EXISTS (SELECT 1 FROM "
            f"{pragma('table_xinfo', live.name.name, live.name.schema)}"
            f" WHERE lower(name) = lower({quoted_literal(column.name)}))"
        ),
        phase=Phase.COLUMN,
        urgency=urgency_of(missing),
        locks=FILE_LOCK,
        why=_why(column, live, case),
        resolves=tuple(resolves),
        object=missing.object,
        table=live.name,
        cost="while every row gets its value" if filled else INSTANT,
        hazards=(Hazard.CHANGES_ROWS, Hazard.SCANS) if filled else (),
        scans=bool(filled),
        provides=frozenset({Need.column(live.name, column.name)}),
        requires=frozenset(requires),
        answers=tuple(answers),
    )


def _why(column: Column, live: Table, case: Case) -> str:
    if column.filled_unseen:
        return "column missing; nullable: the models leave its value to the server"
    return f"column missing; {LATER}" if _later(column, live, case) else "column missing"


def _later(column: Column, live: Table, case: Case) -> bool:
    unknown = not column.nullable and column.default is None and column.generated is None
    return unknown and not case.empty(live.name) and not _fill(column, live, case)


def _fill(column: Column, live: Table, case: Case) -> str:
    """The constant that the models give new rows, for the old ones: only where the policy says so."""
    unknown = not column.nullable and column.default is None and column.generated is None
    if not unknown or column.fill is None or not case.policy.fill_constant_defaults or case.empty(live.name):
        return ""
    name = quote(column.name)
    return f"UPDATE {quote(live.name)} SET {name} = {column.fill} WHERE {name} IS NULL"


def _filled_later(column: Column, live: Table, case: Case) -> bool:
    if column.nullable or column.default is not None or column.generated is not None or case.empty(live.name):
        return False
    return any(
        isinstance(other, BackfillPending) and other.fill.table == live.name and column.name in other.fill.columns
        for other in case.differences
    )


def tighten_filled(missing: ColumnMissing, live: Table, case: Case) -> Edit | None:
    """NOT NULL for a column whose old rows its step fills, or a declared backfill does."""
    if not _fill(missing.column, live, case) and not _filled_later(missing.column, live, case):
        return None
    name = missing.column.name
    return Edit(
        missing,
        not_null(name),
        f"{name} must not be NULL, once filled",
        certain=False,
        unless=f"SELECT EXISTS (SELECT 1 FROM {quote(live.name)} WHERE {quote(name)} IS NULL)",
    )


def _by_rebuild(missing: ColumnMissing, definition: str) -> Edit:
    return Edit(
        difference=missing,
        change=column_added(definition),
        why=f"column {missing.column.name} missing",
        provides=frozenset({Need.column(missing.table.name, missing.column.name)}),
    )


def change_generated(differs: GeneratedDiffers, live: Table, case: Case) -> Edit | Refusal:
    if rejected := case.rejection(differs.table, differs.column):
        return Refusal(differs, rejected)
    if not case.empty(live.name):
        return Refusal(
            differs,
            "the values of the rows that are there would be computed again, or no longer: rebuild the table by hand",
            (f"SELECT {quote(differs.column.name)} FROM {quote(live.name)}",),
        )
    return Edit(
        difference=differs,
        change=column_replaced(differs.column.name, differs.column.ddl),
        why=f"column {differs.column.name}: generated as the models say",
        checks=(Condition(f"NOT EXISTS (SELECT 1 FROM {_in_main(live.name)})", "no row came in between"),),
    )


def _in_main(name: Name) -> str:
    """With its database: what is checked before a table is dropped must not mean a temporary one."""
    return quote(Name(name.schema or "main", name.name))


def unknown_column(unknown: ColumnUnknown) -> ByHand:
    """A column of somebody else's is never touched."""
    return ByHand(
        unknown,
        "the models don't know the column, so it is left alone: map it, or let it hold NULL",
        nullable(unknown.column.name),
    )
