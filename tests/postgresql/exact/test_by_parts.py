"""The digests that models give by parts, without all that they expect being written, are those of all that they expect.

Where the two differed, a first check would know a table for which a later one finds something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.mutable import MutableDict
from sqlalchemy.orm import DeclarativeBase, column_property, foreign, registry, relationship
from sqlalchemy.sql.functions import Function
from sqlalchemy.types import TypeDecorator

from schema_guard import Guard, Upsert
from schema_guard.sources.by_parts import ByParts
from schema_guard.sources.placeholders import bare, freezing_words
from schema_guard.sources.sqlalchemy.source import ModelsSource, source_of
from tests.exactly import digests_by_parts
from tests.truth.drawing import draw_models
from tests.truth.specs import build, map_all

WORDS = freezing_words("postgresql", 180000)


def digests(models: Any, upserts: tuple[Any, ...] = ()) -> Mapping[str, Any] | None:
    return digests_by_parts(Guard(models, upserts=upserts))


def is_known(models: Any) -> bool:
    """Whether its one table has a digest."""
    found = digests(models)
    return found is not None and None not in found["tables"].values()


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_of_drawn_models(seed: int) -> None:
    for number in range(seed, seed + 20):
        models = draw_models(Random(number), "postgresql")
        metadata = build(models, "postgresql")
        classes = map_all(models, metadata)
        digests(metadata)
        del classes


class Shouting(TypeDecorator[str]):
    """A type of the application's own."""

    impl = sa.String
    cache_ok = True

    def bind_expression(self, bindvalue: Any) -> Any:
        return sa.func.upper(bindvalue, type_=self)


def a(*args: Any, **given: Any) -> Callable[[], sa.Column[Any]]:
    return lambda: sa.Column("it", *args, **given)


PLAIN: dict[str, Callable[[], sa.Column[Any]]] = {
    "text": a(sa.String(20)),
    "text without length": a(sa.Text),
    "numbers": a(sa.Numeric(10, 2), nullable=False),
    "a default as text": a(sa.String(20), server_default="it's"),
    "a default as SQL": a(sa.Integer, server_default=sa.text("7")),
    "a default that is true": a(sa.Boolean, server_default=sa.true()),
    "a default that is false": a(sa.Boolean, server_default=sa.false(), nullable=False),
    "a function": a(sa.DateTime, server_default=sa.func.now()),
    "another function": a(sa.DateTime(timezone=True), server_default=sa.func.current_timestamp()),
    "an expression": a(sa.Integer, server_default=sa.literal(3) + 4),
    "a default of the program": a(sa.Integer, default=7),
    "a function of the program": a(sa.Integer, default=lambda: 7, onupdate=8),
    "an Enum": a(sa.Enum("a", "b", name="letters")),
    "a comment": a(sa.Integer, comment="of it"),
    "another key": a(sa.Integer, key="other"),
    "unique": a(sa.String(9), unique=True),
    "indexed": a(sa.String(9), index=True),
    "identity": a(sa.Integer, sa.Identity(always=True)),
    "generated": a(sa.Integer, sa.Computed("number + 1", persisted=True)),
    "quoted": lambda: sa.Column(sa.sql.quoted_name("It", True), sa.Integer),
    "not quoted": lambda: sa.Column(sa.sql.quoted_name("It", False), sa.Integer),
    "a keyword": lambda: sa.Column("select", sa.Integer),
    "a CHECK": a(sa.Integer, sa.CheckConstraint("it > 0")),
    "an array": a(postgresql.ARRAY(sa.Text)),
    "JSON": a(sa.JSON),
    "JSONB": a(postgresql.JSONB),
    "a mutable": lambda: sa.Column("it", MutableDict.as_mutable(sa.JSON)),
    "UUID": a(sa.Uuid),
}
ODD: dict[str, Callable[[], sa.Column[Any]]] = {
    "a fetched value": a(sa.Integer, server_default=sa.FetchedValue()),
    "a function in quotes": a(sa.DateTime, server_default=Function(sa.sql.quoted_name("now", True))),
    "a sequence": a(sa.Integer, sa.Sequence("numbers")),
    "a sequence as default": a(sa.Integer, server_default=sa.Sequence("more").next_value()),
    "a function in each INSERT": a(sa.Integer, default=sa.func.made_up()),
    "a function in each UPDATE": a(sa.Integer, onupdate=sa.func.made_up()),
    "a type that writes with a function": a(Shouting(20)),
    "an Enum as text": a(sa.Enum("a", "b", name="letters", native_enum=False)),
    "a collation": a(sa.String(20, collation="C")),
    "padded": a(sa.CHAR(3)),
    "not guarded": a(sa.Integer, info={"schema_guard": "ignore"}),
    "an extension's type": a(postgresql.CITEXT),
    "a variant": a(sa.String().with_variant(postgresql.CITEXT(), "postgresql")),
    "NULL by default": a(sa.Integer, server_default=sa.text("NULL")),
}


def alone(column: Callable[[], sa.Column[Any]]) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("number", sa.Integer), column())
    return metadata


@pytest.mark.parametrize("column", PLAIN.values(), ids=PLAIN)
def test_a_column_that_its_definition_tells(column: Callable[[], sa.Column[Any]]) -> None:
    assert is_known(alone(column))


@pytest.mark.parametrize("column", ODD.values(), ids=ODD)
def test_a_column_of_which_more_decides(column: Callable[[], sa.Column[Any]]) -> None:
    assert not is_known(alone(column))


def test_all_of_them_beside_each_other() -> None:
    """What one column is told by is not another's."""
    metadata = sa.MetaData()
    for number, column in enumerate([*PLAIN.values(), *ODD.values(), *PLAIN.values()]):
        key = [sa.Column("id", sa.Integer, primary_key=True), sa.Column("number", sa.Integer)]
        sa.Table(f"t{number}", metadata, *key, column())
    found = digests(metadata)
    assert found is not None
    assert len(set(found["tables"].values())) > len(PLAIN) - 6, "most differ in more than a name"


KEYS: dict[str, list[sa.schema.SchemaItem]] = {
    "a sequence behind it": [sa.Column("id", sa.Integer, primary_key=True)],
    "no sequence": [sa.Column("id", sa.Integer, primary_key=True, autoincrement=False)],
    "small": [sa.Column("id", sa.SmallInteger, primary_key=True)],
    "large": [sa.Column("id", sa.BigInteger, primary_key=True)],
    "text": [sa.Column("id", sa.Text, primary_key=True)],
    "a default of the program": [sa.Column("id", sa.Integer, primary_key=True, default=lambda: 1)],
    "two": [sa.Column("id", sa.Integer, primary_key=True), sa.Column("of", sa.Integer, primary_key=True)],
    "none": [sa.Column("id", sa.Integer)],
}


@pytest.mark.parametrize("items", KEYS.values(), ids=KEYS)
def test_a_key(items: list[sa.schema.SchemaItem]) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, *[item._copy() for item in items])  # type: ignore[attr-defined]
    assert is_known(metadata)


TABLES: dict[str, list[Any]] = {
    "an index over an expression": [sa.Index("i", sa.text("lower(name)"))],
    "a descending index": [sa.Index("i", sa.desc("name"))],
    "a partial index": [sa.Index("i", "name", postgresql_where=sa.text("name <> ''"))],
    "an index of another kind": [sa.Index("i", "name", postgresql_using="hash")],
    "a late UNIQUE": [sa.UniqueConstraint("name", deferrable=True)],
    "UNIQUE": [sa.UniqueConstraint("name", "id")],
    "an exclusion": [postgresql.ExcludeConstraint(("name", "="), using="btree")],
    "a foreign key": [sa.ForeignKeyConstraint(["id"], ["t.id"], ondelete="cascade", onupdate="SET NULL")],
    "a CHECK of an expression": [sa.CheckConstraint(sa.column("name") > sa.literal("a"))],
    "a CHECK that another system has": [sa.CheckConstraint("name > ''").ddl_if(dialect="sqlite")],
    "an index that another system has": [sa.Index("i", "name").ddl_if(dialect="sqlite")],
}


@pytest.mark.parametrize("items", TABLES.values(), ids=TABLES)
def test_what_a_table_has_beside_columns(items: list[Any]) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text), *items)
    digests(metadata)


def test_two_indexes_of_one_name() -> None:
    metadata = sa.MetaData()
    for name in ("one", "other"):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("at", sa.Date))
        sa.Index("same", metadata.tables[name].c.at)
    assert digests(metadata) is None, "the models are at fault: a whole check says so"


def test_schemas_and_enums_of_several_tables() -> None:
    metadata = sa.MetaData(schema="audit")
    for name, labels in (("one", ("a", "b")), ("other", ("b", "c"))):
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table(name, metadata, key, sa.Column("letter", sa.Enum(*labels, name="letter", schema="audit")))
    sa.Table(
        "plain", metadata, sa.Column("id", sa.ForeignKey("audit.one.id"), primary_key=True), schema=sa.BLANK_SCHEMA
    )
    found = digests(metadata)
    assert found is not None
    assert set(found["tables"]) == {"audit.one", "audit.other", "plain"}


def test_a_schema_without_quotes() -> None:
    """Its letters are small on the server; neither way knows that, and a whole check does."""
    schema = sa.sql.quoted_name("S3", False)
    metadata = sa.MetaData(schema=schema)
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True))
    digests(metadata)


def test_what_mappers_do() -> None:
    """A discriminator, a version counter, columns that no class maps, and what a class computes."""
    metadata = sa.MetaData()
    for name in ("kinds", "versions", "parts", "computed", "plain"):
        columns = [sa.Column(each, sa.Text) for each in ("kind", "note")]
        key = sa.Column("id", sa.Integer, primary_key=True)
        sa.Table(name, metadata, key, *columns, sa.Column("version", sa.Integer))
    tables = metadata.tables
    held = registry(metadata=metadata)
    made = [type(name.title(), (), {}) for name in tables]
    options: list[dict[str, Any]] = [
        {"polymorphic_on": tables["kinds"].c.kind, "polymorphic_identity": "kind"},
        {"version_id_col": tables["versions"].c.version},
        {"exclude_properties": ["note"]},
        {"properties": {"loud": column_property(sa.func.upper(tables["computed"].c.note))}},
        {},
    ]
    for cls, name, given in zip(made, tables, options, strict=True):
        held.map_imperatively(cls, tables[name], **given)
    found = digests(metadata)
    assert found is not None
    assert [name for name, digest in found["tables"].items() if digest is None] == ["kinds", "versions", "computed"]


def test_relationships_without_a_foreign_key() -> None:
    """Over types that are compared the digests say enough; of others both tables are looked at."""
    metadata = sa.MetaData()
    for name, type_ in (("orders", sa.Integer), ("lines", sa.BigInteger), ("notes", sa.Uuid)):
        sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("order_id", type_))
    orders, lines, notes = metadata.tables.values()
    held = registry(metadata=metadata)
    made = [type(name.title(), (), {}) for name in metadata.tables]
    held.map_imperatively(made[1], lines)
    held.map_imperatively(made[2], notes)

    def joined(*others: int) -> dict[str, Any]:
        return {
            f"of_{number}": relationship(
                made[number],
                primaryjoin=orders.c.id == foreign((lines, notes)[number - 1].c.order_id),
                viewonly=True,
            )
            for number in others
        }

    held.map_imperatively(made[0], orders, properties=joined(1))
    found = digests(metadata)
    assert found is not None
    assert None not in found["tables"].values()
    held.dispose()
    for number, table in enumerate((lines, notes), 1):
        held.map_imperatively(made[number], table)
    held.map_imperatively(made[0], orders, properties=joined(1, 2))
    found = digests(metadata)
    assert found is not None
    assert [name for name, digest in found["tables"].items() if digest is None] == ["orders", "notes"]


def test_upserts_that_no_key_serves() -> None:
    metadata = sa.MetaData()
    table = sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))
    found = digests(metadata, (Upsert(table.c.name),))
    assert found is None, "it is the only table"


def test_the_rest_is_what_the_models_expect_of_it() -> None:
    """Of the tables that no digest knows all is told, with the types of all tables."""
    metadata = alone(a(sa.Enum("a", "b", name="letters")))
    key = sa.Column("id", sa.Integer, primary_key=True)
    sa.Table("other", metadata, key, sa.Column("it", sa.Enum("b", "c", name="letters")))
    source: ModelsSource = source_of(metadata, (), ())
    parts = ByParts(source)
    parts.digests(WORDS, comments=True)
    whole = bare(source.expect(WORDS))
    rest = parts.rest(WORDS, {"t"})
    assert rest.tables == tuple(table for table in whole.tables if table.name.name == "other")
    assert rest.enums == whole.enums


class Base(DeclarativeBase):
    """With nothing registered."""


def test_no_table() -> None:
    assert digests(Base) is None
