"""Models as data: what SQLAlchemy tables are built from, for the application and for the database that drifted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import registry

__all__ = [
    "KEYS",
    "POSTGRESQL",
    "PORTABLE",
    "WHOSE",
    "CheckSpec",
    "ColumnSpec",
    "Constraint",
    "ForeignSpec",
    "IndexSpec",
    "Kind",
    "TableSpec",
    "UniqueSpec",
    "build",
    "map_all",
    "moved",
]

WHOSE = ("plain", "special")
"""What the column `kind` of two classes in one table says."""
LABELS = ("new", "queued", "it's 100%")
Make: TypeAlias = Callable[[], sa.types.TypeEngine[Any]]


@dataclass(frozen=True)
class Kind:
    """A column type, a value for a Python-side default, and a server default."""

    make: Make
    python: Any
    server: str | None
    text: bool = False


def _listed(*labels: str, native: bool = False) -> Make:
    return lambda: sa.Enum(*labels, name="mood", native_enum=native, length=20, create_constraint=not native)


def _native(*labels: str) -> Make:
    return lambda: sa.Enum(*labels, name="state")


def _array_of(make: Make) -> Make:
    return lambda: postgresql.ARRAY(make())


PORTABLE = {
    "short": Kind(lambda: sa.String(10), "p", "'a'", text=True),
    "string": Kind(lambda: sa.String(64), "p", "'b'", text=True),
    "text": Kind(sa.Text, "p", "'c'", text=True),
    "smallint": Kind(sa.SmallInteger, 1, "1"),
    "integer": Kind(sa.Integer, 1, "2"),
    "bigint": Kind(sa.BigInteger, 1, "3"),
    "numeric": Kind(lambda: sa.Numeric(6, 2), 1, "1.5"),
    "money": Kind(lambda: sa.Numeric(12, 4), 1, "2.5"),
    "float": Kind(sa.Float, 1.5, "0.5"),
    "boolean": Kind(sa.Boolean, True, None),
    "date": Kind(sa.Date, None, "'2024-01-01'"),
    "time": Kind(sa.Time, None, "'10:00:00'"),
    "datetime": Kind(sa.DateTime, None, "CURRENT_TIMESTAMP"),
    "uuid": Kind(sa.Uuid, None, None),
    "json": Kind(sa.JSON, {"a": 1}, None),
    "bytes": Kind(sa.LargeBinary, b"1", None),
    "interval": Kind(sa.Interval, None, None),
    "listed": Kind(_listed(*LABELS), "new", "'new'"),
    "listed fewer": Kind(_listed(*LABELS[:2]), "new", "'new'"),
    "enum": Kind(_native(*LABELS), "new", "'queued'"),
}
POSTGRESQL = PORTABLE | {
    "datetimetz": Kind(lambda: sa.DateTime(timezone=True), None, "now()"),
    "jsonb": Kind(postgresql.JSONB, {"a": 1}, "'{}'"),
    "integers": Kind(lambda: postgresql.ARRAY(sa.Integer), [1], "'{}'"),
    "strings": Kind(lambda: postgresql.ARRAY(sa.String(10)), ["x"], "'{}'"),
    "enums": Kind(_array_of(_native(*LABELS)), ["new"], "'{}'"),
    "inet": Kind(postgresql.INET, "10.0.0.1", None),
    "range": Kind(postgresql.INT4RANGE, None, None),
    "char": Kind(lambda: sa.CHAR(4), "abcd", "'abcd'", text=True),
    "double": Kind(sa.Double, 1.5, "0.5"),
    "enum fewer": Kind(_native(*LABELS[:2]), "new", "'new'"),
}
KEYS = {
    "postgresql": ("serial", "serial", "natural", "pair", "identity", "always", "sequence", "big"),
    "sqlite": ("serial", "serial", "natural", "pair", "big"),
}


@dataclass(frozen=True)
class ColumnSpec:
    name: str
    kind: str
    nullable: bool = True
    default: str = "none"
    """none, python or server."""
    computed: str = ""


@dataclass(frozen=True)
class UniqueSpec:
    columns: tuple[str, ...]
    name: str | None = None
    deferrable: bool = False
    nulls_not_distinct: bool = False


@dataclass(frozen=True)
class CheckSpec:
    text: str
    name: str | None = None


@dataclass(frozen=True)
class ForeignSpec:
    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]
    name: str | None = None
    ondelete: str | None = None
    deferrable: bool = False


@dataclass(frozen=True)
class IndexSpec:
    elements: tuple[str, ...]
    """Columns, or expressions in parentheses."""
    name: str
    unique: bool = False
    where: str | None = None


Constraint: TypeAlias = UniqueSpec | CheckSpec | ForeignSpec | IndexSpec


@dataclass(frozen=True)
class TableSpec:
    name: str
    columns: tuple[ColumnSpec, ...]
    key: str = "serial"
    """serial, big (BIGINT), identity, always, sequence, plain, natural (a string the program gives), pair, joined."""
    primary_key: bool = True
    constraints: tuple[Constraint, ...] = ()
    key_last: bool = False
    """The key's columns stand behind the others."""
    schema: str | None = None
    parent: str | None = None
    """The table of the class that its class extends."""
    told_by_kind: bool = False
    """A second class is stored in it, too: the column `kind` tells whose row it is."""
    view_of: str | None = None
    """It is a view that shows columns of this table."""
    upserts: tuple[tuple[str, ...], ...] = ()
    """Columns that the application names in ON CONFLICT."""

    @property
    def key_names(self) -> tuple[str, ...]:
        return {"natural": ("code",), "pair": ("left", "right")}.get(self.key, ("id",))

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


def _key_columns(spec: TableSpec, metadata: sa.MetaData) -> list[sa.Column[Any]]:
    options: dict[str, Any] = {"primary_key": spec.primary_key, "nullable": False}
    match spec.key:
        case "natural":
            return [sa.Column("code", sa.String(20), **options)]
        case "pair":
            return [
                sa.Column("left", sa.String(20), **options),
                sa.Column("right", sa.Integer, autoincrement=False, **options),
            ]
        case "identity" | "always":
            return [sa.Column("id", sa.Integer, sa.Identity(always=spec.key == "always"), **options)]
        case "sequence":
            return [sa.Column("id", sa.Integer, sa.Sequence(f"{spec.name}_numbers"), **options)]
        case "big":
            return [sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), **options)]
        case "plain" | "joined":
            return [sa.Column("id", sa.Integer, autoincrement=False, **options)]
        case _:
            return [sa.Column("id", sa.Integer, **options)]


def build(tables: Sequence[TableSpec], dialect: str) -> sa.MetaData:
    """The tables as SQLAlchemy objects."""
    metadata = sa.MetaData()
    kinds = POSTGRESQL if dialect == "postgresql" else PORTABLE
    for spec in tables:
        columns = [_column(column, kinds[column.kind]) for column in spec.columns]
        keys = _key_columns(spec, metadata)
        if spec.key == "joined" and spec.parent is None:
            keys = _key_columns(spec, metadata)
        ordered = [*columns, *keys] if spec.key_last else [*keys, *columns]
        info = {"is_view": True} if spec.view_of else {}
        table = sa.Table(spec.name, metadata, *ordered, schema=spec.schema, info=info)
        for constraint in spec.constraints:
            _add(table, constraint)
    return metadata


def _column(spec: ColumnSpec, kind: Kind) -> sa.Column[Any]:
    arguments: dict[str, Any] = {"nullable": spec.nullable}
    type_ = kind.make()
    if isinstance(type_, sa.Enum) and not type_.native_enum:
        type_.name = f"{type_.name} {spec.name}"  # its CHECK's, of which one table may have several
    if spec.computed:
        return sa.Column(spec.name, type_, sa.Computed(spec.computed, persisted=True))
    if spec.default == "python" and kind.python is not None:
        arguments["default"] = kind.python
    elif spec.default == "server" and kind.server is not None:
        arguments["server_default"] = sa.text(kind.server)
    return sa.Column(spec.name, type_, **arguments)


def _add(table: sa.Table, spec: Constraint) -> None:
    match spec:
        case UniqueSpec():
            table.append_constraint(
                sa.UniqueConstraint(
                    *(table.c[name] for name in spec.columns),
                    name=spec.name,
                    deferrable=True if spec.deferrable else None,
                    postgresql_nulls_not_distinct=True if spec.nulls_not_distinct else None,
                )
            )
        case CheckSpec():
            table.append_constraint(sa.CheckConstraint(sa.text(spec.text), name=spec.name))
        case ForeignSpec():
            table.append_constraint(
                sa.ForeignKeyConstraint(
                    [table.c[name] for name in spec.columns],
                    [f"{spec.table}.{name}" for name in spec.target],
                    name=spec.name,
                    ondelete=spec.ondelete,
                    deferrable=True if spec.deferrable else None,
                )
            )
        case IndexSpec():
            elements = [table.c[item] if item in table.c else sa.text(item) for item in spec.elements]
            where = None if spec.where is None else sa.text(spec.where)
            index = sa.Index(
                spec.name, *elements, unique=spec.unique, postgresql_where=where, sqlite_where=where, _table=table
            )
            assert index.table is table


def map_all(tables: Sequence[TableSpec], metadata: sa.MetaData) -> list[type[Any]]:
    """A class for each table; those that extend another are joined to it, or stored in it."""
    mapper = registry(metadata=metadata)
    classes: dict[str, type[Any]] = {}
    named = {spec.full_name: spec for spec in tables}
    for spec in tables:
        table = metadata.tables[spec.full_name]
        options: dict[str, Any] = {}
        bases: tuple[type[Any], ...] = ()
        if spec.parent is not None:
            parent = named[spec.parent]
            bases = (classes[spec.parent],)
            options = {
                "inherits": bases[0],
                "inherit_condition": table.c.id == metadata.tables[spec.parent].c.id,
                "polymorphic_identity": spec.name if parent.told_by_kind else None,
            }
        elif spec.told_by_kind:
            options = {"polymorphic_on": table.c.kind, "polymorphic_identity": WHOSE[0]}
        classes[spec.full_name] = made = type(spec.name.title(), bases, {})
        mapper.map_imperatively(made, table, **options)
        if spec.told_by_kind:
            special = classes[f"{spec.full_name} special"] = type(f"Special{spec.name.title()}", (made,), {})
            mapper.map_imperatively(special, None, inherits=made, polymorphic_identity=WHOSE[1])
    return list(classes.values())


def moved(tables: Iterable[TableSpec], schema: str, other: str | None) -> tuple[TableSpec, ...]:
    """The same tables, those of one schema in another."""
    names = {spec.full_name: replace(spec, schema=other).full_name for spec in tables if spec.schema == schema}

    def name(of: str | None) -> str | None:
        return names.get(of, of) if of else None

    def constraint(item: Constraint) -> Constraint:
        return replace(item, table=names.get(item.table, item.table)) if isinstance(item, ForeignSpec) else item

    return tuple(
        replace(
            spec,
            schema=other if spec.schema == schema else spec.schema,
            parent=name(spec.parent),
            view_of=name(spec.view_of),
            constraints=tuple(constraint(item) for item in spec.constraints),
        )
        for spec in tables
    )
