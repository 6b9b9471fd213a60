"""UNIQUE constraints: a unique index built concurrently, then made a constraint without a scan."""

from __future__ import annotations

from schema_guard.code_of_others import against_upserts
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.index import build_concurrently, left_over
from schema_guard.dialects.postgresql.repair.key import add_key
from schema_guard.dialects.postgresql.repair.naming import chosen
from schema_guard.dialects.postgresql.repair.schema import put_aside
from schema_guard.difference import Holder, UniqueMissing, UpsertUnserved
from schema_guard.need import Need
from schema_guard.plan import Phase, Refusal, Step
from schema_guard.schema import Index, IndexElement, Name, PrimaryKey, Table, Unique

__all__ = ["unique_missing", "upsert_unserved"]

TIMING = "it would be checked earlier, and the application may rely on it as it is; first drop foreign keys to it"


def unique_missing(difference: UniqueMissing, context: Context) -> Repairs:
    table, unique = difference.table, difference.unique
    standing = _standing_index(unique, context.live(table))
    name = unique.name or _left_behind(unique, context.live(table))
    unfinished = name is not None and left_over(Name(table.name.schema, name), context.live(table))
    if standing is None and not unfinished:
        if difference.holder is not None:
            return [_held(difference, difference.holder, context)]
        if difference.beside is not None:
            reason = f"{difference.beside} stands on the same columns, which may be meant"
            return [Refusal(difference, reason, (f"ALTER TABLE {context.quote(table.name)} ADD {unique.ddl};",))]
    if unique.nulls_not_distinct and not context.offline and not context.at_least(15):
        return [Refusal(difference, "NULLS NOT DISTINCT needs PostgreSQL 15 or later")]
    hindrance = context.duplicates(difference, unique.columns)
    if hindrance is not None:
        return [hindrance]
    name = name or context.name_for(difference, table.name, "_".join(unique.columns), "key")
    if standing is not None:
        return [_make_constraint(difference, name, context, frozenset())]
    if (context.empty(table) and not unfinished) or context.partitioned(table):
        return [add_key(difference, unique, name, _absent(unique, table, context), context)]
    return _by_index(difference, name, context)


def upsert_unserved(difference: UpsertUnserved, context: Context) -> Repairs:
    """What would serve is a constraint of other timing, or a rule that the models don't make: a person decides."""
    table, columns = difference.table, ", ".join(map(context.quote, difference.columns))
    quoted, live = context.quote(table.name), context.shape(table)
    wanted, key = frozenset(difference.columns), live.primary_key
    if rules := against_upserts(live.facts.interveners):
        drops = tuple(f"DROP RULE {context.quote(rule)} ON {quoted};" for rule in rules)
        return [Refusal(difference, "ON CONFLICT works beside a trigger: put one in place of the rule", drops)]
    if difference.constraint:
        return [_by_name(difference, live, context)]
    if key is not None and key.deferrable and frozenset(key.columns) == wanted:
        change = f"DROP CONSTRAINT {context.quote(key.name or '')}, ADD PRIMARY KEY ({columns})"
        return [Refusal(difference, TIMING, (f"ALTER TABLE {quoted} {change};",))]
    for unique in live.uniques:
        if unique.deferrable and unique.name and frozenset(unique.columns) == wanted:
            name = context.quote(unique.name)
            change = f"DROP CONSTRAINT {name}, ADD CONSTRAINT {name} UNIQUE ({columns})"
            return [Refusal(difference, TIMING, (f"ALTER TABLE {quoted} {change};",))]
    index = context.quote(chosen(table.name.name, "_".join(difference.columns), "key", ()))
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {quoted} ({columns});"
    return [Refusal(difference, "the models declare no unique index or constraint that serves: declare one", (create,))]


def _by_name(difference: UpsertUnserved, live: Table, context: Context) -> Refusal:
    """Another name may be used by others: a person decides."""
    quoted, name = context.quote(difference.table.name), context.quote(difference.constraint)
    wanted = frozenset(difference.columns)
    keys: list[PrimaryKey | Unique] = [*([live.primary_key] if live.primary_key else []), *live.uniques]
    held = next(
        (key.name for key in keys if key.name and frozenset(key.columns) == wanted and not key.deferrable), None
    )
    if held is not None:
        rename = f"ALTER TABLE {quoted} RENAME CONSTRAINT {context.quote(held)} TO {name};"
        return Refusal(difference, f"the constraint on these columns is called {held}", (rename,))
    plain = (each for each in live.indexes if each.unique and each.valid and each.where is None)
    index = next((each.name for each in plain if each.name and frozenset(each.columns or ()) == wanted), None)
    if index is not None:
        add = f"ALTER TABLE {quoted} ADD CONSTRAINT {name} UNIQUE USING INDEX {context.quote(index)};"
        return Refusal(difference, f"{index} is a unique index, and no constraint", (add,))
    columns = ", ".join(map(context.quote, difference.columns))
    add = f"ALTER TABLE {quoted} ADD CONSTRAINT {name} UNIQUE ({columns});"
    return Refusal(difference, "the models declare no constraint of that name: declare one", (add,))


def _by_index(difference: UniqueMissing, name: str, context: Context) -> Repairs:
    table, unique = difference.table, difference.unique
    index = _index_of(unique, name, context)
    relation = Name(table.name.schema, name)
    built = Need.index(relation)
    violators = context.violators(difference, context.shape(table))
    absent = _absent(unique, table, context)
    unbuilt = f"({probes.name_taken(context.quote(relation))}) = false"
    return [
        build_concurrently(
            difference,
            index,
            relation,
            context,
            Phase.UNIQUE,
            probe=f"SELECT ({absent}) AND {unbuilt}" if unique.deferrable else absent,
            unless=violators.exists if violators else "",
            reason=f"rows share their values: {violators.query}" if violators else "",
            resolves=not unique.deferrable,
            provides=frozenset({built}),
        ),
        _make_constraint(difference, name, context, frozenset({built})),
    ]


def _make_constraint(difference: UniqueMissing, name: str, context: Context, requires: frozenset[Need]) -> Step:
    table, unique = difference.table, difference.unique
    quoted, relation = context.quote(table.name), context.quote(Name(table.name.schema, name))
    constraint = context.quote(name)
    index_stands = probes.index_valid(quoted, relation)
    return context.step(
        difference,
        "add-unique",
        [f"ALTER TABLE {quoted} ADD CONSTRAINT {constraint} UNIQUE USING INDEX {constraint}{_timing(unique)}"],
        f"SELECT ({probes.constraint_absent(quoted, name)}) AND ({index_stands})",
        Phase.UNIQUE,
        requires=requires,
    )


def _absent(unique: Unique, table: Table, context: Context) -> str:
    """An index that is checked at once serves no model that wants to defer, nor the other way round."""
    return probes.unique_absent(
        context.quote(table.name),
        unique.columns,
        nulls_not_distinct=unique.nulls_not_distinct,
        deferrable=unique.deferrable,
    )


def _held(difference: UniqueMissing, holder: Holder, context: Context) -> Refusal:
    table, name = difference.table.name, difference.unique.name or ""
    quoted = context.quote(table)
    live = next((unique for unique in context.shape(difference.table).uniques if unique.name == name), None)
    if live is not None and not live.valid and str(live) == str(difference.unique):
        again = f"REINDEX INDEX CONCURRENTLY {context.quote(Name(table.schema, name))};"
        return Refusal(difference, "its index is INVALID: rows that were there before may share a key", (again,))
    aside = context.aside(Name(table.schema, name))
    rename = f"ALTER TABLE {quoted} RENAME CONSTRAINT {context.quote(name)} TO {aside};"
    if not holder.kind.isupper():
        rename = put_aside(Name(table.schema, name), holder, context)
    return Refusal(
        difference,
        f"the name {name} is held by {holder}",
        (rename, f"ALTER TABLE {quoted} ADD {difference.unique.ddl};"),
    )


def _standing_index(unique: Unique, live: Table | None) -> Index | None:
    """The index that an interrupted run built under the constraint's name, ready to be made the constraint."""
    if live is None or unique.name is None:
        return None
    return next(
        (index for index in live.indexes if index.name == unique.name and index.valid and _is_of(index, unique)),
        None,
    )


def _left_behind(unique: Unique, live: Table | None) -> str | None:
    """The name of the INVALID index that a failed build of a UNIQUE without a name left."""
    indexes = live.indexes if live is not None else ()
    return next((each.name for each in indexes if not each.valid and _is_of(each, unique)), None)


def _is_of(index: Index, unique: Unique) -> bool:
    """Whether the index, once it is valid, can be made this constraint."""
    same = index.columns == unique.columns and index.nulls_not_distinct == unique.nulls_not_distinct
    return same and index.unique and index.where is None


def _index_of(unique: Unique, name: str, context: Context) -> Index:
    columns = ", ".join(map(context.quote, unique.columns))
    include = f" INCLUDE ({', '.join(map(context.quote, unique.include))})" if unique.include else ""
    nulls = " NULLS NOT DISTINCT" if unique.nulls_not_distinct else ""
    return Index(
        name=name,
        elements=tuple(IndexElement(column) for column in unique.columns),
        unique=True,
        include=unique.include,
        nulls_not_distinct=unique.nulls_not_distinct,
        definition=f"({columns}){include}{nulls}",
    )


def _timing(unique: Unique) -> str:
    if not unique.deferrable:
        return ""
    return " DEFERRABLE INITIALLY DEFERRED" if unique.initially_deferred else " DEFERRABLE"
