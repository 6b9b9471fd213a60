"""Generated applications: models as data, the drift between them and a database, and both as SQLAlchemy tables."""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import registry

__all__ = ["Application", "ColumnSpec", "Kind", "TableSpec", "applications", "build", "drifts", "kinds_for"]


@dataclass(frozen=True)
class Kind:
    """A column type with values that stretch it, and a server default."""

    make: Callable[[], sa.types.TypeEngine[Any]]
    values: tuple[Any, ...]
    default: str | None
    comparable: bool = True
    """Has an equality operator."""


def _enum(*values: str) -> sa.types.TypeEngine[Any]:
    return sa.Enum(*values, name="mood")


UTC = datetime.UTC
PORTABLE = {
    "short": Kind(lambda: sa.String(10), ("x" * 10, ""), "'a'"),
    "string": Kind(lambda: sa.String(64), ("y" * 64, "007"), "'b'"),
    "text": Kind(sa.Text, ("z" * 300, "12"), "'c'"),
    "smallint": Kind(sa.SmallInteger, (2**15 - 1, -5), "1"),
    "integer": Kind(sa.Integer, (2**31 - 1, 0), "2"),
    "bigint": Kind(sa.BigInteger, (2**63 - 1, -1), "3"),
    "numeric": Kind(lambda: sa.Numeric(6, 2), (decimal.Decimal("9999.99"), decimal.Decimal("-0.01")), "1.5"),
    "money": Kind(lambda: sa.Numeric(12, 4), (decimal.Decimal("12345678.1234"),), "2.5"),
    "float": Kind(sa.Float, (1.5, -2e10), "0.5"),
    "boolean": Kind(sa.Boolean, (True, False), None),
    "date": Kind(sa.Date, (datetime.date(2024, 2, 29),), "'2024-01-01'"),
    "time": Kind(sa.Time, (datetime.time(23, 59, 1),), "'10:00:00'"),
    "datetime": Kind(sa.DateTime, (datetime.datetime(2024, 2, 29, 12, 0, 1),), "CURRENT_TIMESTAMP"),  # noqa: DTZ001
    "uuid": Kind(sa.Uuid, (uuid.UUID("6f1c2f5e-9b0d-4c3a-8a55-0d9a1b2c3d4e"), uuid.UUID(int=2**128 - 1)), None),
    "json": Kind(sa.JSON, ({"a": [1, 2]}, 5, "text"), None, comparable=False),
    "bytes": Kind(sa.LargeBinary, (b"\x00\xff",), None),
    "enum": Kind(lambda: _enum("sad", "ok", "happy"), ("sad", "happy"), "'ok'"),
}
POSTGRESQL = PORTABLE | {
    "datetimetz": Kind(lambda: sa.DateTime(timezone=True), (datetime.datetime(2024, 1, 1, tzinfo=UTC),), "now()"),
    "jsonb": Kind(postgresql.JSONB, ({"a": 1}, [1]), "'{}'"),
    "integers": Kind(lambda: postgresql.ARRAY(sa.Integer), ([1, 2], []), "'{}'"),
    "interval": Kind(sa.Interval, (datetime.timedelta(days=3, seconds=1),), "'1 day'"),
    "fewer": Kind(lambda: _enum("sad", "ok"), ("sad",), "'ok'"),
}


def kinds_for(dialect: str) -> dict[str, Kind]:
    return POSTGRESQL if dialect == "postgresql" else PORTABLE


@dataclass(frozen=True)
class ColumnSpec:
    name: str
    kind: str
    nullable: bool = True
    default: str = "none"
    """none, python or server."""
    unique: bool = False


@dataclass(frozen=True)
class TableSpec:
    name: str
    columns: tuple[ColumnSpec, ...]
    key: str = "serial"
    """serial, natural (a string the program gives) or pair (two columns)."""
    primary_key: bool = True


@dataclass(frozen=True)
class Application:
    metadata: sa.MetaData
    classes: dict[str, type[Any]]
    kinds: dict[tuple[str, str], Kind]


def _key_columns(spec: TableSpec) -> list[sa.Column[Any]]:
    if spec.key == "serial":
        return [sa.Column("id", sa.Integer, primary_key=spec.primary_key, nullable=False)]
    if spec.key == "plain":
        return [sa.Column("id", sa.Integer, primary_key=spec.primary_key, nullable=False, autoincrement=False)]
    if spec.key == "natural":
        return [sa.Column("code", sa.String(20), primary_key=spec.primary_key, nullable=False)]
    return [
        sa.Column("left", sa.String(20), primary_key=spec.primary_key, nullable=False),
        sa.Column("right", sa.Integer, primary_key=spec.primary_key, nullable=False, autoincrement=False),
    ]


def build(tables: tuple[TableSpec, ...], dialect: str, *, mapped: bool) -> Application:
    """The tables as SQLAlchemy objects; `mapped` gives each a class of its own."""
    metadata, classes, found = sa.MetaData(), {}, {}
    kinds = kinds_for(dialect)
    mapper = registry(metadata=metadata)
    for spec in tables:
        columns = _key_columns(spec)
        for column in spec.columns:
            kind = kinds[column.kind]
            arguments: dict[str, Any] = {"nullable": column.nullable, "unique": column.unique or None}
            if column.default == "python":
                arguments["default"] = kind.values[0]
            elif column.default == "server" and kind.default is not None:
                arguments["server_default"] = sa.text(kind.default)
            columns.append(sa.Column(column.name, kind.make(), **arguments))
            found[spec.name, column.name] = kind
        table = sa.Table(spec.name, metadata, *columns)
        if mapped:
            classes[spec.name] = type(spec.name.title(), (), {})
            mapper.map_imperatively(classes[spec.name], table)
    return Application(metadata, classes, found)


def applications(dialect: str) -> st.SearchStrategy[tuple[TableSpec, ...]]:
    """One or two tables of up to four columns besides the key."""
    kinds = sorted(set(kinds_for(dialect)) - {"fewer"})
    columns = st.lists(
        st.builds(
            ColumnSpec,
            name=st.sampled_from(["a", "b", "Mixed", "order", "e mail", "f%"]),
            kind=st.sampled_from(kinds),
            nullable=st.booleans(),
            default=st.sampled_from(["none", "python", "server"]),
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda column: column.name,
    ).map(tuple)
    table = st.builds(
        TableSpec,
        name=st.sampled_from(["users", "Orders", "select"]),
        columns=columns,
        key=st.sampled_from(["serial", "natural", "pair"]),
    )
    return st.lists(table, min_size=1, max_size=2, unique_by=lambda spec: spec.name).map(tuple)


def drifts(tables: tuple[TableSpec, ...], dialect: str) -> st.SearchStrategy[tuple[TableSpec, ...]]:
    """The same application as the database knows it: up to two things are otherwise."""
    kinds = sorted(kinds_for(dialect))

    @st.composite
    def drifted(draw: st.DrawFn) -> tuple[TableSpec, ...]:
        present = list(tables)
        for _ in range(draw(st.integers(0, 2))):
            if not present:
                break
            position = draw(st.integers(0, len(present) - 1))
            spec = present[position]
            what = draw(
                st.sampled_from(
                    ["drop table", "drop column", "add column", "nullable", "type", "type", "default", "key", "nothing"]
                )
            )
            match what:
                case "drop table":
                    present.pop(position)
                    continue
                case "add column":
                    extra = draw(
                        st.builds(
                            ColumnSpec,
                            name=st.just("extra"),
                            kind=st.sampled_from(kinds),
                            nullable=st.booleans(),
                            default=st.sampled_from(["none", "server"]),
                        )
                    )
                    columns = (*(column for column in spec.columns if column.name != "extra"), extra)
                    present[position] = replace(spec, columns=columns)
                case "key":
                    lost = {"serial": replace(spec, key="plain")}.get(spec.key, spec)
                    present[position] = draw(st.sampled_from([lost, replace(spec, primary_key=False, key=lost.key)]))
                case "nothing":
                    pass
                case _ if spec.columns:
                    index = draw(st.integers(0, len(spec.columns) - 1))
                    column = spec.columns[index]
                    changed: tuple[ColumnSpec, ...] = ()
                    if what == "nullable":
                        changed = (replace(column, nullable=not column.nullable),)
                    elif what == "type":
                        changed = (replace(column, kind=draw(st.sampled_from(kinds)), default="none"),)
                    elif what == "default":
                        changed = (replace(column, default="none" if column.default == "server" else "server"),)
                    present[position] = replace(
                        spec, columns=(*spec.columns[:index], *changed, *spec.columns[index + 1 :])
                    )
        return tuple(present)

    return drifted()
