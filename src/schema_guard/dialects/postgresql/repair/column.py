"""Columns that are missing: added in an instant, never with a scan or rewrite of a table that holds rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from schema_guard.dialects.definitions import NO_TYPE_SAID
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.comment import comment_statements
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.default import identity_words
from schema_guard.dialects.postgresql.repair.inherited import above, below, comes_with, is_null_below
from schema_guard.dialects.postgresql.repair.volatility import rewrites
from schema_guard.difference import ColumnMissing
from schema_guard.need import Need
from schema_guard.plan import INSTANT, Hazard, Phase, Refusal, Rejection, Step
from schema_guard.schema import NO_TYPE, Column, Name, Table

__all__ = ["column_missing"]

ROWS_CAME = "the table holds more rows than when it was looked at"


def column_missing(difference: ColumnMissing, context: Context) -> Repairs:
    top = above(difference, context)
    if top is not None and (repairs := comes_with(difference, top, column_missing, context)) is not None:
        return repairs
    if difference.column.identity is not None and not _takes_identity(difference.table, context):
        return [_no_identity(difference, context)]
    if _loose_below(difference, context):
        statements = _nullable(difference.table, difference.column, context)
        return [_add(difference, statements, context, why=_later(difference.column))]
    return _added(difference, context)


def _added(difference: ColumnMissing, context: Context) -> Repairs:
    table, column = difference.table, difference.column
    whole = [f"ALTER TABLE {context.quote(table.name)} ADD COLUMN {column.ddl}"]
    unsaid = Rejection(NO_TYPE_SAID, "type", "", whole=True)
    rejection = context.rejection(table, column) if column.type != NO_TYPE else unsaid
    if rejection is not None and rejection.whole:
        return [Refusal(difference, rejection.said, rejection.advice)]
    if rejection is not None and column.generated is None:
        return [_without_default(difference, rejection, context)]
    if column.filled_unseen:  # with NOT NULL every INSERT would fail until something fills it
        statement = f"ALTER TABLE {context.quote(table.name)} ADD COLUMN {_bare(column, context)}"
        why = f"column missing: {column.type}, nullable: the models leave its value to the server"
        return [_add(difference, [statement], context, why=why)]
    if column.added_nullable or is_null_below(difference, context):
        plain = replace(column, default=None) if column.added_nullable else column
        return [_add(difference, _default_for_new_rows(table, plain, context), context, why=_later(column))]
    holders = context.shape(table).facts.rows_held_in
    if holders and (column.default is not None or _computes(column)):
        return _beside_rows_elsewhere(difference, whole, holders, context)
    if context.empty(table):
        harmless = _fits_rows(column) and not _rewrites(column, context) and not rewrites(column.default)
        return [_add(difference, whole, context, guarded=not harmless)]
    if _rewrites(column, context):
        return _rewritten(difference, whole, context)
    if column.default is not None and rewrites(column.default):
        return [_add(difference, _default_for_new_rows(table, column, context), context, why=_later(column))]
    if _fits_rows(column):
        return [_add(difference, whole, context)]
    if context.policy.fill_constant_defaults and column.fill is not None:
        return [_filled(difference, column.fill, context)]
    bare = [f"ALTER TABLE {context.quote(table.name)} ADD COLUMN {_bare(column, context)}"]
    if column.generated is not None:  # virtual: it is computed when it is read, so nothing follows that could be NULL
        bare = [f"{bare[0]} GENERATED ALWAYS AS ({column.generated.expression}) VIRTUAL"]
        return [_add(difference, bare, context)]
    return [_add(difference, bare, context, why=_later(column))]


def _loose_below(difference: ColumnMissing, context: Context) -> bool:
    """Whether what inherits has the column already and may hold NULL there, or keeps its NOT NULL to itself."""
    table, column = difference.table, difference.column
    plain = not column.nullable and not _computes(column) and not column.added_nullable and not column.filled_unseen
    loose = context.survey.loose_below.get(table.name, ())
    return plain and column.name in loose and context.rejection(table, column) is None


def _fits_rows(column: Column) -> bool:
    return (column.nullable and not column.value_domain_not_null) or column.default is not None


def _serial(column: Column) -> bool:
    """The column's own type makes a sequence and a default nextval(), which is computed for every row."""
    return column.autoincrement and column.default is None and column.identity is None and column.generated is None


def _computes(column: Column) -> bool:
    """Whether the definition itself gives every row a value of its own, so that the table is rewritten."""
    stored = column.generated is not None and column.generated.stored
    return stored or column.identity is not None or _serial(column)


def _rewrites(column: Column, context: Context) -> bool:
    """A domain's constraints are checked for each row, which is written anew, even where it gets NULL (up to 18)."""
    return _computes(column) or _constrained(column, context)


def _constrained(column: Column, context: Context) -> bool:
    if column.type.dimensions:
        return False
    name = Name(column.type.schema, column.type.name)
    live = next((domain for domain in context.actual.domains if domain.name == name), None)
    if live is not None:
        return live.constrained
    made = next((domain for domain in context.expected.domains if domain.name == name), None)
    return made is not None and made.constrained


def _rewritten(difference: ColumnMissing, whole: list[str], context: Context) -> Repairs:
    column = difference.column
    fits = _fits_rows(column) or _computes(column)
    if fits and (context.small(difference.table) or context.offline):
        return [_add(difference, whole, context, guarded=True)]
    if not _computes(column):
        what = f"a column of the domain {column.type}, which has constraints,"
    else:
        what = "a stored generated column" if column.generated else "an identity or serial column"
    allowance = context.allowance(difference.table) if fits else ""
    return [
        Refusal(
            difference,
            f"{what} rewrites the table under ACCESS EXCLUSIVE, and it holds rows{allowance}",
            tuple(f"{statement};" for statement in whole),
        )
    ]


def _beside_rows_elsewhere(
    difference: ColumnMissing, whole: list[str], holders: Sequence[str], context: Context
) -> Repairs:
    """PostgreSQL gives no value to a new column while rows of the table's type are held elsewhere, which get none."""
    table, column = difference.table, difference.column
    if column.default is not None:
        statements = _default_for_new_rows(table, column, context)
        return [_add(difference, statements, context, why=_later(column))]
    holding = context.told(", ".join(holders))
    reason = f"PostgreSQL computes no column anew while {holding} holds rows of the table's type"
    return [Refusal(difference, reason, tuple(f"{statement};" for statement in whole))]


def _default_for_new_rows(table: Table, column: Column, context: Context) -> list[str]:
    """A volatile default would be computed for every row; rows that are there keep NULL instead."""
    name = context.quote(table.name)
    added = f"ALTER TABLE {name} ADD COLUMN {_bare(column, context)}"
    if column.default is None:
        return [added]
    return [added, f"ALTER TABLE {name} ALTER COLUMN {context.quote(column.name)} SET DEFAULT {column.default}"]


def _takes_identity(table: Table, context: Context) -> bool:
    """Whether ADD COLUMN may make an identity column: not where others inherit, from 17 on unless as partitions."""
    live = context.live(table)
    return live is None or not live.facts.children or (context.partitioned(table) and context.at_least(17))


def _no_identity(difference: ColumnMissing, context: Context) -> Refusal:
    name, quoted = context.quote(difference.table.name), context.quote(difference.column.name)
    bare = _bare(difference.column, context)
    what = "a partitioned table" if context.partitioned(difference.table) else "a table from which others inherit"
    return Refusal(
        difference,
        f"PostgreSQL{'' if what.endswith('inherit') else ' before 17'} adds no identity column to {what}",
        (
            f"ALTER TABLE {name} ADD COLUMN {bare};",
            f"-- when every row has a value: ALTER TABLE {name} ALTER COLUMN {quoted} SET NOT NULL,"
            f" ALTER COLUMN {quoted} ADD {identity_words(difference.column)};",
        ),
    )


def _nullable(table: Table, column: Column, context: Context) -> list[str]:
    """With its default, which rows that are there get as well where that is no work."""
    if column.default is None or rewrites(column.default):
        return _default_for_new_rows(table, column, context)
    return [f"ALTER TABLE {context.quote(table.name)} ADD COLUMN {_bare(column, context)} DEFAULT {column.default}"]


def _without_default(difference: ColumnMissing, rejection: Rejection, context: Context) -> Step:
    """The server does not know what the default names: the column comes, so that it can be read and written."""
    table, column = difference.table, difference.column
    bare = f"ALTER TABLE {context.quote(table.name)} ADD COLUMN {_bare(column, context)}"
    why = f"column missing: {column.type}, without its default: {rejection.said}"
    return _add(difference, [bare], context, guarded=_rewrites(column, context), why=why)


def _filled(difference: ColumnMissing, fill: str, context: Context) -> Step:
    """A constant default is stored once and read for the old rows: no rewrite. Then the models' promise: no default."""
    table, column = difference.table, difference.column
    name = context.quote(table.name)
    statements = [
        f"ALTER TABLE {name} ADD COLUMN {_bare(column, context)} DEFAULT {fill} NOT NULL",
        f"ALTER TABLE {name} ALTER COLUMN {context.quote(column.name)} DROP DEFAULT",
    ]
    why = f"{difference.headline}; old rows get {fill}, as the policy says"
    return _add(difference, statements, context, why=why, hazards=(Hazard.CHANGES_ROWS,))


def _bare(column: Column, context: Context) -> str:
    """Name, type and collation: what can be added to any table in an instant."""
    collate = ""
    if column.collation is not None:
        collate = f" COLLATE {context.collation(column.collation)}"
    return f"{context.quote(column.name)} {column.type.text}{collate}"


def _later(column: Column) -> str:
    kind = f"column missing: {column.type}"
    if column.nullable:
        return f"{kind}; rows that are there keep NULL, its default is for new ones"
    return f"{kind}, nullable: NOT NULL follows when every row has a value"


def _add(
    difference: ColumnMissing,
    statements: list[str],
    context: Context,
    *,
    guarded: bool = False,
    why: str = "",
    hazards: tuple[Hazard, ...] = (),
) -> Step:
    table, column = difference.table, difference.column
    computes = guarded and (_rewrites(column, context) or rewrites(column.default))
    generated = column.generated.expression if column.generated else None
    return context.step(
        difference,
        "add-column",
        [*statements, *comment_statements(context, table, (column,), whole=False)],
        probes.column_absent(context.quote(table.name), column.name),
        Phase.COLUMN,
        why=why,
        cost="rewrites a small or empty table" if computes else INSTANT,
        hazards=(*hazards, Hazard.REWRITES) if computes and not context.empty(table) else hazards,
        rewrites=computes,
        provides=frozenset({Need.column(table.name, column.name)}),
        requires=(context.types_needed(column.type) | context.sequences_needed(column.default))
        | (context.mentioned(table, generated) - {Need.column(table.name, column.name)}),
        after=frozenset(Need.column(each.table.name, column.name) for each in below(difference, context)),
        unless=context.too_many(table) if guarded else "",
        unless_reason=ROWS_CAME if guarded else "",
    )
