"""Indexes, and UNIQUE constraints: a unique index keeps the same promise without a rebuild, for rows, for upserts and
for foreign keys that refer to it (https://sqlite.org/lang_createtable.html#unique_constraints)."""

from __future__ import annotations

from schema_guard.dialects.sqlite.changes import constraint_added
from schema_guard.dialects.sqlite.create_index import create_index
from schema_guard.dialects.sqlite.names import catalog, pragma, quote
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, Case, Edit, Rows, refuse_violated, urgency_of
from schema_guard.dialects.sqlite.repair.held import refuse_held
from schema_guard.dialects.sqlite.repair.needs import key_of_index
from schema_guard.dialects.sqlite.tokens import quoted_literal, significant
from schema_guard.difference import IndexMissing, UniqueMissing, UpsertUnserved
from schema_guard.need import Need
from schema_guard.plan import INSTANT, Hazard, Phase, Refusal, Step
from schema_guard.schema import Index, Name, Table

__all__ = ["add_index", "add_unique", "refuse_upsert"]


def add_index(missing: IndexMissing, live: Table, planned: Table, case: Case) -> Step | Refusal:
    """`planned` is the table with the columns that earlier steps add."""
    index = missing.index
    if not index.definition or not index.name:
        return Refusal(missing, "SQLAlchemy cannot write it for SQLite")
    if missing.holder is not None or case.name_taken(live.name.schema, index.name):
        return refuse_held(missing, Name(live.name.schema, index.name), case)
    if rejected := case.rejection(missing.table, index):
        return Refusal(missing, rejected)
    return _create(missing, live, planned, case, index.name, index, create_index(index, missing.table.name))


def add_unique(missing: UniqueMissing, live: Table, planned: Table, case: Case) -> Step | Edit | Refusal:
    unique = missing.unique
    rows = case.rows(missing, live.name)
    if rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    if any(token.word() == "CONFLICT" for token in significant(unique.ddl)):
        return Edit(
            missing,
            constraint_added(unique.ddl),
            f"UNIQUE ({', '.join(unique.columns)})",
            certain=rows is Rows.KEEP_IT,
            unless=case.in_the_way(missing, planned),
            provides=missing.makes,
        )
    name = case.free_name(live.name.schema, unique.name or "_".join(("uq", live.name.name, *unique.columns)))
    columns = ", ".join(quote(column) for column in unique.columns)
    statement = f"CREATE UNIQUE INDEX {quote(Name(live.name.schema, name))} ON {quote(live.name.name)} ({columns})"
    return _create(missing, live, planned, case, name, None, statement)


def refuse_upsert(unserved: UpsertUnserved, case: Case) -> Refusal:
    """A rule for the rows that the models don't make is not made for them."""
    table = unserved.table.name
    name = case.free_name(table.schema, "_".join(("uq", table.name, *unserved.columns)))
    columns = ", ".join(quote(column) for column in unserved.columns)
    create = f"CREATE UNIQUE INDEX {quote(Name(table.schema, name))} ON {quote(table.name)} ({columns})"
    return Refusal(unserved, "the models declare no unique index or constraint that serves: declare one", (create,))


def _create(
    missing: IndexMissing | UniqueMissing,
    live: Table,
    planned: Table,
    case: Case,
    name: str,
    index: Index | None,
    statement: str,
) -> Step | Refusal:
    """`index` is None for a UNIQUE constraint."""
    is_unique = index is None or index.unique
    if rejected := case.not_compared(live, _columns_of(missing)):
        return Refusal(missing, rejected)
    columns = missing.unique.columns if isinstance(missing, UniqueMissing) else missing.index.columns
    rows = case.rows(missing, live.name)
    if is_unique and rows is Rows.BREAK_IT:
        return refuse_violated(case, missing)
    unless = case.in_the_way(missing, planned) if is_unique and rows is Rows.UNKNOWN else ""
    plain = columns is not None and (index is None or index.where is None)
    told_apart = columns if index is None else key_of_index(index)
    return Step(
        id=f"create index {live.name}.{name}",
        statements=(statement,),
        probe=_probe(live.name, name, columns if plain and is_unique else None),
        phase=Phase.UNIQUE if is_unique else Phase.INDEX,
        urgency=urgency_of(missing),
        locks=FILE_LOCK,
        why="unique index missing" if is_unique else "index missing",
        resolves=(missing.key,),
        answers=(missing,),
        object=missing.object,
        table=live.name,
        cost="while every row is read" if not case.empty(live.name) else INSTANT,
        hazards=(Hazard.SCANS, Hazard.BLOCKS_WRITES) if not case.empty(live.name) else (),
        scans=not case.empty(live.name),
        provides=frozenset({Need.key(live.name, told_apart)} if told_apart else ()),
        unless=unless,
        unless_reason="rows repeat a value that must be unique" if unless else "",
    )


def _columns_of(missing: IndexMissing | UniqueMissing) -> list[str]:
    if isinstance(missing, UniqueMissing):
        return list(missing.unique.columns)
    return [element.text for element in missing.index.elements if element.collation is None]


def _probe(table: Name, name: str, unique_columns: tuple[str, ...] | None) -> str:
    """No index of that name; and, where columns tell all, no unique index over just these."""
    named = (
        f"SELECT NOT EXISTS (SELECT 1 FROM {catalog(table.schema)} WHERE type = 'index'"
        f" AND lower(name) = lower({quoted_literal(name)}))"
    )
    if unique_columns is None:
        return named
    database = f", {quoted_literal(table.schema)}" if table.schema else ""
    listed = ", ".join(f"lower({quoted_literal(column)})" for column in unique_columns)
    return (
        f"{named} AND NOT EXISTS (SELECT 1 FROM {pragma('index_list', table.name, table.schema)} AS i"
        f' WHERE i."unique" AND NOT i.partial'
        f" AND (SELECT count(*) FROM pragma_index_info(i.name{database})) = {len(unique_columns)}"
        f" AND (SELECT count(*) FROM pragma_index_info(i.name{database}) AS k"
        f" WHERE lower(k.name) IN ({listed})) = {len(unique_columns)})"
    )
