"""Foreign keys: NOT VALID first, then VALIDATE, in transactions of their own, or the first lock would be kept."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from schema_guard.dialects.postgresql.referring import based, can_refer
from schema_guard.dialects.postgresql.repair import probes
from schema_guard.dialects.postgresql.repair.context import Context, Repairs
from schema_guard.dialects.postgresql.repair.limits import impermanent
from schema_guard.dialects.postgresql.repair.naming import chosen
from schema_guard.dialects.postgresql.repair.referable import deferrable_key, has_key
from schema_guard.dialects.postgresql.repair.type import retyped
from schema_guard.difference import ForeignKeyDiffers, ForeignKeyMissing, ForeignKeyNotValidated
from schema_guard.difference.constraints import told_apart
from schema_guard.need import Need
from schema_guard.plan import CHANGE_OR_REMOVE, Hazard, Lock, Locked, Phase, Refusal, Step
from schema_guard.schema import NOT_VALID, Column, ForeignKey, Name, Relation, Table, Type, TypeKind, deferral_words

__all__ = ["foreign_key_differs", "foreign_key_missing", "foreign_key_not_validated"]


def foreign_key_missing(difference: ForeignKeyMissing, context: Context) -> Repairs:
    table, key = difference.table, difference.foreign_key
    quoted = context.quote(table.name)
    if difference.holder is not None:
        return [_held(difference, context)]
    if key.validated and (hindrance := _orphaned(difference, context)) is not None:
        return [hindrance]
    if "(" in key.on_delete and not context.offline and not context.at_least(15):
        return [
            Refusal(difference, f"ON DELETE {key.on_delete} needs PostgreSQL 15: leave the columns out, or upgrade")
        ]
    if (unusable := _refers_to_a_deferrable_key(key, context)) and not context.offline:
        index = context.quote(f"uq_{key.target.name[:40]}_{'_'.join(key.target_columns)[:18]}")
        columns = ", ".join(context.quote(column) for column in key.target_columns)
        create = f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {context.quote(key.target)} ({columns});"
        return [Refusal(difference, unusable, (create,))]
    if _refers_to_no_key(key, context):
        columns = ", ".join(context.quote(column) for column in key.target_columns)
        reason = f"{key.target} has no primary key or unique index on ({columns}), and the models declare none"
        return [Refusal(difference, reason, (f"ALTER TABLE {context.quote(key.target)} ADD UNIQUE ({columns});",))]
    if shorter_lived := impermanent(difference, context):
        return [shorter_lived]
    if two_enums := _of_two_enums(difference, context):
        return [two_enums]
    if isinstance(types := _ill_matched(difference, context), str):
        return [Refusal(difference, types)]
    if without_right := _may_not_refer(difference, context):
        return [without_right]
    name = key.name or context.name_for(difference, table.name, "_".join(key.columns), "fkey")
    body = key.ddl if key.name else f"CONSTRAINT {context.quote(name)} {key.ddl}"
    created = context.created(table)
    late = not created and (not context.partitioned(table) or context.at_least(18))
    if not late and not created and not context.small(table):
        return [
            Refusal(
                difference,
                "before PostgreSQL 18 a partitioned table takes none that is NOT VALID: writers would wait"
                f"{context.allowance(table)}",
                (f"ALTER TABLE {quoted} ADD {body};",),
            )
        ]
    checked = not created and (key.validated or not late)
    in_the_way = context.violators(difference, context.shape(table)) if checked else None
    added = Need.constraint(table.name, name)
    scans = not late and not created
    add = context.step(
        difference,
        "add-foreign-key",
        [f"ALTER TABLE {quoted} ADD {body}{NOT_VALID if late else ''}"],
        probes.constraint_absent(quoted, name)
        if told_apart(key, table)  # the other one joins the same columns
        else probes.foreign_key_absent(quoted, key.columns, context.quote(key.target), key.target_columns),
        Phase.FOREIGN_KEY,
        about=_told_apart(difference),
        locks=_locks(difference, Lock.SHARE_ROW_EXCLUSIVE, _on_target(difference, context), context),
        hazards=(Hazard.SCANS, Hazard.BLOCKS_WRITES) if scans else (),
        scans=scans,
        resolves=not (late and key.validated),
        provides=frozenset({added}),
        requires=_needs(difference, key) | types,
        after=context.after_rows(difference),
        unless=in_the_way.exists if in_the_way else "",
        unless_reason=f"rows refer to nothing: {in_the_way.query}" if in_the_way else "",
    )
    if not (late and key.validated):
        return [add]
    return [add, _validate(difference, name, context, frozenset({added}))]


def foreign_key_differs(difference: ForeignKeyDiffers, context: Context) -> Repairs:
    """Replacing it would mean to drop what protects the rows now: shown, not done."""
    table, actual = difference.table, difference.actual
    quoted, name = context.quote(table.name), context.quote(_name_of_successor(difference, context))
    wanted = difference.foreign_key
    if _only_deferral(actual, wanted):
        when = deferral_words(wanted) or " NOT DEFERRABLE"
        change = f"ALTER TABLE {quoted} ALTER CONSTRAINT {context.quote(actual.name or '')}{when};"
        return [
            Refusal(
                difference,
                "it would be checked at another time for every writer: this statement changes that, and reads no row",
                (change,),
            )
        ]
    again = _made_again(table, actual, wanted, name, context)
    return [Refusal(difference, "the foreign key that is there would have to be dropped", again)]


def _made_again(table: Table, actual: ForeignKey, wanted: ForeignKey, name: str, context: Context) -> tuple[str, ...]:
    """One statement: at no time do rows go without the constraint, and the new one may take the old one's name.

    Args:
        name: the new one's, quoted.
    """
    quoted = context.quote(table.name)
    _, _, rules = wanted.ddl.rpartition("FOREIGN KEY")
    late = not context.partitioned(table) or context.at_least(18)
    replaced = (
        f"ALTER TABLE {quoted} DROP CONSTRAINT {context.quote(actual.name or '')},"
        f" ADD CONSTRAINT {name} FOREIGN KEY{rules}{NOT_VALID if late else ''};"
    )
    return (replaced, f"ALTER TABLE {quoted} VALIDATE CONSTRAINT {name};") if late else (replaced,)


def _only_deferral(actual: ForeignKey, wanted: ForeignKey) -> bool:
    """Whether ALTER CONSTRAINT makes one of the other: it changes nothing else (manual, ALTER TABLE)."""
    apart = (actual.on_delete, actual.on_update), (wanted.on_delete, wanted.on_update)
    return apart[0] == apart[1] and (len(actual.columns) == 1 or actual.match == wanted.match)


def _name_of_successor(difference: ForeignKeyDiffers, context: Context) -> str:
    """As the models call it, else as it is called now; another one where something else has that name."""
    table, actual = difference.table, difference.actual
    live = context.live(table)
    others = set() if live is None else {*_constraint_names(live)} - {actual.name}
    wanted = difference.foreign_key.name or actual.name
    if wanted is not None and wanted not in others:
        return wanted
    columns = "_".join(difference.foreign_key.columns)
    return chosen(table.name.name, columns, "fkey", {name for name in others if name is not None})


def _constraint_names(table: Table) -> Iterator[str | None]:
    for items in (table.foreign_keys, table.checks, table.uniques, table.exclusions):
        yield from (item.name for item in items)
    if table.primary_key is not None:
        yield table.primary_key.name


def foreign_key_not_validated(difference: ForeignKeyNotValidated, context: Context) -> Repairs:
    name = difference.actual.name
    quoted = context.quote(difference.table.name)
    if name is None:
        return [Refusal(difference, "the constraint's name is not known")]
    if not difference.actual.enforced:
        return [
            Refusal(
                difference,
                "it was declared NOT ENFORCED on purpose",
                (f"ALTER TABLE {quoted} ALTER CONSTRAINT {context.quote(name)} ENFORCED;",),
            )
        ]
    if difference.actual.disabled:
        again = _made_again(difference.table, difference.actual, difference.foreign_key, context.quote(name), context)
        return [Refusal(difference, "somebody disabled its triggers (ALTER TABLE .. DISABLE TRIGGER)", again)]
    hindrance = _orphaned(difference, context)
    return [hindrance] if hindrance else [_validate(difference, name, context, frozenset())]


def _orphaned(difference: ForeignKeyMissing | ForeignKeyNotValidated, context: Context) -> Refusal | None:
    return context.hindrance(difference, "refer to nothing", "refers to nothing", CHANGE_OR_REMOVE)


def _told_apart(difference: ForeignKeyMissing | ForeignKeyNotValidated) -> str:
    """What a step is about where another foreign key without a name has the same columns; empty elsewhere."""
    alike = [key for key in difference.table.foreign_keys if key.columns == difference.foreign_key.columns]
    return difference.identity if len(alike) > 1 else ""


def _validate(
    difference: ForeignKeyMissing | ForeignKeyNotValidated, name: str, context: Context, requires: frozenset[Need]
) -> Step:
    quoted = context.quote(difference.table.name)
    return context.step(
        difference,
        "validate-foreign-key",
        [f"ALTER TABLE {quoted} VALIDATE CONSTRAINT {context.quote(name)}"],
        probes.constraint_has(quoted, name, "NOT c.convalidated"),
        Phase.VALIDATE,
        about=_told_apart(difference),
        locks=_locks(difference, Lock.SHARE_UPDATE_EXCLUSIVE, Lock.ROW_SHARE, context),
        cost=context.reads(difference.table),
        hazards=(Hazard.SCANS,),
        scans=True,
        requires=requires,
        after=context.after_rows(difference),
    )


def _locks(
    difference: ForeignKeyMissing | ForeignKeyNotValidated, on_table: Lock, on_target: Lock, context: Context
) -> tuple[Locked, ...]:
    """Partitions have their share in it, tables that inherit do not (manual, 5.11.1)."""
    found: list[Locked] = []
    for name, lock in ((difference.table.name, on_table), (difference.foreign_key.target, on_target)):
        live = context.actual.table(name)
        own = (Locked(lock, name),)
        found.extend(context.with_children(own) if live and live.relation is Relation.PARTITIONED else own)
    strongest = {each.relation: max(other.lock for other in found if other.relation == each.relation) for each in found}
    return tuple(Locked(lock, relation) for relation, lock in strongest.items())


def _on_target(difference: ForeignKeyMissing, context: Context) -> Lock:
    """Where a partition has the same foreign key already, PostgreSQL takes over its triggers on the other table."""
    have = context.survey.referred_below.get(difference.table.name, ())
    return Lock.ACCESS_EXCLUSIVE if difference.foreign_key.target in have else Lock.SHARE_ROW_EXCLUSIVE


def _needs(difference: ForeignKeyMissing, key: ForeignKey) -> frozenset[Need]:
    table = difference.table.name
    return frozenset(
        {
            Need.table(key.target),
            Need.key(key.target, key.target_columns),
            *(Need.column(table, column) for column in key.columns),
            *(Need.column(key.target, column) for column in key.target_columns),
        }
    )


def _ill_matched(difference: ForeignKeyMissing, context: Context) -> str | frozenset[Need]:
    """Why the types of its columns cannot be compared, in words; or which other types it waits for."""
    key, needs = difference.foreign_key, set[Need]()
    for name, target in zip(key.columns, key.target_columns, strict=True):
        own, other = _column(difference.table.name, name, context), _column(key.target, target, context)
        if own is None or other is None:
            continue
        (wanted, live), (wanted_target, live_target) = own, other
        if not _can_refer(wanted.type, wanted_target.type, context):
            return f"a foreign key from {wanted.type} to {wanted_target.type} is not possible: map both with one type"
        types = _types_of(difference.table.name, *own, context)
        target_types = _types_of(key.target, *other, context)
        if all(_can_refer(*pair, context) for pair in product(types, target_types)):
            continue  # whichever is changed first
        needs |= {Need.column_type(difference.table.name, name)} if live.type != wanted.type else set()
        needs |= {Need.column_type(key.target, target)} if live_target.type != wanted_target.type else set()
    return frozenset(needs)


def _can_refer(one: Type, other: Type, context: Context) -> bool:
    domains = {each.name: each.type for each in (*context.expected.domains, *context.actual.domains)}
    return can_refer(based(one, domains), based(other, domains))


def _of_two_enums(difference: ForeignKeyMissing, context: Context) -> Refusal | None:
    """Columns of two enums that the models map with one; where the labels are the same, no step changes a type."""
    key, table = difference.foreign_key, difference.table.name
    for name, target in zip(key.columns, key.target_columns, strict=True):
        own, other = _column(table, name, context), _column(key.target, target, context)
        if own is None or other is None or {own[1].type.kind, other[1].type.kind} != {TypeKind.ENUM}:
            continue
        types = own[1].type, other[1].type
        if (
            types[0] == types[1]
            or own[0].type != other[0].type
            or types[1] != own[0].type
            or retyped(table, name, context)
        ):
            continue
        column, wanted = context.quote(name), own[0].type.text
        change = (
            f"ALTER TABLE {context.quote(table)} ALTER COLUMN {column} TYPE {wanted} USING {column}::text::{wanted};"
        )
        alike = "also where the labels are the same"
        reason = f"{table}.{name} is {types[0]}, and no operator compares that with {types[1]}, {alike}"
        return Refusal(difference, reason, (change,))
    return None


def _types_of(table: Name, wanted: Column, live: Column, context: Context) -> set[Type]:
    """Those that the column has while this plan runs."""
    changes = live.type != wanted.type and retyped(table, wanted.name, context)
    return {live.type, wanted.type} if changes else {live.type}


def _column(table: Name, name: str, context: Context) -> tuple[Column, Column] | None:
    """As the models expect it, and as it is."""
    found = [schema.table(table) for schema in (context.expected, context.actual)]
    columns = [column for of in found if of is not None and (column := of.column(name)) is not None]
    return (columns[0], columns[-1]) if columns else None


def _refers_to_a_deferrable_key(key: ForeignKey, context: Context) -> str:
    """The server says so only once both tables are locked; a plain unique index beside it would do."""
    target = context.actual.table(key.target) or context.expected.table(key.target)
    if target is None or has_key(target, key.target_columns):
        return ""
    return deferrable_key(target, key.target_columns)


def _refers_to_no_key(key: ForeignKey, context: Context) -> bool:
    """Whether neither the server nor the models have the key that a foreign key needs (manual, 5.5.5: columns that are
    a primary key, a UNIQUE constraint, or those of a unique index that is not partial), in any order.
    """
    tables = [table for schema in (context.actual, context.expected) if (table := schema.table(key.target)) is not None]
    return bool(tables) and not any(has_key(table, key.target_columns) for table in tables)


def _may_not_refer(difference: ForeignKeyMissing, context: Context) -> Refusal | None:
    """To try it would lock both tables before the server says so. Whose table it is not is told that first."""
    target, live = context.actual.table(difference.foreign_key.target), context.actual.table(difference.table.name)
    if target is None or target.facts.referable or (live is not None and not live.facts.owned):
        return None
    role = context.facts.role
    grant = f"GRANT REFERENCES ON {context.quote(target.name)} TO {context.quote(role)};"
    reason = f"{role} lacks the privilege REFERENCES on {target.name}; its owner can grant it"
    return Refusal(difference, reason, (grant,))


def _held(difference: ForeignKeyMissing, context: Context) -> Refusal:
    quoted = context.quote(difference.table.name)
    name = difference.foreign_key.name or ""
    aside = context.aside(Name(difference.table.name.schema, name))
    return Refusal(
        difference,
        f"the name {name} is held by {difference.holder}",
        (
            f"ALTER TABLE {quoted} RENAME CONSTRAINT {context.quote(name)} TO {aside};",
            f"ALTER TABLE {quoted} ADD {difference.foreign_key.ddl}{NOT_VALID};",
        ),
    )
