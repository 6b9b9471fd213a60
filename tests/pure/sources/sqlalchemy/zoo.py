"""Models of every kind that SQLAlchemy knows, each in a MetaData of its own."""

from __future__ import annotations

import datetime
import decimal
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Colour(enum.Enum):
    red = "r"
    blue = "b"


class Money(sa.types.TypeDecorator[decimal.Decimal]):
    impl = sa.Numeric(12, 2)
    cache_ok = True


class Document(sa.types.TypeDecorator[Any]):
    """JSONB on PostgreSQL, text elsewhere."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(pg.JSONB())
        return dialect.type_descriptor(sa.Text())


class Status(sa.types.TypeDecorator[str]):
    impl = sa.Enum("new", "done", name="decorated_status")
    cache_ok = True


def types() -> MetaData:
    metadata = MetaData()
    Table(
        "types",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("small", sa.SmallInteger),
        Column("big", sa.BigInteger),
        Column("text", sa.Text, nullable=False),
        Column("name", sa.String(64), nullable=False),
        Column("unbounded", sa.String),
        Column("unicode", sa.Unicode(10)),
        Column("amount", sa.Numeric(10, 2)),
        Column("plain_numeric", sa.Numeric),
        Column("ratio", sa.Float),
        Column("double", sa.Double),
        Column("flag", sa.Boolean, nullable=False, server_default=sa.true()),
        Column("day", sa.Date),
        Column("at", sa.DateTime),
        Column("at_zone", sa.DateTime(timezone=True)),
        Column("clock", sa.Time),
        Column("span", sa.Interval),
        Column("data", sa.JSON),
        Column("blob", sa.LargeBinary),
        Column("uid", sa.Uuid),
        Column("uid_text", sa.Uuid(native_uuid=False)),
        Column("variant", sa.JSON().with_variant(pg.JSONB(), "postgresql")),
        Column("document", Document),
        Column("money", Money),
        Column("colour", sa.Enum(Colour, name="colour")),
        Column("colour_text", sa.Enum(Colour, native_enum=False, create_constraint=True, name="colour_check")),
        Column("decorated", Status),
        Column("variant_enum", sa.String(9).with_variant(sa.Enum("x", "y", name="variant_enum"), "postgresql")),
        Column("checked", sa.Boolean(create_constraint=True, name="checked_bool")),
        Column("pickled", sa.PickleType),
    )
    return metadata


def keys() -> MetaData:
    metadata = MetaData()
    Table("plain", metadata, Column("id", sa.Integer, primary_key=True))
    Table("big", metadata, Column("id", sa.BigInteger, primary_key=True))
    Table("small", metadata, Column("id", sa.SmallInteger, primary_key=True))
    Table("not_auto", metadata, Column("id", sa.Integer, primary_key=True, autoincrement=False))
    Table("words", metadata, Column("id", sa.String(36), primary_key=True))
    Table(
        "pair",
        metadata,
        Column("a", sa.Integer, sa.ForeignKey("plain.id"), primary_key=True),
        Column("b", sa.Integer, sa.ForeignKey("big.id"), primary_key=True),
    )
    Table("pair_plain", metadata, Column("a", sa.Integer, primary_key=True), Column("b", sa.Integer, primary_key=True))
    Table("shared", metadata, Column("id", sa.Integer, sa.ForeignKey("plain.id"), primary_key=True))
    Table("named", metadata, Column("id", sa.Integer), sa.PrimaryKeyConstraint("id", name="named_key"))
    Table("none", metadata, Column("a", sa.Integer), Column("b", sa.Text))
    Table("sequence", metadata, Column("id", sa.Integer, sa.Sequence("sequence_ids", start=100), primary_key=True))
    Table("optional", metadata, Column("id", sa.Integer, sa.Sequence("optional_ids", optional=True), primary_key=True))
    Table("identity", metadata, Column("id", sa.Integer, sa.Identity(), primary_key=True))
    Table("always", metadata, Column("id", sa.BigInteger, sa.Identity(always=True, start=5), primary_key=True))
    return metadata


def constraints() -> MetaData:
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    Table(
        "parent",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("code", sa.String(8), unique=True),
        Column("a", sa.Integer, nullable=False),
        Column("b", sa.Integer, nullable=False),
        Column("price", sa.Integer, sa.CheckConstraint("price > 0", name="price_positive")),
        sa.UniqueConstraint("a", "b"),
        sa.CheckConstraint("a < b OR b IN (1, 2, 3)", name="ordered"),
    )
    Table(
        "child",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("parent_id", sa.ForeignKey("parent.id", ondelete="cascade", onupdate="SET NULL"), index=True),
        Column("a", sa.Integer),
        Column("b", sa.Integer),
        Column("boss_id", sa.ForeignKey("child.id", deferrable=True, initially="DEFERRED")),
        sa.ForeignKeyConstraint(["a", "b"], ["parent.a", "parent.b"], match="FULL"),
    )
    return metadata


def cycle() -> MetaData:
    metadata = MetaData()
    Table(
        "hen",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("egg_id", sa.ForeignKey("egg.id", use_alter=True, name="hen_egg")),
    )
    Table(
        "egg",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("hen_id", sa.ForeignKey("hen.id", name="egg_hen")),
    )
    return metadata


def defaults() -> MetaData:
    metadata = MetaData()
    Table(
        "defaults",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("text", sa.String(20), server_default="it's 100% %s"),
        Column("number", sa.Integer, server_default="5", nullable=False),
        Column("negative", sa.Integer, server_default=sa.text("-1")),
        Column("now", sa.DateTime, server_default=sa.func.now()),
        Column("stamp", sa.DateTime, server_default=sa.text("CURRENT_TIMESTAMP")),
        Column("lower", sa.String, server_default=sa.func.lower("ABC")),
        Column("false", sa.Boolean, server_default=sa.false()),
        Column("python", sa.Integer, default=3),
        Column("doubled", sa.Integer, sa.Computed("number * 2", persisted=True)),
    )
    return metadata


def names() -> MetaData:
    metadata = MetaData()
    for name in ('quo"ted', "per%cent", "co:lon", "order", "MixedCase", "umläut ünd Leer", "it's", "x" * 60):
        Table(
            name,
            metadata,
            Column("id", sa.Integer, primary_key=True),
            Column(f"c_{name}", sa.Integer),
            Column("select", sa.String(5), index=True),
            Column("line\nbreak", sa.Text),
            sa.CheckConstraint(sa.column(f"c_{name}") % 2 == 0, name=f"ck_{name}"[:60]),
        )
    return metadata


def indexes() -> MetaData:
    metadata = MetaData()
    table = Table(
        "indexed",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("name", sa.String(50), index=True),
        Column("email", sa.String(50), unique=True, index=True),
        Column("rank", sa.Integer),
        Column("at", sa.DateTime),
    )
    sa.Index("ix_lower", sa.func.lower(table.c.name), unique=True)
    sa.Index("ix_order", table.c.rank.desc(), table.c.at.asc())
    sa.Index("ix_text", sa.text("lower(email) DESC"), _table=table)
    where = table.c.rank > 3
    sa.Index("ix_partial", table.c.rank, postgresql_where=where, sqlite_where=where)
    sa.Index("ix_sum", table.c.rank + table.c.id)
    return metadata


def orm() -> MetaData:
    class Base(DeclarativeBase):
        pass

    class Animal(Base):
        __tablename__ = "animal"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(sa.String(20))
        version = mapped_column(sa.Integer, nullable=False)
        name: Mapped[str | None]
        born: Mapped[datetime.datetime] = mapped_column(default=lambda: datetime.datetime.now(datetime.UTC))
        code: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal", "version_id_col": version}  # noqa: RUF012

    class Dog(Animal):
        barks: Mapped[bool | None]
        __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012

    class Cat(Animal):
        __tablename__ = "cat"
        id: Mapped[int] = mapped_column(sa.ForeignKey("animal.id"), primary_key=True)
        lives: Mapped[int] = mapped_column(default=9)
        __mapper_args__ = {"polymorphic_identity": "cat"}  # noqa: RUF012

    Base.metadata.info["held"] = (Animal, Dog, Cat)  # else the garbage collector takes the classes, and their mappers
    return Base.metadata


def postgresql_only() -> MetaData:
    metadata = MetaData()
    status = pg.ENUM("a", "b%c", "it's", name="MixedStatus", metadata=metadata)
    table = Table(
        "special",
        metadata,
        Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        Column("tags", pg.ARRAY(sa.String(10))),
        Column("matrix", pg.ARRAY(sa.Integer, dimensions=2)),
        Column("statuses", pg.ARRAY(status)),
        Column("status", status, server_default="a"),
        Column("data", pg.JSONB, server_default=sa.text("'{}'::jsonb")),
        Column("address", pg.INET),
        Column("words", pg.TSVECTOR, sa.Computed("to_tsvector('english', body)", persisted=True)),
        Column("body", sa.Text, nullable=False),
        Column("during", pg.TSTZRANGE),
        Column("stamp", pg.TIMESTAMP(precision=3, timezone=True)),
        Column("gap", pg.INTERVAL(fields="DAY TO SECOND", precision=3)),
        Column("collated", sa.String(10, collation="C")),
        Column("positive", pg.DOMAIN("positive", sa.Integer, check="VALUE > 0", not_null=True, default=sa.text("1"))),
        Column("room", sa.Integer),
        Column("bits", pg.BIT(4)),
        Column("xmin", sa.Integer, system=True),
        pg.ExcludeConstraint(("during", "&&"), name="no_overlap", using="gist"),
        sa.UniqueConstraint("body", "room", postgresql_nulls_not_distinct=None, postgresql_include=["bits"]),
        sa.CheckConstraint("length(body) > 0", name="body_there", postgresql_not_valid=False),
    )
    sa.Index("ix_gin", table.c.data, postgresql_using="gin", postgresql_ops={"data": "jsonb_path_ops"})
    sa.Index("ix_include", table.c.room, postgresql_include=["body"], postgresql_with={"fillfactor": 70})
    sa.Index("ix_nulls", table.c.room.desc().nulls_last(), table.c.body.collate("C"))
    sa.Index("ix_key", table.c.data["name"].astext)
    sa.Index("ix_pattern", table.c.body, postgresql_ops={"body": "text_pattern_ops"})
    sa.Index("ix_partial_text", table.c.room, postgresql_where=sa.text("body LIKE 'a%'"))
    Table(
        "log",
        metadata,
        Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
        Column("day", sa.Date, primary_key=True),
        postgresql_partition_by="RANGE (day)",
    )
    Table("scratch", metadata, Column("id", sa.Integer), prefixes=["TEMPORARY"])
    sa.Sequence("loose", metadata=metadata, increment=5)
    return metadata


def two_schemas() -> MetaData:
    metadata = MetaData()
    Table(
        "account",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("kind", sa.Enum("x", "y", name="account_kind", inherit_schema=True)),
        Column("state", sa.Enum("on", "off", name="state", schema="Sales Dept")),
        schema="Sales Dept",
    )
    Table(
        "account",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("other_id", sa.ForeignKey("Sales Dept.account.id"), index=True),
    )
    return metadata


def sqlite_only() -> MetaData:
    metadata = MetaData()
    Table("counted", metadata, Column("id", sa.Integer, primary_key=True), sqlite_autoincrement=True)
    Table("rowless", metadata, Column("name", sa.Text, primary_key=True), sqlite_with_rowid=False)
    Table("strict", metadata, Column("id", sa.Integer, primary_key=True), Column("v", sa.Text), sqlite_strict=True)
    Table(
        "conflict",
        metadata,
        Column("id", sa.Integer, primary_key=True),
        Column("v", sa.Text(collation="NOCASE"), nullable=False, sqlite_on_conflict_not_null="IGNORE"),
        Column("n", sa.Integer, sa.Computed("id + 1", persisted=False)),
        sa.UniqueConstraint("v", sqlite_on_conflict="REPLACE"),
    )
    return metadata


PORTABLE = [types, keys, constraints, cycle, defaults, names, indexes, orm]
