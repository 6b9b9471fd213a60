"""Steps that this server, this role or this kind of relation would not let run become refusals that say so."""

from __future__ import annotations

from collections.abc import Sequence

from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.missing_dependency import rejected
from schema_guard.difference import (
    BackfillPending,
    ColumnMissing,
    Difference,
    DomainMissing,
    EnumMissing,
    EnumValueMissing,
    ExclusionMissing,
    IdentityDiffers,
    Impact,
    IndexMissing,
    PrimaryKeyDiffers,
    RelationDiffers,
    SchemaMissing,
    SequenceMissing,
    TableMissing,
    TypeDiffers,
    UniqueMissing,
)
from schema_guard.plan import Refusal, Step
from schema_guard.schema import Relation, Table

__all__ = ["permitted"]

VIEWS = (Relation.VIEW, Relation.MATERIALIZED_VIEW)
ALTERABLE = (Relation.TABLE, Relation.PARTITIONED, Relation.PARTITION)


def permitted(difference: Difference, repairs: Repairs, context: Context) -> Repairs:
    """The repairs as they are, or one refusal with their statements in place of the steps."""
    steps = [repair for repair in repairs if isinstance(repair, Step)]
    live = context.actual.table(difference.table_name) if difference.table_name else None
    if isinstance(difference, TypeDiffers) and repairs and live is not None and live.relation in VIEWS:
        return [Refusal(difference, _not_altered(live), _of_view(live, difference, context))]
    if not steps:
        return repairs
    reason = _forbidden(difference, steps, context)
    if not reason:
        return _closed(difference, context) or rejected(difference, context) or repairs
    if difference.impact is Impact.NOTES:
        return []
    if context.facts.writable_again:
        return [Refusal(difference, reason, (context.facts.writable_again,))]
    if live is not None and isinstance(difference, ColumnMissing) and live.relation in VIEWS:
        advice = _of_view(live, difference, context)
    elif live is not None and live.facts.of_type is not None and isinstance(difference, ColumnMissing | TypeDiffers):
        advice = (_of_type(live.facts.of_type, difference, context),)
    else:
        advice = tuple(f"{statement};" for step in steps for statement in step.statements)
    return [Refusal(difference, reason, advice), *(repair for repair in repairs if isinstance(repair, Refusal))]


def _closed(difference: Difference, context: Context) -> Repairs:
    """A refusal of what would be created in a schema where the role may create nothing: since PostgreSQL 15 that is
    schema public for all but the database's owner (manual, Schemas and Privileges)."""
    role, schema, database = context.facts.role, _created_in(difference), context.actual.closed_database
    if isinstance(difference, SchemaMissing) and database is not None:
        grant = f"GRANT CREATE ON DATABASE {context.quote(database)} TO {context.quote(role)};"
        return [Refusal(difference, f"{role} may create no schema in this database; its owner can grant it", (grant,))]
    if schema is not None and schema in context.actual.closed_schemas:
        grant = f"GRANT CREATE ON SCHEMA {context.quote(schema)} TO {context.quote(role)};"
        reason = f"{role} may create nothing in the schema {schema}; its owner can grant it"
        return [Refusal(difference, reason, (grant,))]
    return []


def _created_in(difference: Difference) -> str | None:
    """The schema that gets a relation or a type; an index or a sequence goes where its table is."""
    match difference:
        case EnumMissing(enum=item) | DomainMissing(domain=item) | SequenceMissing(sequence=item):
            return item.name.schema
        case (
            TableMissing(table=table)
            | IndexMissing(table=table)
            | UniqueMissing(table=table)
            | ExclusionMissing(table=table)
            | PrimaryKeyDiffers(table=table)
            | IdentityDiffers(table=table)
        ):
            return table.name.schema
        case _:
            return None


def _of_view(view: Table, difference: ColumnMissing | TypeDiffers, context: Context) -> tuple[str, ...]:
    """A view's columns are what its query gives; REPLACE takes new ones at the end only (manual, CREATE VIEW)."""
    name, column = context.quote(view.name), context.quote(difference.column.name)
    shown = f"SELECT pg_catalog.pg_get_viewdef({literal(name)}::pg_catalog.regclass);"
    if view.relation is Relation.VIEW and isinstance(difference, ColumnMissing):
        return (shown, f"-- {column} comes last: CREATE OR REPLACE VIEW {name} AS SELECT .., .. AS {column} FROM ..;")
    kind = "VIEW" if view.relation is Relation.VIEW else "MATERIALIZED VIEW"
    value = f"..::{difference.column.type.text}" if isinstance(difference, TypeDiffers) else ".."
    again = f"DROP {kind} {name}; CREATE {kind} {name} AS SELECT .., {value} AS {column} FROM ..;"
    return (shown, f"-- with that query in place of the dots: {again}")


def _not_altered(live: Table) -> str:
    return f"{live.name} is a {live.relation}, which is not altered"


def _of_type(name: str, difference: ColumnMissing | TypeDiffers, context: Context) -> str:
    """A typed table follows its type (manual, ALTER TYPE, CASCADE)."""
    column = context.quote(difference.column.name)
    wanted = difference.column.type.text
    change = f"ADD ATTRIBUTE {column} {wanted}" if isinstance(difference, ColumnMissing) else ""
    return f"ALTER TYPE {name} {change or f'ALTER ATTRIBUTE {column} TYPE {wanted}'} CASCADE;"


def _forbidden(difference: Difference, steps: Sequence[Step], context: Context) -> str:
    if context.facts.writable_again:
        return "transactions are read only by default: default_transaction_read_only is on for this connection"
    if context.facts.read_only:
        return "the server is a hot standby, which is read-only: run it on the primary"
    if isinstance(difference, EnumValueMissing) and not difference.actual.owned:
        return f"the type {difference.enum.name} belongs to another role; run it as the type's owner"
    name = difference.table_name
    if name is not None and all(step.table not in (None, name) for step in steps):
        name = steps[0].table  # the table above, with which this one is altered
    live = context.actual.table(name) if name else None
    if live is None or isinstance(difference, RelationDiffers):
        return ""
    return _forbidden_on(live, difference, context)


def _forbidden_on(live: Table, difference: Difference, context: Context) -> str:
    if isinstance(difference, BackfillPending):
        return ""
    if live.relation not in ALTERABLE:
        return _not_altered(live)
    if live.relation is Relation.PARTITION and isinstance(difference, ColumnMissing | TypeDiffers):
        return f"{live.name} is a partition: its columns are those of its parent, which has to be altered instead"
    if live.facts.of_type is not None and isinstance(difference, ColumnMissing | TypeDiffers):
        return f"{live.name} is a table of the type {context.told(live.facts.of_type)}, which has to be altered instead"
    if not live.facts.owned:
        return f"{live.name} belongs to another role; run it as the table's owner"
    return ""
