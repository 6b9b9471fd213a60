"""What is excluded is taken out of the expectation, with what only that needs."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.dialects import offline_dialect
from schema_guard.errors import ConfigurationError
from schema_guard.names import DefaultSchema, Name
from schema_guard.revision.write.file import text_for_everything
from schema_guard.schema import (
    Check,
    Column,
    Enum,
    Fill,
    ForeignKey,
    Index,
    IndexElement,
    Problem,
    Schema,
    Sequence,
    Table,
    Type,
    TypeKind,
)
from schema_guard.scope import Scope
from schema_guard.selector import selectors_of

PUBLIC = DefaultSchema("public")
INTEGER = Type("INTEGER", "integer")
MOOD = Type("mood", "mood", "audit", kind=TypeKind.ENUM)


def name(text: str) -> Name:
    schema, _, own = text.rpartition(".")
    return Name(schema or PUBLIC, own)


def index(called: str, *columns: str) -> Index:
    return Index(called, tuple(IndexElement(column) for column in columns))


ORDERS = Table(
    name("orders"),
    (Column("id", INTEGER, sequence=name("ids")), Column("total", INTEGER), Column("event", INTEGER)),
    checks=(Check("ck_total", "total > 0"), Check("ck_id", "id > 0")),
    foreign_keys=(ForeignKey("fk_event", ("event",), name("audit.events"), ("id",)),),
    indexes=(
        index("ix_total", "total"),
        index("legacy_ix", "id"),
        Index("ix_x", (IndexElement("abs(total)", is_expression=True),)),
    ),
)
EVENTS = Table(name("audit.events"), (Column("id", INTEGER, sequence=name("audit.ids")), Column("mood", MOOD)))
WHOLE = Schema(
    tables=(ORDERS, EVENTS),
    enums=(Enum(name("audit.mood"), ("a",)),),
    sequences=(Sequence(name("ids")), Sequence(name("audit.ids")), Sequence(name("free"))),
    fills=(Fill(ORDERS.name, EVENTS.name, ("event",), (), "", "", "", ""),),
    schemas=("public", "audit"),
    problems=(Problem("audit.events.x", "cannot be written"), Problem("orders.total", "neither")),
)


def left_out(*exclude: str, include: tuple[str, ...] = ()) -> set[str]:
    scope = Scope(selectors_of(include), selectors_of(exclude))
    return {str(each) for each in scope.guarded(WHOLE, "public").left_out}


EVENTS_GONE = {"table audit.events", "type audit.mood", "sequence audit.ids"}


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("audit.events", EVENTS_GONE),
        ("table:audit.*", EVENTS_GONE),
        ("audit.*", EVENTS_GONE),
        ("schema:audit", EVENTS_GONE),
        ("schema:aud", set()),
        ("events", set()),
        ("public.orders", {"table orders", "sequence ids"}),
        ("orders", {"table orders", "sequence ids"}),
        ("index:legacy_*", {"index orders.legacy_ix"}),
        ("index:orders.legacy_ix", {"index orders.legacy_ix"}),
        ("index:public.orders.legacy_ix", {"index orders.legacy_ix"}),
        ("legacy_ix", set()),
        ("constraint:*_event", {"constraint orders.fk_event"}),
        (
            "column:orders.total",
            {"column orders.total", "index orders.ix_total", "index orders.ix_x", "constraint orders.ck_total"},
        ),
        ("column:event", {"column orders.event", "constraint orders.fk_event"}),
        ("type:*", {"type audit.mood"}),
        ("sequence:free", {"sequence free"}),
    ],
)
def test_what_a_pattern_takes_out(pattern: str, gone: set[str]) -> None:
    assert left_out(pattern) == gone


def test_what_is_included_brings_what_it_needs() -> None:
    assert left_out(include=("orders",)) == EVENTS_GONE
    assert left_out("orders", include=("orders",)) == {*EVENTS_GONE, "table orders", "sequence ids"}


def test_what_refers_to_it_stays_and_is_inspected() -> None:
    guarded = Scope((), selectors_of("audit.*")).guarded(WHOLE, "public")
    assert guarded.expected.tables == (ORDERS,)
    assert [table.name for table in guarded.to_inspect.tables] == [ORDERS.name, EVENTS.name]
    assert guarded.expected.fills == ()
    assert guarded.expected.schemas == ("public",)
    assert [problem.object for problem in guarded.expected.problems] == ["orders.total"]
    assert guarded.with_absent(Schema(tables=(ORDERS,))).absent_tables == (EVENTS.name,)


def test_without_patterns_nothing_changes() -> None:
    guarded = Scope().guarded(WHOLE, "public")
    assert guarded.expected is WHOLE
    assert guarded.left_out == ()


def test_the_place_of_higher_rank_includes_and_all_places_exclude() -> None:
    high, low = Scope(selectors_of("a"), selectors_of("b")), Scope(selectors_of("c"), selectors_of("d"))
    assert str(high.over(low)) == str(Scope(selectors_of("a"), selectors_of("b, d")))
    assert Scope().over(low) == low


METADATA = sa.MetaData()
sa.Table("orders", METADATA, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("legacy", METADATA, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("own", METADATA, sa.Column("id", sa.Integer, primary_key=True), info={"schema_guard": "ignore"})


@pytest.mark.parametrize("pattern", ["legacy", "public.legacy, main.legacy", "schema:none, table:l*"])
def test_a_guard_and_its_revision_know_it(pattern: str) -> None:
    guard = Guard(METADATA, exclude=[pattern])
    for system in ("postgresql", "sqlite"):
        assert [table.name.name for table in guard.expected(offline_dialect(system)).tables] == ["orders"]
    text = text_for_everything(guard).upgrade
    assert "orders" in text
    assert "legacy" not in text
    assert "own" not in text


def test_patterns_that_are_none() -> None:
    for arguments, says in (
        ({"exclude": 3}, "exclude=..\\): expected a list"),
        ({"include": ["index:a"]}, "include=..\\): 'index:a'"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            Guard(METADATA, **arguments)
