"""Views: made where the models define them and they are missing, and never changed. SQLite has no ALTER VIEW."""

from __future__ import annotations

from schema_guard.dialects.definitions import OTHER_QUERY, READ_ONLY
from schema_guard.dialects.sqlite.names import catalog, quote
from schema_guard.dialects.sqlite.repair.case import FILE_LOCK, urgency_of
from schema_guard.dialects.sqlite.tokens import quoted_literal
from schema_guard.difference import ColumnMissing, Difference, RelationDiffers, TypeDiffers, ViewDiffers, ViewMissing
from schema_guard.need import Need
from schema_guard.plan import Phase, Refusal, Step
from schema_guard.schema import Relation, Table

__all__ = ["refuse_on_relation", "view_of_models"]


def view_of_models(differs: ViewMissing | ViewDiffers) -> Step | Refusal:
    """Made where it is missing and the models define it; never a table in its place."""
    return _create_view(differs) if isinstance(differs, ViewMissing) else _refuse_other_query(differs)


def _create_view(missing: ViewMissing) -> Step | Refusal:
    table = missing.table
    if missing.holder is not None:
        return Refusal(missing, f"the name is held by {missing.holder}")
    if not table.ddl:
        return Refusal(missing, "the models do not say its query (info is_view): a migration has to create it")
    return Step(
        id=f"create view {table.name}",
        statements=(table.ddl,),
        probe=(
            f"SELECT NOT EXISTS (SELECT 1 FROM {catalog(table.name.schema)} WHERE type IN ('table', 'view')"
            f" AND lower(name) = lower({quoted_literal(table.name.name)}))"
        ),
        phase=Phase.COMMENT,
        urgency=urgency_of(missing),
        locks=FILE_LOCK,
        why=missing.headline,
        resolves=(missing.key,),
        answers=(missing,),
        object=str(table.name),
        table=table.name,
        provides=frozenset({Need.table(table.name)}),
        requires=Need.all_read(table.reads),
    )


def _refuse_other_query(differs: ViewDiffers) -> Refusal:
    """Others may read the view: which query is right is for a person to say."""
    return Refusal(differs, OTHER_QUERY, _again(differs.table))


def _again(view: Table) -> tuple[str, ...]:
    """The script that gives a view the models' query: SQLite has no CREATE OR REPLACE VIEW."""
    return ("BEGIN;", f"DROP VIEW {quote(view.name)};", f"{view.ddl};", "COMMIT;")


def refuse_on_relation(difference: Difference, relation: Relation) -> Refusal:
    """What differs of a view or a virtual table: only a person can say with which definition it is right."""
    name = difference.table_name
    broken = isinstance(difference, RelationDiffers) and difference.broken
    if isinstance(difference, RelationDiffers) and not broken and difference.table.relation is Relation.TABLE:
        return Refusal(difference, READ_ONLY.format(relation))
    reason = f"{name} is a {relation}, which is not altered"
    if broken:
        reason = "make what it names, or create it with another definition: a person has to decide"
    table = getattr(difference, "table", None)
    by_query = broken or isinstance(difference, ColumnMissing | TypeDiffers)
    if name is None or relation is not Relation.VIEW or not by_query:
        return Refusal(difference, reason)
    if isinstance(table, Table) and table.query and table.ddl:
        return Refusal(difference, reason, _again(table))
    shown = f"SELECT sql FROM {catalog(name.schema)} WHERE type = 'view' AND name = {quoted_literal(name.name)};"
    again = f"DROP VIEW {quote(name)}; CREATE VIEW {quote(name)} AS SELECT ..;"
    return Refusal(difference, reason, (shown, f"-- with that query put right in place of the dots: {again}"))
