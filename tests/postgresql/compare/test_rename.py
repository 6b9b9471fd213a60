"""Which missing and unknown columns and tables are suspected to be one that was renamed; and which are not."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa

from schema_guard.compare.likeness import likeness
from schema_guard.compare.rename import compare_renames, folded
from schema_guard.dialects import offline_dialect
from schema_guard.dialects.judge import Judge
from schema_guard.difference import (
    ColumnMissing,
    ColumnUnknown,
    Difference,
    Impact,
    RenameSuspected,
    TableMissing,
    TableUnknown,
)
from schema_guard.guard import Guard
from schema_guard.schema import Column, ForeignKey, Name, PrimaryKey, Schema, Table
from schema_guard.table_facts import TableFacts
from tests.postgres.database import Database

POSTGRESQL = offline_dialect("postgresql")


def columns(text: str) -> tuple[Column, ...]:
    """`id INTEGER!, name VARCHAR(20)`: ! is NOT NULL."""
    found = []
    for part in text.replace("(", "«").split(", "):
        name, _, type_ = part.replace("«", "(").partition(" ")
        found.append(Column(name, POSTGRESQL.type(type_.rstrip("!").lower()), nullable=not type_.endswith("!")))
    return tuple(found)


def table(name: str, text: str, *references: tuple[str, str]) -> Table:
    keys = tuple(ForeignKey(None, (column,), Name("public", target), ("id",)) for column, target in references)
    own = columns(text)
    return Table(Name("public", name), own, PrimaryKey(None, (own[0].name,)), foreign_keys=keys)


def of_columns(expected: Table, live: Table) -> list[Difference]:
    known = {column.name for column in expected.columns}
    missing = [
        ColumnMissing(impact=Impact.BREAKS, table=expected, column=column)
        for column in expected.columns
        if live.column(column.name) is None
    ]
    unknown = [
        ColumnUnknown(impact=Impact.NOTES if column.nullable else Impact.BREAKS, table=expected, column=column)
        for column in live.columns
        if column.name not in known
    ]
    return [*missing, *unknown]


def suspected(models: str, live: str, *references: tuple[str, str, str]) -> dict[str, str]:
    """New names by old ones."""
    expected = table("t", models, *((new, target) for _, new, target in references))
    actual = table("t", live, *((old, target) for old, _, target in references))
    differences = of_columns(expected, actual)
    judge = Judge(POSTGRESQL.rules)
    found = compare_renames(Schema(tables=(expected,)), Schema(tables=(actual,)), judge, differences)
    assert judge.open == [], "nothing is asked of the database for a suspicion"
    return {each.old: each.column.name for each in found if each.column is not None}


@pytest.mark.parametrize(
    ("models", "live", "renamed"),
    [
        ("id INTEGER!, full_name TEXT", "id INTEGER!, name TEXT", {"name": "full_name"}),
        ("id INTEGER!, name TEXT", "id INTEGER!, full_name TEXT", {"full_name": "name"}),
        ("id INTEGER!, a INTEGER, userName TEXT", "id INTEGER!, username TEXT, a INTEGER", {"username": "userName"}),
        ("id INTEGER!, a INTEGER, user_name TEXT", "id INTEGER!, userName TEXT, a INTEGER", {"userName": "user_name"}),
        ("id INTEGER!, tags TEXT[]", "id INTEGER!, tag TEXT[]", {"tag": "tags"}),
        ("id INTEGER!, category TEXT, a DATE", "a DATE, categories TEXT, id INTEGER!", {"categories": "category"}),
        ("id INTEGER!, created_at TIMESTAMP!", "id INTEGER!, created TIMESTAMP!", {"created": "created_at"}),
        ("id INTEGER!, created_on DATE!", "id INTEGER!, created_at DATE!", {"created_at": "created_on"}),
        ("id INTEGER!, x_total NUMERIC", "id INTEGER!, total NUMERIC, y DATE", {"total": "x_total"}),
        ("id INTEGER!, title TEXT, body TEXT", "id INTEGER!, headline TEXT, body TEXT", {"headline": "title"}),
        ("id INTEGER!, email TEXT!, b DATE", "id INTEGER!, mail TEXT!, b DATE", {"mail": "email"}),
        ("id INTEGER!, description TEXT", "id INTEGER!, desc TEXT", {"desc": "description"}),
        ("id INTEGER!, address TEXT", "id INTEGER!, adress TEXT", {"adress": "address"}),
        ("id INTEGER!, is_active BOOLEAN!", "id INTEGER!, active BOOLEAN!", {"active": "is_active"}),
        ("order_id INTEGER!, a TEXT", "id INTEGER!, a TEXT", {"id": "order_id"}),
        # several at once, one beside the other
        (
            "id INTEGER!, full_name VARCHAR(9), email VARCHAR(5), n DATE",
            "id INTEGER!, name VARCHAR(9), mail VARCHAR(5), n DATE",
            {"name": "full_name", "mail": "email"},
        ),
        # crosswise: each finds its own
        (
            "id INTEGER!, home_phone TEXT, work_email TEXT",
            "id INTEGER!, email TEXT, phone TEXT",
            {"phone": "home_phone", "email": "work_email"},
        ),
        # the best of several
        ("id INTEGER!, user_name TEXT", "id INTEGER!, name TEXT, userName TEXT", {"userName": "user_name"}),
        # the live type is wider
        ("id INTEGER!, full_name VARCHAR(9)", "id INTEGER!, name VARCHAR(99)", {"name": "full_name"}),
    ],
)
def test_a_rename_is_suspected(models: str, live: str, renamed: dict[str, str]) -> None:
    assert suspected(models, live) == renamed


@pytest.mark.parametrize(
    ("models", "live"),
    [
        # what was dropped and what was added have nothing to do with each other
        ("id INTEGER!, title TEXT, phone TEXT", "id INTEGER!, title TEXT, legacy_ref TEXT"),
        ("id INTEGER!, title TEXT, published BOOLEAN", "id INTEGER!, featured BOOLEAN, title TEXT"),
        ("id INTEGER!, a TEXT, subtitle TEXT", "id INTEGER!, isbn TEXT, a TEXT"),
        # telling words differ
        ("id INTEGER!, a TEXT, shipping_address TEXT", "id INTEGER!, billing_address TEXT, a TEXT"),
        ("id INTEGER!, a TEXT, updated_at TIMESTAMP", "id INTEGER!, created_at TIMESTAMP, a TEXT"),
        ("id INTEGER!, a TEXT, last_name TEXT", "id INTEGER!, first_name TEXT, a TEXT"),
        ("id INTEGER!, a TEXT, owner_id INTEGER", "id INTEGER!, user_id INTEGER, a TEXT"),
        ("id INTEGER!, a TEXT, price_gross NUMERIC", "id INTEGER!, price_net NUMERIC, a TEXT"),
        # given up on purpose, in the place of another
        ("id INTEGER!, phone TEXT, a TEXT", "id INTEGER!, legacy_ref TEXT, a TEXT"),
        ("id INTEGER!, phone TEXT, a TEXT", "id INTEGER!, old_import TEXT, a TEXT"),
        # another type
        ("id INTEGER!, full_name TEXT", "id INTEGER!, name INTEGER"),
        ("id INTEGER!, full_name VARCHAR(99)", "id INTEGER!, name VARCHAR(9)"),
        ("id INTEGER!, user_id INTEGER", "id INTEGER!, user_uuid UUID"),
        # a key is no plain column
        ("id INTEGER!, user_id INTEGER", "user_no INTEGER!, x TEXT"),
        # both are there, the unknown one is the younger
        ("id INTEGER!, full_name TEXT", "id INTEGER!, full_name TEXT, name TEXT"),
        ("id INTEGER!, title TEXT", "id INTEGER!, headline TEXT, title TEXT"),
        # only the order differs
        ("id INTEGER!, a TEXT, b TEXT", "id INTEGER!, b TEXT, a TEXT"),
    ],
)
def test_no_rename_is_suspected(models: str, live: str) -> None:
    assert suspected(models, live) == {}


def test_a_reference_to_the_same_table_speaks_for_it() -> None:
    models, live = "id INTEGER!, x TEXT, owner_id INTEGER", "id INTEGER!, x TEXT, user_id INTEGER"
    assert suspected(models, live) == {}
    assert suspected(models, live, ("user_id", "owner_id", "users")) == {"user_id": "owner_id"}


def test_names_that_could_be_it_as_well_are_named() -> None:
    expected = table("t", "id INTEGER!, a DATE, first_name TEXT, last_name TEXT")
    actual = table("t", "id INTEGER!, name TEXT, a DATE")
    [found] = compare_renames(
        Schema(tables=(expected,)), Schema(tables=(actual,)), Judge(POSTGRESQL.rules), of_columns(expected, actual)
    )
    assert (found.object, found.old, found.or_to) == ("public.t.first_name", "name", ("last_name",))


def test_the_empty_new_column_behind_the_old_one() -> None:
    assert suspected("id INTEGER!, full_name TEXT", "id INTEGER!, name TEXT, full_name TEXT") == {"name": "full_name"}


def test_the_empty_new_column_in_whose_place_the_old_one_stands() -> None:
    """It stands behind a column that the models put behind it, so it was added later, as apply adds it."""
    models = "id INTEGER!, title TEXT, body TEXT"
    assert suspected(models, "id INTEGER!, headline TEXT, body TEXT, title TEXT") == {"headline": "title"}
    assert suspected(models, "id INTEGER!, headline TEXT, title TEXT, body TEXT") == {}
    assert suspected(models, "id INTEGER!, legacy TEXT, body TEXT, title TEXT") == {}


def of_tables(models: Table, *others: tuple[str, str], there: bool = False, size: int = 0) -> list[RenameSuspected]:
    names = [Name("public", name) for name, _ in others]
    found: list[Difference] = [TableUnknown(impact=Impact.NOTES, name=name) for name in names]
    if not there:
        found.append(TableMissing(impact=Impact.BREAKS, table=models))
    from dataclasses import replace

    actual = Schema(
        tables=(replace(models, facts=TableFacts(bytes_estimate=size)),) if there else (),
        unknown_tables=tuple(names),
        unknown_columns=tuple((Name("public", name), columns(text)) for name, text in others),
    )
    return list(compare_renames(Schema(tables=(models,)), actual, Judge(POSTGRESQL.rules), found))


RUNS = table("runs", "id INTEGER!, payload TEXT, user_id INTEGER, created_at TIMESTAMP")


@pytest.mark.parametrize(
    ("old", "live"),
    [
        ("job", "id INTEGER!, payload TEXT, user_id INTEGER, created_at TIMESTAMP"),
        ("run", "id INTEGER!, payload TEXT, user_id INTEGER"),
        ("app_runs", "id INTEGER!, payload TEXT, user_id INTEGER, other DATE"),
        ("_alembic_tmp_runs", "id INTEGER!, payload TEXT, user_id INTEGER, created_at TIMESTAMP"),
    ],
)
def test_a_renamed_table_is_suspected(old: str, live: str) -> None:
    [found] = of_tables(RUNS, (old, live))
    assert (found.old, found.held_back, found.impact) == (old, True, Impact.BREAKS)


@pytest.mark.parametrize(
    ("models", "old", "live"),
    [
        (RUNS, "invoices", "id INTEGER!, total NUMERIC, created_at TIMESTAMP"),
        (RUNS, "job", "id INTEGER!, created_at TIMESTAMP"),
        (table("categories", "id INTEGER!, name TEXT"), "tags", "id INTEGER!, name TEXT"),
        (table("users", "id INTEGER!, email TEXT, born DATE"), "users_log", "id INTEGER!, entry TEXT, at TIMESTAMP"),
    ],
)
def test_another_table_is_not_suspected(models: Table, old: str, live: str) -> None:
    assert of_tables(models, (old, live)) == []


def test_a_table_that_is_there_is_only_suspected_while_it_takes_no_room() -> None:
    same = ("job", "id INTEGER!, payload TEXT, user_id INTEGER, created_at TIMESTAMP")
    [found] = of_tables(RUNS, same, there=True)
    assert (found.impact, found.missing) == (Impact.WEAKENS, None)
    assert of_tables(RUNS, same, there=True, size=8192) == []


def test_one_finding_stands_for_both() -> None:
    expected, actual = table("t", "id INTEGER!, full_name TEXT"), table("t", "id INTEGER!, name TEXT")
    differences = of_columns(expected, actual)
    judge = Judge(POSTGRESQL.rules)
    found = compare_renames(Schema(tables=(expected,)), Schema(tables=(actual,)), judge, differences)
    planned, covered = folded((*differences, *found))
    assert [each.code for each in planned if not each.left_alone] == ["column-missing", "rename-suspected"]
    assert [each.code for each in planned if each.key not in covered] == ["rename-suspected"]
    assert folded(differences) == (tuple(differences), frozenset()), "without the suspicion nothing is covered"


@pytest.mark.parametrize("names", [("name", "full_name"), ("a_b", "b_a"), ("email", "mail"), ("qty", "quantity")])
def test_likeness_is_the_same_both_ways(names: tuple[str, str]) -> None:
    assert likeness(*names) == likeness(*reversed(names)) > 0.5


def test_a_name_in_another_unicode_form_is_the_same_name() -> None:
    """An accent as a character of its own, as file systems and keyboards write it: nobody sees the difference."""
    composed, decomposed = (unicodedata.normalize(form, "größe") for form in ("NFC", "NFD"))
    assert composed != decomposed
    expected, actual = (
        table("t", f"id INTEGER!, b TEXT, {composed} INTEGER"),
        table("t", f"id INTEGER!, {decomposed} INTEGER, b TEXT, c TEXT"),
    )
    differences = of_columns(expected, actual)
    (found,) = compare_renames(
        Schema(tables=(expected,)), Schema(tables=(actual,)), Judge(POSTGRESQL.rules), differences
    )
    assert found.old == decomposed
    assert found.headline.endswith(f"perhaps renamed from {decomposed} (the same letters in another Unicode form)")


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
@pytest.mark.newest_postgres
def test_a_view_of_a_table_is_not_what_became_of_it(postgres_database: Database, kind: str) -> None:
    """A view has no rows of its own, and so no pages."""
    metadata = sa.MetaData()
    columns = (sa.Column("id", sa.Integer, primary_key=True), sa.Column("total", sa.Integer))
    sa.Table("orders", metadata, *columns, info={"is_view": True})
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE orders_all (id serial PRIMARY KEY, total integer)")
        connection.execute("INSERT INTO orders_all (total) VALUES (1)")
        connection.execute(f"CREATE {kind} orders AS SELECT * FROM orders_all WHERE total < 0".encode())
    report = Guard(metadata).check(postgres_database.url)
    assert [finding.difference.code for finding in report.findings] == ["table-unknown"]
