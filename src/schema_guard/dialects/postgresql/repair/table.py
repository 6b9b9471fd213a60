"""Tables that are missing: CREATE TABLE, then what could not stand in it, each as a step of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from schema_guard.dialects.definitions import NO_COLUMN, OTHER_QUERY, READ_ONLY, reads_rows, without_definition
from schema_guard.dialects.postgresql.literals import literal
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.comment import comment_statements
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.foreign_key import foreign_key_missing
from schema_guard.dialects.postgresql.repair.index import index_missing
from schema_guard.dialects.postgresql.repair.referable import constraint_keys
from schema_guard.dialects.postgresql.repair.schema import held, homeless, needs_schema
from schema_guard.difference import (
    ForeignKeyMissing,
    Holder,
    Impact,
    IndexMissing,
    PartitionMissing,
    RelationDiffers,
    TableMissing,
    ViewDiffers,
    ViewMissing,
)
from schema_guard.need import Need
from schema_guard.plan import Hazard, Lock, Locked, Noun, Phase, Refusal
from schema_guard.schema import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    IndexElement,
    Name,
    Relation,
    Table,
    Unique,
)

__all__ = ["partition_missing", "relation_differs", "table_missing", "view_missing"]


def table_missing(difference: TableMissing, context: Context) -> Repairs:
    """The table with its keys and CHECKs in one statement; indexes and foreign keys follow.

    Offline the latter come as differences of their own.
    """
    table = difference.table
    if difference.holder is not None:
        return held(difference, difference.holder, table.name, context)
    nowhere = homeless(difference, table.name, context)
    if nowhere:
        return nowhere
    if not table.columns and any(each.object.startswith(f"{table.name}.") for each in context.expected.problems):
        return [Refusal(difference, NO_COLUMN)]
    text, without = _text(table, context)
    create = context.step(
        difference,
        "create-table",
        [text, *comment_statements(context, table, table.columns, whole=True)],
        probes.relation_absent(context.quote(table.name)),
        Phase.TABLE,
        locks=_locks(table),
        why="; ".join((difference.headline, *without)),
        cost=reads_rows(table) or "brief lock; the table is new",
        hazards=(Hazard.SCANS,) if table.reads else (),
        scans=bool(table.reads),
        provides=_provided(table),
        requires=_required(table, context),
    )
    return [create] if context.offline else [create, *_afterwards(difference, context)]


def _text(table: Table, context: Context) -> tuple[str, list[str]]:
    """Its CREATE TABLE, and what that leaves out because the server does not take it: that is seen, and refused, once
    the table is there."""
    text, without = table.ddl, list[str]()
    key = (table.primary_key,) if table.primary_key is not None else ()
    definitions: tuple[Noun, ...] = (*table.columns, *table.checks, *table.uniques, *table.exclusions, *key)
    for definition in definitions:
        rejection = context.rejection(table, definition)
        shorter = without_definition(text, definition) if rejection is not None else None
        if rejection is not None and shorter is not None:
            text = shorter
            without.append(f"without {_words(definition)}: {rejection.said}")
    return text, without


def _words(definition: Noun) -> str:
    match definition:
        case Column(name=name):
            return f"the default of {name}"
        case Check():
            return "a CHECK"
        case Unique():
            return str(definition)
        case Exclusion():
            return "an EXCLUDE constraint"
        case _:
            return "its primary key"


def _missing_remainders(parent: Name, quoted: str) -> str:
    """A query whose rows are CREATE TABLE for what no partition of a hash takes, by the largest modulus among them."""
    start = literal(f"{parent.name[:50]}_")
    bounds = r"'modulus (\d+), remainder (\d+)'"
    return (
        "WITH bound AS (SELECT given[1]::int AS modulus, given[2]::int AS remainder FROM pg_catalog.pg_inherits"
        " JOIN pg_catalog.pg_class AS partition ON partition.oid = inhrelid,"
        f" pg_catalog.regexp_match(pg_catalog.pg_get_expr(relpartbound, partition.oid), {bounds}) AS given"
        f" WHERE inhparent = {literal(quoted)}::pg_catalog.regclass),"
        " largest AS (SELECT pg_catalog.max(modulus) AS modulus FROM bound)"
        f" SELECT pg_catalog.format({literal(_PARTITION)}, {literal(parent.schema or 'public')}, {start} || rest,"
        f" {literal(quoted)}, modulus, rest)"
        " FROM largest, pg_catalog.generate_series(0, modulus - 1) AS rest"
        " WHERE NOT EXISTS (SELECT FROM bound WHERE rest % bound.modulus = remainder);"
    )


_PARTITION = "CREATE TABLE %I.%I PARTITION OF %s FOR VALUES WITH (MODULUS %s, REMAINDER %s);"


def partition_missing(difference: PartitionMissing, context: Context) -> Repairs:
    """Which partitions there should be, only the application knows; one that takes every row is shown."""
    live = difference.actual
    others = any(not partition.partitioned for partition in live.facts.partitions)
    above = {partition.parent for partition in live.facts.partitions}
    ends_there = (each.name for each in live.facts.partitions if each.partitioned and each.name not in above)
    parent = next(ends_there, live.name)
    name = context.quote(parent)
    one = context.quote(Name(parent.schema, f"{parent.name[:50]}_default"))
    bounds = "FOR VALUES WITH (MODULUS 1, REMAINDER 0)" if live.partition_strategy == "HASH" else "DEFAULT"
    ends = [
        f"ALTER TABLE {context.quote(live.name)} DETACH PARTITION {context.quote(each)} FINALIZE;"
        for each in live.facts.detaching
    ]
    reason = "the models do not say which partitions there should be; one that takes every row would be"
    if ends:
        left = ", ".join(str(each) for each in live.facts.detaching)
        reason = f"the DETACH PARTITION CONCURRENTLY of {left} is not finished; {reason}"
    if others and live.partition_strategy == "HASH":
        reason = "a partition is missing for some remainder; this query writes the statement for each of them"
        return [Refusal(difference, reason, (_missing_remainders(parent, name),))]
    return [Refusal(difference, reason, (*ends, f"CREATE TABLE {one} PARTITION OF {name} {bounds};"))]


def view_missing(difference: ViewMissing, context: Context) -> Repairs:
    """Made where the models define it (CreateView of SQLAlchemy 2.1); never a table in its place."""
    table = difference.table
    if difference.holder is not None:
        return held(difference, difference.holder, table.name, context)
    name = context.quote(table.name)
    if not table.ddl:
        columns = ", ".join(f".. AS {context.quote(column.name)}" for column in table.columns)
        reason = "the models do not say its query (info is_view): a migration has to create it"
        return [
            Refusal(
                difference,
                reason,
                (f"-- with its query in place of the dots: CREATE VIEW {name} AS SELECT {columns} FROM ..;",),
            )
        ]
    return homeless(difference, table.name, context) or [
        context.step(
            difference,
            "create-view",
            [table.ddl],
            probes.relation_absent(name),
            Phase.COMMENT,
            locks=tuple(_reading(table)),
            provides=frozenset({Need.table(table.name)}),
            requires=needs_schema(table.name) | Need.all_read(table.reads),
        )
    ]


def view_differs(difference: ViewDiffers, context: Context) -> Repairs:
    """Others may read the view: which query is right is for a person to say."""
    table = difference.table
    if table.ddl.startswith("CREATE VIEW "):
        advice: tuple[str, ...] = (f"CREATE OR REPLACE VIEW {table.ddl.removeprefix('CREATE VIEW ')};",)
    else:
        advice = ("BEGIN;", f"DROP MATERIALIZED VIEW {context.quote(table.name)};", f"{table.ddl};", "COMMIT;")
    return [Refusal(difference, OTHER_QUERY, advice)]


def relation_differs(difference: RelationDiffers, context: Context) -> Repairs:
    name = context.quote(difference.table.name)
    if not difference.populated:
        return [
            Refusal(
                difference, "apply does not run its query, which may take long", (f"REFRESH MATERIALIZED VIEW {name};",)
            )
        ]
    is_view = difference.table.relation is Relation.VIEW
    kind = "TABLE" if is_view else difference.actual.value.upper()
    aside = context.aside(difference.table.name)
    return [
        Refusal(
            difference,
            f"a {difference.actual} cannot be made a view" if is_view else READ_ONLY.format(difference.actual),
            (f"ALTER {kind} {name} RENAME TO {aside}; -- then apply again",),
        )
    ]


def _afterwards(difference: TableMissing, context: Context) -> Repairs:
    table = difference.table
    repairs: Repairs = []
    for place, index in enumerate(table.indexes):
        if _served(index, table) or any(_same(index, earlier) for earlier in table.indexes[:place]):
            continue
        repairs.extend(index_missing(_index_difference(difference, index, context), context))
    for key in table.foreign_keys:
        if key not in table.inline_foreign_keys:
            missing = ForeignKeyMissing(impact=Impact.WEAKENS, table=table, foreign_key=key)
            repairs.extend(foreign_key_missing(missing, context))
    return repairs


def _served(index: Index, table: Table) -> bool:
    """Whether a key of the new table has the wanted index behind it (`primary_key=True, index=True`): another one
    would be made for nothing."""
    if index.columns is None or not _is_plain(index, index.columns):
        return False
    for key in (*((table.primary_key,) if table.primary_key else ()), *table.uniques):
        if key.elements and key.elements != tuple(map(IndexElement, key.columns)):
            continue
        if tuple(key.columns) == tuple(index.columns) and not (index.unique and key.deferrable):
            return True
    return False


def _is_plain(index: Index, columns: Sequence[str]) -> bool:
    plain = (index.where, index.method, index.include, index.nulls_not_distinct) == (None, "btree", (), False)
    return plain and index.elements == tuple(map(IndexElement, columns))


def _same(index: Index, other: Index) -> bool:
    """Alike but for the name: one serves for both."""
    return index.elements == other.elements and replace(index, name=other.name) == other


def _index_difference(difference: TableMissing, index: Index, context: Context) -> IndexMissing:
    """A unique index is as urgent as its table: an upsert may need it."""
    impact = difference.impact if index.unique else Impact.WEAKENS
    return IndexMissing(impact=impact, table=difference.table, index=index, holder=_holder(difference, index, context))


def _holder(difference: TableMissing, index: Index, context: Context) -> Holder | None:
    schema = difference.table.name.schema
    for owner, name, kind in context.actual.names_taken:
        if (owner, name) == (schema, index.name):
            return Holder(kind, name)
    for table in context.actual.tables:
        if table.name.schema == schema and any(other.name == index.name for other in table.indexes):
            return Holder("index", f"of {table.name}")
    return None


def _locks(table: Table) -> tuple[Locked, ...]:
    """CREATE TABLE with a foreign key locks its target as ADD FOREIGN KEY does."""
    targets = {key.target for key in table.inline_foreign_keys} - {table.name}
    keys = (Locked(Lock.SHARE_ROW_EXCLUSIVE, target) for target in sorted(targets, key=str))
    return (*keys, *_reading(table))


def _reading(table: Table) -> Iterator[Locked]:
    """What a view, or a table that is made of a SELECT, reads."""
    return (Locked(Lock.ACCESS_SHARE, read) for read in dict.fromkeys(name for name, _ in table.reads))


def _provided(table: Table) -> frozenset[Need]:
    keys = [Need.key(table.name, columns) for columns in constraint_keys(table)]  # an index is a step of its own
    columns = [Need.column(table.name, column.name) for column in table.columns]
    return frozenset({Need.table(table.name), *keys, *columns})


def _required(table: Table, context: Context) -> frozenset[Need]:
    types = [context.types_needed(column.type) for column in table.columns]
    defaults = [context.sequences_needed(column.default) for column in table.columns]
    targets = [_target(key, table) for key in table.inline_foreign_keys]
    return needs_schema(table.name).union(*types, *defaults, *targets, Need.all_read(table.reads))


def _target(key: ForeignKey, table: Table) -> frozenset[Need]:
    if key.target == table.name:
        return frozenset()
    return frozenset({Need.table(key.target), Need.key(key.target, key.target_columns)})
