"""From the rows of queries/catalog.sql to a Schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TypeVar

from schema_guard.code_of_others import Filler
from schema_guard.column import Use
from schema_guard.denied import Denied
from schema_guard.dialects.postgresql.catalog_rows import (
    ColumnRow,
    ConstraintRow,
    CounterRow,
    Items,
    OtherRow,
    PartitionRuleRow,
    PublishedRow,
    TableRow,
    TypeRow,
    UseRow,
)
from schema_guard.dialects.postgresql.catalog_words import ACTIONS, KINDS, MATCHES, use_of
from schema_guard.dialects.postgresql.deparsed import without_relabels
from schema_guard.dialects.postgresql.indexes import IndexRow, index_of
from schema_guard.dialects.postgresql.interveners import interveners
from schema_guard.dialects.postgresql.others import RELATIONS, names_taken, unknown_tables
from schema_guard.names import DefaultSchema, told
from schema_guard.published import Published
from schema_guard.schema import (
    Check,
    Column,
    Counter,
    Domain,
    Enum,
    Exclusion,
    ForeignKey,
    Generated,
    Identity,
    Index,
    Name,
    PrimaryKey,
    Relation,
    Schema,
    Sequence,
    Table,
    Type,
    TypeKind,
    Unique,
)
from schema_guard.table_facts import Partition, PartitionRule, TableFacts
from schema_guard.unread import Unread

__all__ = ["read_schema"]

_InSchema = TypeVar("_InSchema", TypeRow, CounterRow, OtherRow, TableRow)

_STRATEGIES = {"r": "RANGE", "l": "LIST", "h": "HASH"}


def read_schema(
    rows: list[tuple[object, ...]],
    type_of: Callable[[str], Type],
    default: DefaultSchema | None = None,
    unread: Mapping[int, Unread] | None = None,
) -> Schema:
    """Build the actual side.

    Args:
        rows: (kind, JSON text or None) of catalog.sql; or (kind, list) where it was read before. The list is emptied:
            all of them together take much memory.
        type_of: the dialect's type parser.
        default: the schema that a name without one means.
        unread: by OID, why the expressions of a table were left out.
    """
    items = Items(rows)
    types = [_told(TypeRow(*item), default) for item in items["types"]]
    kinds = {(row.schema, row.name): KINDS.get(row.kind, TypeKind.OTHER) for row in types}

    @cache  # a thousand columns have a dozen types
    def type_named(text: str) -> Type:
        """Also one in a schema to which nothing else leads, such as the base of a domain."""
        found = type_of(text)
        kind = kinds.get((found.schema or "", found.name), found.kind)
        return replace(found, kind=kind) if found.kind is TypeKind.UNKNOWN else found

    parts = _Parts(type_named, default, unread or {})
    for item in items["columns"]:
        parts.add_column(ColumnRow(*item))
    for item in items["constraints"]:
        parts.add_constraint(ConstraintRow(*item))
    for item in items["indexes"]:
        parts.add_index(IndexRow(*item))
    for item in items["uses"]:
        parts.add_use(UseRow(*item))
    for item in items["partition rules"]:
        parts.add_partition_rule(PartitionRuleRow(*item))
    for item in items["publications"]:
        parts.add_published(PublishedRow(*item))
    counters = [_told(CounterRow(*item), default) for item in items["counters"]]
    for counter in counters:
        parts.add_counter(counter)
    others = [_told(OtherRow(*item), default) for item in items["others"]]
    unknown = tuple(unknown_tables(others, parts.type_of))
    schemas, database = items["schemas"], items["database"]
    return Schema(
        tables=tuple(parts.table(_told(TableRow(*item), default)) for item in items["tables"]),
        enums=tuple(
            Enum(Name(row.schema, row.name), tuple(row.labels or ()), owned=row.owned)
            for row in types
            if row.kind == "e"
        ),
        domains=tuple(
            Domain(
                Name(row.schema, row.name),
                type_named(row.base or ""),
                not row.not_null,
                row.default,
                row.constrained,
                tuple(Check(name, condition) for name, condition in row.checks or ()),
            )
            for row in types
            if row.kind == "d"
        ),
        sequences=_sequences(counters),
        schemas=tuple(name for name, _ in schemas),
        closed_schemas=tuple(name for name, may_create in schemas if not may_create),
        closed_database=next((name for name, may_create, _ in database if not may_create), None),
        role=next((role for _, _, role in database), ""),
        unknown_tables=tuple(name for name, _ in unknown),
        unknown_columns=unknown,
        names_taken=names_taken(others),
        types=tuple(
            Type(f"{row.schema}.{row.name}", row.name, row.schema, kind=KINDS.get(row.kind, TypeKind.OTHER))
            for row in types
        ),
    )


def _told(row: _InSchema, default: DefaultSchema | None) -> _InSchema:
    return row._replace(schema=told(row.schema, default))


def _sequences(rows: Iterable[CounterRow]) -> tuple[Sequence, ...]:
    """Each once, though several columns may take their values from it."""
    found = {Name(row.schema, row.name): Counter(*row[4:]) for row in rows}
    return tuple(Sequence(name, counter=counter) for name, counter in found.items())


@dataclass(slots=True)
class _OfTable:
    """What belongs to one table, as it comes in."""

    columns: dict[int, Column] = field(default_factory=dict)
    varchars: set[str] = field(default_factory=set)
    primary_key: PrimaryKey | None = None
    uniques: list[Unique] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    exclusions: list[Exclusion] = field(default_factory=list)
    indexes: list[Index] = field(default_factory=list)
    unvalidated: dict[int, str] = field(default_factory=dict)
    """By column: its NOT NULL constraint that is NOT VALID."""
    uses: dict[str, list[Use]] = field(default_factory=lambda: defaultdict(list))
    """By column's name: what keeps its type from being changed."""
    rows_held_in: list[str] = field(default_factory=list)
    unchangeable: list[Published] = field(default_factory=list)
    partition_rules: list[PartitionRule] = field(default_factory=list)
    backing: dict[int, ConstraintRow] = field(default_factory=dict)
    """By index: the primary key, unique or exclusion constraint that it backs."""


class _Parts:
    def __init__(
        self, type_of: Callable[[str], Type], default: DefaultSchema | None, unread: Mapping[int, Unread]
    ) -> None:
        self.type_of = type_of
        self.default = default
        self.unread = unread
        self.of: dict[int, _OfTable] = defaultdict(_OfTable)

    def add_column(self, row: ColumnRow) -> None:
        type_ = self.type_of(row.type)
        kind = KINDS.get(row.type_kind, TypeKind.OTHER)
        if type_.schema is not None and type_.kind is not kind:
            type_ = replace(type_, kind=kind)
        owner = self.of[row.table]
        if type_.name == "character varying" and not type_.dimensions:
            owner.varchars.add(row.name)
        generated = Generated(row.default or "", row.generated == "s") if row.generated else None
        default = None if generated else row.default
        identity = Identity(row.identity == "a") if row.identity else None
        owner.columns[row.number] = Column(
            name=row.name,
            type=type_,
            nullable=not row.not_null,
            default=default,
            generated=generated,
            identity=identity,
            autoincrement=identity is not None or (default or "").startswith("nextval("),
            collation=row.collation,
            comment=row.comment,
            value_domain_not_null=row.domain_not_null,
            type_default=row.type_default,
        )

    def add_constraint(self, row: ConstraintRow) -> None:
        owner = self.of[row.table]
        numbers = row.columns or []
        names = tuple(owner.columns[number].name for number in numbers if number in owner.columns)
        if row.kind == "n":
            owner.unvalidated.update(dict.fromkeys(numbers, row.name))
        elif row.kind == "c":
            expression = without_relabels(row.definition or "", owner.varchars)
            owner.checks.append(Check(row.name, expression, row.validated, row.enforced, alone=row.alone))
        elif row.kind == "f" and not row.temporal:
            owner.foreign_keys.append(_foreign_key(row, names, self.default))
        elif row.kind == "p":
            period = "WITHOUT OVERLAPS" if row.temporal else ""
            owner.primary_key = PrimaryKey(row.name, names, deferrable=row.deferrable, other_equality=period)
        if row.backed_by is not None:
            owner.backing[row.backed_by] = row

    def add_index(self, row: IndexRow) -> None:
        """An index of its own, or the rest of what there is to know about a constraint's."""
        owner = self.of[row.table]
        constraint = owner.backing.get(row.oid)
        index = index_of(row, owner.columns, owner.varchars)
        if constraint is None:
            owner.indexes.append(index)
        elif constraint.kind == "p" and owner.primary_key is not None:
            owner.primary_key = replace(owner.primary_key, elements=index.elements)
        elif constraint.kind == "x" or constraint.temporal:
            owner.exclusions.append(_exclusion(constraint, index))
        elif constraint.kind == "u":
            owner.uniques.append(
                Unique(
                    constraint.name,
                    index.columns or (),
                    constraint.deferrable,
                    constraint.deferred,
                    index.nulls_not_distinct,
                    index.include,
                    index.valid,
                    elements=index.elements,
                )
            )

    def add_counter(self, row: CounterRow) -> None:
        columns = self.of[row.table].columns
        for number, column in columns.items():
            if column.name == row.column:
                columns[number] = replace(column, sequence=Name(row.schema, row.name))

    def add_published(self, row: PublishedRow) -> None:
        member = Name(told(row.schema, self.default), row.name)
        held = row.holder_schema is not None and row.holder is not None
        holder = Name(told(row.holder_schema or "", self.default), row.holder or "") if held else member
        found = Published(
            member,
            row.publication,
            row.updates,
            row.deletes,
            row.reason,
            row.kind,
            tuple(row.identity),
            row.has_key,
            row.other_key,
            row.full_serves,
            holder,
            None if row.listed is None else tuple(row.listed),
            row.filter or "",
        )
        self.of[row.table].unchangeable.append(found)

    def add_partition_rule(self, row: PartitionRuleRow) -> None:
        partition = Name(told(row.schema, self.default), row.partition)
        target = Name(told(row.target_schema or "", self.default), row.target) if row.target else None
        rule = PartitionRule(row.kind, tuple(row.columns), target, partition, row.name, row.partitions, row.all)
        self.of[row.table].partition_rules.append(rule)

    def add_use(self, row: UseRow) -> None:
        if row.columns is None:
            self.of[row.table].rows_held_in.append(row.identity)
        for column in row.columns or ():
            self.of[row.table].uses[column].append(use_of(row.kind, row.identity))

    def table(self, row: TableRow) -> Table:
        owner = self.of[row.oid]
        columns = [
            column if number not in owner.unvalidated else _unvalidated(column, owner.unvalidated[number])
            for number, column in owner.columns.items()
        ]
        if owner.uses:
            columns = [
                replace(column, used_by=tuple(dict.fromkeys(owner.uses[column.name])))
                if column.name in owner.uses
                else column
                for column in columns
            ]
        return Table(
            Name(row.schema, row.name),
            tuple(columns),
            owner.primary_key,
            tuple(owner.uniques),
            tuple(owner.checks),
            tuple(owner.foreign_keys),
            tuple(owner.indexes),
            tuple(owner.exclusions),
            row.comment,
            Relation.PARTITION if row.partition else RELATIONS[row.kind],
            partition_strategy=_STRATEGIES.get(row.strategy or ""),
            facts=self._facts(row, owner),
        )

    def _facts(self, row: TableRow, owner: _OfTable) -> TableFacts:
        return TableFacts(
            rows_estimate=row.rows if row.rows >= 0 else None,
            bytes_estimate=row.bytes,
            empty=row.empty,
            children=tuple(Name(told(schema, self.default), name) for schema, name in row.children or ()),
            partitions=tuple(
                Partition(
                    Name(told(schema, self.default), name),
                    Name(told(above, self.default), parent),
                    kind == "p",
                    kind == "f",
                )
                for schema, name, above, parent, kind in row.partitions or ()
            ),
            oid=row.oid,
            has_triggers=row.triggers,
            fillers=tuple(Filler(*filler) for filler in row.fillers or ()),
            interveners=interveners(
                row.interveners or (), [column.name for column in owner.columns.values()], self.default
            ),
            row_security=row.row_security,
            detaching=tuple(Name(told(schema, self.default), name) for schema, name in row.detaching or ()),
            partition_rules=tuple(owner.partition_rules),
            inherited=row.inherited,
            owned=row.owned,
            owner=row.owner,
            of_type=row.of_type,
            replica_identity=tuple(row.replica_identity or ()),
            rows_held_in=tuple(owner.rows_held_in),
            unchangeable=tuple(owner.unchangeable),
            referable=row.referable,
            unread=self.unread.get(row.oid) if row.unread else None,
            readable=row.readable,
            populated=row.populated,
            bounds=row.bounds or "",
            denied=tuple(
                Denied(word, of, tuple(columns or ()), name, tuple(statements or ()))
                for word, of, columns, name, statements in row.denied or ()
            ),
        )


def _unvalidated(column: Column, constraint: str) -> Column:
    return replace(column, validated=False, not_null_name=constraint)


def _exclusion(row: ConstraintRow, index: Index) -> Exclusion:
    return Exclusion(
        row.name,
        row.definition or "",
        elements=index.elements,
        operators=tuple(row.operators or ()),
        method=index.method,
        where=index.where,
        deferrable=row.deferrable,
        initially_deferred=row.deferred,
    )


def _foreign_key(row: ConstraintRow, columns: tuple[str, ...], default: DefaultSchema | None) -> ForeignKey:
    return ForeignKey(
        row.name,
        columns,
        Name(None if row.target_schema is None else told(row.target_schema, default), row.target or ""),
        tuple(row.target_columns or ()),
        " ".join([ACTIONS.get(row.on_delete, "NO ACTION"), *_listed(row.delete_columns)]),
        ACTIONS.get(row.on_update, "NO ACTION"),
        MATCHES.get(row.match, "SIMPLE"),
        row.deferrable,
        row.deferred,
        row.validated,
        row.enforced,
        row.disabled,
    )


def _listed(columns: list[str] | None) -> list[str]:
    return [f"({', '.join(columns)})"] if columns else []
