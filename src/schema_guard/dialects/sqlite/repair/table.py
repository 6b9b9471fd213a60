"""A table that is missing: made as SQLAlchemy would make it, with its indexes, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.dialects.definitions import NO_COLUMN, reads_rows, without_default
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.dialects.sqlite.edit import without_constraint
from schema_guard.dialects.sqlite.given_keys import no_rowid
from schema_guard.dialects.sqlite.names import catalog, quote
from schema_guard.dialects.sqlite.reader import UnreadableTextError, key
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, Case, urgency_of
from schema_guard.dialects.sqlite.repair.held import refuse_held
from schema_guard.dialects.sqlite.repair.needs import keys_of, target_needs
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.difference import TableMissing
from schema_guard.need import Need
from schema_guard.plan import INSTANT, Hazard, Phase, Refusal, Step
from schema_guard.planner import waits_for
from schema_guard.schema import ForeignKey, Index, Name, Table

__all__ = ["create_table"]


def create_table(missing: TableMissing, case: Case) -> Step | Refusal:
    table = missing.table
    if missing.holder is not None:
        return refuse_held(missing, table.name, case)
    if (copy := _died_in_batch(table.name, case)) is not None:
        return Refusal(
            missing,
            f"a batch migration died: its rows are in {copy.name}, and no empty table may take their place",
            (f"ALTER TABLE {quote(copy)} RENAME TO {quote(table.name.name)};",),
        )
    if table.name.schema is not None and table.name.schema not in case.facts.search_path:
        return Refusal(missing, f"no database is attached as {table.name.schema}: ATTACH it when the engine connects")
    if not table.columns:
        return Refusal(missing, NO_COLUMN)
    if not table.ddl:
        return Refusal(
            missing, "SQLAlchemy cannot write its CREATE TABLE for SQLite; see what is said about its columns"
        )
    if reason := next((no_rowid(column) for column in table.columns if column.never_again), ""):
        return Refusal(missing, f"AUTOINCREMENT is for INTEGER PRIMARY KEY alone; {reason}")
    generated = [column for column in table.columns if column.generated]
    if rejected := case.rejection(table, *generated) or case.collation_missing(table, *table.columns):
        return Refusal(missing, rejected)
    provided = _provided(table, case)
    kept = [key for key in table.inline_foreign_keys if not case.unsure(target_needs(key) - provided)]
    try:
        text, later = _text(table, kept, case)
    except UnreadableTextError as error:
        lost = [need for key in table.inline_foreign_keys for need in case.unsure(target_needs(key))]
        reason = waits_for(lost, case.lost) if lost else case.rejection(table, *table.columns, *table.checks)
        return Refusal(missing, f"{reason} ({error})")
    return Step(
        id=f"create table {table.name}",
        statements=(text, *(create_index(index, table.name) for index in _indexes(table, case))),
        probe=(
            f"SELECT NOT EXISTS (SELECT 1 FROM {catalog(table.name.schema)} WHERE type IN ('table', 'view')"
            f" AND lower(name) = lower({quoted_literal(table.name.name)}))"
        ),
        phase=Phase.TABLE,
        urgency=urgency_of(missing),
        locks=FILE_LOCK,
        why="; ".join(("table missing", *later)),
        resolves=(missing.key,),
        answers=(missing,),
        object=str(table.name),
        table=table.name,
        cost=reads_rows(table) or INSTANT,
        hazards=(Hazard.SCANS,) if table.reads else (),
        scans=bool(table.reads),
        provides=provided,
        requires=Need.all_read(table.reads).union(need for key in kept for need in target_needs(key) - provided),
    )


def _provided(table: Table, case: Case) -> frozenset[Need]:
    columns = [Need.column(table.name, column.name) for column in table.columns]
    made = replace(table, indexes=tuple(_indexes(table, case)))
    return frozenset({Need.table(table.name), *columns, *(Need.key(table.name, names) for names in keys_of(made))})


def _died_in_batch(name: Name, case: Case) -> Name | None:
    """Alembic's copy of the table, made to take its place (batch_alter_table)."""
    wanted = (name.schema, key(f"_alembic_tmp_{name.name}"))
    found = (*case.actual.unknown_tables, *(table.name for table in case.actual.tables))
    return next((other for other in found if (other.schema, key(other.name)) == wanted), None)


def _text(table: Table, kept: Sequence[ForeignKey], case: Case) -> tuple[str, list[str]]:
    """Its CREATE TABLE, and what that leaves out: it is seen, and refused, once the table is there.

    Raises UnreadableTextError when a CHECK, a default or a foreign key cannot be left out.
    """
    text, later = table.ddl.strip(), []
    for column in table.columns:
        if column.default is not None and case.rejection(table, column):
            shorter = without_default(text, column)
            if shorter is None:
                raise UnreadableTextError(f"no default {column.default}")
            text = shorter
            later.append(f"without the default of {column.name}, which SQLite does not take")
    for wanted in table.inline_foreign_keys:
        if wanted not in kept:
            text = without_constraint(text, wanted.ddl)
            needs = ", ".join(map(str, case.unsure(target_needs(wanted))))
            later.append(f"the foreign key to {wanted.target} waits for {needs}")
    for check in table.checks:
        if case.rejection(table, check):
            text = without_constraint(text, check.ddl)
            later.append(f"without CHECK ({check.expression}), which SQLite does not take")
    return text, later


def _indexes(table: Table, case: Case) -> list[Index]:
    """Those whose name is free and that SQLite takes; the others are seen, and refused, once the table is there."""
    found: dict[str, Index] = {}
    for index in table.indexes:
        if not index.definition or not index.name or case.name_taken(table.name.schema, index.name):
            continue
        if not case.rejection(table, index):
            found.setdefault(key(index.name), index)
    return list(found.values())
