"""What is found of a type once holds for each column whose type says the same."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard.schema import Schema
from schema_guard.sources.placeholders import freezing_words
from schema_guard.sources.sqlalchemy.source import source_of
from schema_guard.sources.sqlalchemy.type_facts import _PLAIN, _arguments


@pytest.mark.parametrize("kind", sorted(_PLAIN))
def test_all_that_two_of_a_kind_can_differ_in_is_known(kind: str) -> None:
    """Whichever arguments this SQLAlchemy knows."""
    given = dict.fromkeys(_arguments(getattr(sa, kind)), 7)
    type_ = getattr(sa, kind)(**given)
    assert {name: getattr(type_, name) for name in given} == given, "each is kept in an attribute of its name"


def expected(system: str, *types: Any) -> Schema:
    metadata = sa.MetaData()
    columns = (sa.Column(f"c{number}", type_) for number, type_ in enumerate(types))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    version = {"postgresql": 180000, "sqlite": 3045000}[system]
    return source_of(metadata, (), ()).expect(freezing_words(system, version))


@pytest.mark.parametrize("system", ["postgresql", "sqlite"])
def test_types_that_say_something_else_are_told_apart(system: str) -> None:
    pairs = [
        (sa.String(10), sa.String(20)),
        (sa.String(10), sa.String(10, collation="C")),
        (sa.Numeric(10, 2), sa.Numeric(10, 2, asdecimal=False)),
        (sa.DateTime(), sa.DateTime(timezone=True)),
        (sa.Enum("a", "b", name="e"), sa.Enum("a", "c", name="f")),
        (sa.String(10), sa.String(10).with_variant(sa.Text(), system)),
        (sa.Uuid(), sa.Uuid(native_uuid=False)),
        (sa.Uuid(), sa.Uuid(as_uuid=False)),
    ]
    for pair in pairs:
        _, one, other = expected(system, *pair).tables[0].columns
        apart = [(each.type, each.collation, each.reads, each.values) for each in (one, other)]
        assert apart[0] != apart[1] or system == "sqlite", pair
        for each, column in zip(pair, (one, other), strict=True):
            alone = expected(system, each).tables[0].columns[1]
            assert (alone.type, alone.collation, alone.reads, alone.values, alone.labels) == (
                column.type,
                column.collation,
                column.reads,
                column.values,
                column.labels,
            )


HOOK = """
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

@compiles(sa.String, "postgresql")
def by_column(type_, compiler, **kw):
    return "TEXT" if kw["type_expression"].name == "long" else compiler.visit_string(type_, **kw)

metadata = sa.MetaData()
sa.Table("t", metadata, sa.Column("short", sa.String(9)), sa.Column("long", sa.String(9)))
from schema_guard.sources.placeholders import freezing_words
from schema_guard.sources.sqlalchemy.source import source_of
found = source_of(metadata, (), ()).expect(freezing_words("postgresql", 180000))
print(*(column.type.text for column in found.tables[0].columns))
"""


def test_an_application_that_compiles_a_type_of_sqlalchemys_itself() -> None:
    """By the column: it is asked for each."""
    done = subprocess.run([sys.executable, "-c", HOOK], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["VARCHAR(9)", "TEXT"]
