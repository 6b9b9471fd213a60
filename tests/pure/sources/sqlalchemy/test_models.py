"""Models are found wherever applications keep them, and what they leave unqualified is known."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Column, MetaData, Table
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import declarative_base, registry

from schema_guard.errors import TargetError
from schema_guard.schema import ForeignKey, IndexElement, Name, Relation, Unique
from schema_guard.sources.sqlalchemy.models import expect, models_of, names_to_locate
from tests.pure.sources.sqlalchemy import zoo
from tests.pure.sources.sqlalchemy.words import PlainWords, postgresql_words, sqlite_words


def names(models: Any) -> list[str]:
    return sorted(table.fullname for table in models_of(models).tables)


def test_a_metadata_a_base_and_a_registry() -> None:
    base = declarative_base()
    reg = registry()
    Table("by_base", base.metadata, Column("id", sa.Integer, primary_key=True))
    Table("by_registry", reg.metadata, Column("id", sa.Integer, primary_key=True))
    assert names(base) == names(base.metadata) == ["by_base"]
    assert names(reg) == ["by_registry"]
    assert names([base, reg, base.metadata]) == ["by_base", "by_registry"]


def test_a_table_stands_for_itself_alone() -> None:
    metadata = zoo.cycle()
    assert names(metadata.tables["hen"]) == ["hen"]
    assert names([metadata.tables["hen"], metadata]) == ["egg", "hen"]


def test_flask_sqlalchemy_stands_for_its_default_bind() -> None:
    db = SQLAlchemy()
    app = Flask("x")
    app.config.update(SQLALCHEMY_DATABASE_URI="sqlite://", SQLALCHEMY_BINDS={"other": "sqlite://"})
    db.init_app(app)
    here = type("Here", (db.Model,), {"id": Column(sa.Integer, primary_key=True)})
    type("There", (db.Model,), {"id": Column(sa.Integer, primary_key=True), "__bind_key__": "other"})
    assert names(db) == names(db.Model) == names(app) == names(here) == ["here"]
    assert names(db.metadatas["other"]) == ["there"]


def test_tables_that_come_later_count() -> None:
    metadata = MetaData()
    models = models_of(metadata)
    assert models.tables == ()
    Table("late", metadata, Column("id", sa.Integer, primary_key=True))
    assert [str(table.name) for table in models_of(models).tables] == ["late"]


@pytest.mark.parametrize("wrong", [None, 5, "app:db", object, sa.create_engine("sqlite://"), [], [MetaData(), 3]])
def test_anything_else_is_named(wrong: Any) -> None:
    with pytest.raises(TargetError):
        models_of(wrong)


def test_names_that_the_search_path_decides() -> None:
    words = postgresql_words()
    assert names_to_locate(models_of(zoo.two_schemas()), words) == (["account"], ["account_kind", "state"])
    relations, types = names_to_locate(models_of(zoo.postgresql_only()), words)
    assert relations == ["log", "loose", "special"]
    assert types == []


def test_types_of_extensions_are_names_too() -> None:
    class Vector(sa.types.UserDefinedType[Any]):
        cache_ok = True

        def get_col_spec(self, **_: Any) -> str:
            return "VECTOR(3)"

    class Qualified(sa.types.UserDefinedType[Any]):
        cache_ok = True

        def get_col_spec(self, **_: Any) -> str:
            return 'app."My Type"'

    metadata = MetaData()
    Table("t", metadata, Column("a", Vector), Column("b", Qualified), Column("c", pg.CITEXT), Column("d", sa.String(3)))
    assert names_to_locate(models_of(metadata), postgresql_words())[1] == ["My Type"]


def test_names_are_resolved_by_the_words() -> None:
    words = postgresql_words({"hen": "farm", "egg": "public"})
    found = expect(models_of(zoo.cycle()), [], words)
    hen, egg = found.tables
    assert (hen.name, egg.name) == (Name("farm", "hen"), Name("public", "egg"))
    assert hen.foreign_keys[0].target == Name("public", "egg")
    assert "REFERENCES public.egg" in hen.foreign_keys[0].ddl
    assert hen.ddl.startswith("CREATE TABLE farm.hen (")
    assert found.schemas == ("farm", "public")


def test_foreign_keys_stand_inside_of_the_table_only_where_they_cannot_be_added() -> None:
    later = expect(models_of(zoo.cycle()), [], postgresql_words()).tables[0]
    inside = expect(models_of(zoo.cycle()), [], sqlite_words()).tables[0]
    assert "FOREIGN KEY" not in later.ddl
    assert later.inline_foreign_keys == ()
    assert "FOREIGN KEY" in inside.ddl
    assert inside.inline_foreign_keys == inside.foreign_keys


@pytest.mark.parametrize("words", [postgresql_words(), sqlite_words()], ids=lambda words: words.name)
def test_foreign_keys_in_a_circle_are_expected_after_create_all_too(words: PlainWords) -> None:
    """It adds them after their tables, and lets CREATE TABLE in the same process leave them out from then on."""
    metadata = zoo.cycle()
    before = expect(models_of(metadata), [], words)
    metadata.create_all(sa.create_mock_engine("postgresql+psycopg://", lambda *_, **__: None), checkfirst=False)
    after = expect(models_of(metadata), [], words)
    assert [table.foreign_keys for table in after.tables] == [table.foreign_keys for table in before.tables]
    assert [_spaced(table.ddl) for table in after.tables] == [_spaced(table.ddl) for table in before.tables]


def _spaced(ddl: str) -> str:
    return " ".join(ddl.split())


def test_foreign_keys_say_their_actions() -> None:
    child = expect(models_of(zoo.constraints()), [], postgresql_words()).tables[1]
    keys = {key.columns: key for key in child.foreign_keys}
    assert keys["parent_id",] == ForeignKey(
        "fk_child_parent_id_parent",
        ("parent_id",),
        Name(None, "parent"),
        ("id",),
        on_delete="CASCADE",
        on_update="SET NULL",
        ddl="CONSTRAINT fk_child_parent_id_parent FOREIGN KEY(parent_id) REFERENCES parent (id) "
        "ON DELETE cascade ON UPDATE SET NULL",
    )
    assert (keys["boss_id",].deferrable, keys["boss_id",].initially_deferred) == (True, True)
    assert keys["a", "b"].match == "FULL"


def test_sqlite_reads_match_and_does_as_with_simple() -> None:
    child = expect(models_of(zoo.constraints()), [], sqlite_words()).tables[1]
    assert {key.match for key in child.foreign_keys} == {"SIMPLE"}


def test_constraint_names_follow_the_convention() -> None:
    parent = expect(models_of(zoo.constraints()), [], postgresql_words()).tables[0]
    assert parent.primary_key is not None
    assert parent.primary_key.name == "pk_parent"
    assert {unique.name for unique in parent.uniques} == {"uq_parent_code", "uq_parent_a_b"}
    assert {check.name for check in parent.checks} == {"ck_parent_price_positive", "ck_parent_ordered"}
    assert {check.expression for check in parent.checks} == {"price > 0", "a < b OR b IN (1, 2, 3)"}
    plain = expect(models_of(zoo.keys()), [], postgresql_words()).tables[0]
    assert plain.primary_key is not None
    assert plain.primary_key.name is None


def test_index_keys_are_taken_apart() -> None:
    tables = expect(models_of(zoo.postgresql_only()), [], postgresql_words()).tables
    indexes = {index.name: index for index in tables[0].indexes}
    assert indexes["ix_nulls"].elements == (
        IndexElement("room", descending=True, nulls_first=False),
        IndexElement("body", collation="C"),
    )
    gin = indexes["ix_gin"]
    assert (gin.method, gin.elements) == ("gin", (IndexElement("data", operator_class="jsonb_path_ops"),))
    assert indexes["ix_include"].include == ("body",)
    assert indexes["ix_include"].options == ("fillfactor=70",)
    assert indexes["ix_key"].elements == (IndexElement("data ->> 'name'", is_expression=True),)
    assert indexes["ix_partial_text"].where == "body LIKE 'a%'"
    assert tables[1].relation is Relation.PARTITIONED


@pytest.mark.parametrize(
    ("text", "element"),
    [
        ("lower(name)", IndexElement("lower(name)", is_expression=True)),
        ("lower(name) DESC", IndexElement("lower(name)", is_expression=True, descending=True, nulls_first=True)),
        ("name", IndexElement("name")),
        ("Name desc nulls last", IndexElement("name", descending=True)),
        ("name gin_trgm_ops", IndexElement("name", operator_class="gin_trgm_ops")),
        ('name COLLATE "C"', IndexElement("name", collation="C")),
        (
            "lower(name) text_pattern_ops",
            IndexElement("lower(name)", is_expression=True, operator_class="text_pattern_ops"),
        ),
        ("(a || b)", IndexElement("(a || b)", is_expression=True)),
    ],
)
def test_index_keys_given_as_text_are_taken_apart(text: str, element: IndexElement) -> None:
    metadata = MetaData()
    table = Table("t", metadata, Column("id", sa.Integer, primary_key=True), Column("name", sa.String))
    sa.Index("ix", sa.text(text), _table=table)
    assert expect(models_of(metadata), [], postgresql_words()).tables[0].indexes[0].elements == (element,)


def test_uniques_say_what_postgresql_adds() -> None:
    metadata = MetaData()
    unique = sa.UniqueConstraint(
        "a", name="u", postgresql_nulls_not_distinct=True, postgresql_include=["b"], initially="DEFERRED"
    )
    Table("t", metadata, Column("a", sa.Integer), Column("b", sa.Integer), unique)
    (found,) = expect(models_of(metadata), [], postgresql_words()).tables[0].uniques
    assert found == Unique(
        "u", ("a",), deferrable=True, initially_deferred=True, nulls_not_distinct=True, include=("b",),
        ddl="CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a) INCLUDE (b) INITIALLY DEFERRED",
    )  # fmt: skip


def test_sqlite_tables_say_what_they_are() -> None:
    tables = {table.name.name: table for table in expect(models_of(zoo.sqlite_only()), [], sqlite_words()).tables}
    assert tables["rowless"].without_rowid
    assert tables["strict"].strict
    assert not tables["counted"].strict
    assert "AUTOINCREMENT" in tables["counted"].ddl


def test_temporary_tables_are_not_expected() -> None:
    assert "scratch" not in names(zoo.postgresql_only())


def test_percent_signs_are_not_doubled_and_the_applications_dialect_stays_as_it_was() -> None:
    words = postgresql_words()
    found = expect(models_of(zoo.defaults()), [], words).tables[0].column("text")
    assert found is not None
    assert found.default == "'it''s 100% %s'"
    table = zoo.names().tables["per%cent"]
    assert "%%" in str(sa.schema.CreateTable(table).compile(dialect=words.sqlalchemy))
    assert "%%" not in expect(models_of(table), [], words).tables[0].ddl


@pytest.mark.parametrize(
    "attributes",
    [
        {"x": Column(sa.Integer)},
        {"id": Column(sa.Integer, primary_key=True), "__mapper_args__": {"polymorphic_on": "nothing"}},
    ],
    ids=["without a primary key", "without its discriminator"],
)
def test_a_class_whose_mapping_failed_elsewhere_in_the_process_does_no_harm(attributes: dict[str, Any]) -> None:
    """SQLAlchemy keeps what was begun: a table, and no mapper or half of one."""
    base = declarative_base()
    with pytest.raises(sa.exc.ArgumentError) as failed:
        type("Failed", (base,), {"__tablename__": "failed", **attributes})
    good = type("Good", (base,), {"__tablename__": "good", "id": Column(sa.Integer, primary_key=True)})
    tables = expect(models_of(base), (), sqlite_words()).tables
    assert [table.mapped_by for table in tables if table.name.name == "good"] == [(good.__name__,)]
    assert failed.value is not None
