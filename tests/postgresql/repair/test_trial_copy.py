"""What the server refuses of a definition is refused before it is tried: the server tried it on a copy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, ExcludeConstraint
from sqlalchemy.schema import SchemaItem

from schema_guard.guard import Guard
from schema_guard.plan import Plan
from schema_guard.report import Outcome, Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

LIVE = "CREATE TABLE t (id serial PRIMARY KEY, n int); INSERT INTO t (n) SELECT 1 FROM generate_series(1, 3)"


def models(*items: SchemaItem, **options: Any) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("n", Integer), *items, **options)
    return metadata


Items = Callable[[], Sequence[SchemaItem]]

CONSTRAINTS: dict[str, tuple[Items, str]] = {
    "a subquery": (lambda: [CheckConstraint("n IN (SELECT 1)", name="x")], "cannot use subquery in check constraint"),
    "an aggregate": (lambda: [CheckConstraint("sum(n) > 0", name="x")], "aggregate functions are not allowed in"),
    "a window function": (
        lambda: [CheckConstraint("row_number() OVER () > 0", name="x")],
        "window functions are not allowed in check constraints",
    ),
    "a number": (lambda: [CheckConstraint("n + 1", name="x")], "argument of CHECK must be type boolean"),
    "an unknown column": (lambda: [CheckConstraint("m > 1", name="x")], 'column "m" does not exist'),
    "no SQL": (lambda: [CheckConstraint("n > > (", name="x")], "syntax error at"),
    "without a name": (lambda: [CheckConstraint("n + 1")], "argument of CHECK must be type boolean"),
    "unique of json": (
        lambda: [Column("j", sa.JSON), UniqueConstraint("j", name="x")],
        'data type json has no default operator class for access method "btree"',
    ),
}
INDEXES: dict[str, tuple[Items, str]] = {
    "a volatile expression": (
        lambda: [Index("x", text("(n * random())"))],
        "functions in index expression must be marked IMMUTABLE",
    ),
    "a condition that is a number": (
        lambda: [Index("x", "n", postgresql_where=text("n"))],
        "argument of WHERE must be type boolean",
    ),
    "a condition on an unknown column": (
        lambda: [Index("x", "n", postgresql_where=text("m > 1"))],
        'column "m" does not exist',
    ),
    "a collation that the server lacks": (
        lambda: [Column("c", sa.Text), Index("x", text('c COLLATE "xx_YY"'))],
        'collation "xx_YY" for encoding "UTF8" does not exist',
    ),
    "another type's operator class": (
        lambda: [Index("x", "n", postgresql_ops={"n": "text_pattern_ops"})],
        'operator class "text_pattern_ops" does not accept data type integer',
    ),
    "an unknown storage parameter": (
        lambda: [Index("x", "n", postgresql_with={"fillfactr": 70})],
        'unrecognized parameter "fillfactr"',
    ),
    "an unknown tablespace": (
        lambda: [Index("x", "n", postgresql_tablespace="fast")],
        'tablespace "fast" does not exist',
    ),
}
DEFAULTS: dict[str, tuple[str, str]] = {
    "another column": ("n", "cannot use column reference in DEFAULT expression"),
    "a subquery": ("(SELECT 1)", "cannot use subquery in DEFAULT expression"),
    "an aggregate": ("sum(1)", "aggregate functions are not allowed in DEFAULT expressions"),
    "another type": ("now()", "but default expression is of type timestamp with time zone"),
    "no number": ("'abc'", "invalid input syntax for type integer"),
}
COLUMNS: dict[str, tuple[Items, str]] = {
    "too many digits": (lambda: [Column("x", sa.Numeric(2000))], "NUMERIC precision 2000 must be between 1 and 1000"),
    "too long": (lambda: [Column("x", String(20_000_000))], "cannot exceed 10485760"),
    "computed by a function that is not immutable": (
        lambda: [Column("x", sa.Text, Computed("now()::text", persisted=True))],
        "generation expression is not immutable",
    ),
    "computed by an aggregate": (
        lambda: [Column("x", Integer, Computed("sum(n)", persisted=True))],
        "aggregate functions are not allowed in column generation expressions",
    ),
}


def bookings() -> list[SchemaItem]:
    return [Column("during", DATERANGE), ExcludeConstraint(("n", "="), ("during", "&&"), name="x", using="gist")]


def told(found: Plan | Report) -> dict[str, str]:
    """Reasons by the differences' codes."""
    refusals = found.refusals if isinstance(found, Plan) else [f.refusal for f in found.findings if f.refusal]
    return {refusal.difference.code: refusal.reason for refusal in refusals if refusal}


def tried_in_vain(report: Report) -> list[str]:
    return [result.message for result in report.results if result.outcome is not Outcome.DONE]


def assert_said(found: dict[str, str], code: str, said: str) -> None:
    assert list(found) == [code]
    assert found[code].startswith("the server refuses it: ")
    assert said in found[code]


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", [LIVE, ""], ids=["live", "missing"])
@pytest.mark.parametrize("case", CONSTRAINTS)
def test_a_constraint_that_the_server_refuses(postgres_database: Database, case: str, before: str) -> None:
    """A missing table comes without it."""
    items, said = CONSTRAINTS[case]
    prepare(postgres_database, before or "SELECT")
    report = apply(postgres_database, models(*items()))
    assert tried_in_vain(report) == []
    assert_said(told(report), "unique-missing" if "UNIQUE" in case.upper() else "check-missing", said)


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", [LIVE, ""], ids=["live", "missing"])
@pytest.mark.parametrize("case", INDEXES)
def test_an_index_that_the_server_refuses(postgres_database: Database, case: str, before: str) -> None:
    items, said = INDEXES[case]
    prepare(postgres_database, before or "SELECT")
    report = apply(postgres_database, models(*items()))
    assert tried_in_vain(report) == []
    assert_said(told(report), "index-missing", said)


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", [LIVE, "", f"{LIVE}; ALTER TABLE t ADD x int"], ids=["live", "missing", "there"])
@pytest.mark.parametrize("case", DEFAULTS)
def test_a_default_that_the_server_refuses(postgres_database: Database, case: str, before: str) -> None:
    """Its column comes without it."""
    default, said = DEFAULTS[case]
    prepare(postgres_database, before or "SELECT")
    report = apply(postgres_database, models(Column("x", Integer, server_default=text(default))))
    assert tried_in_vain(report) == []
    assert_said(told(report), "default-differs", said)


@pytest.mark.every_postgres
@pytest.mark.parametrize("before", [LIVE, ""], ids=["live", "missing"])
@pytest.mark.parametrize("case", COLUMNS)
def test_a_column_that_the_server_refuses(postgres_database: Database, case: str, before: str) -> None:
    """Its table would break the application without it, and is refused."""
    items, said = COLUMNS[case]
    prepare(postgres_database, before or "SELECT")
    report = apply(postgres_database, models(*items()))
    assert tried_in_vain(report) == []
    assert_said(told(report), "column-missing" if before else "table-missing", said)


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"postgresql_with": {"fillfactr": 70}}, 'unrecognized parameter "fillfactr"'),
        ({"postgresql_tablespace": "fast"}, 'tablespace "fast" does not exist'),
        ({"postgresql_partition_by": "RANGE (n)"}, "must include all partitioning columns"),
        ({"postgresql_partition_by": "RANGE (m)"}, 'column "m" named in partition key does not exist'),
    ],
)
def test_a_table_that_the_server_refuses(postgres_database: Database, options: dict[str, object], said: str) -> None:
    report = apply(postgres_database, models(**options))
    assert not report.results or "partition" in said
    assert any(said in reason for reason in told(report).values())


@pytest.mark.every_postgres
def test_a_part_of_a_type_in_a_closed_schema(postgres_database: Database) -> None:
    """The role may use the table, but not the schema of the type that the models name."""
    role = f"r_{postgres_database.name}"
    prepare(postgres_database, f"CREATE ROLE {role} LOGIN; CREATE SCHEMA kinds; CREATE TYPE kinds.mood AS ENUM ('a')")
    try:
        prepare(postgres_database, f"{LIVE}; ALTER TABLE t OWNER TO {role}; GRANT ALL ON SCHEMA public TO {role}")
        url = postgres_database.server.url(postgres_database.name, user=role)
        metadata = models(Column("mood", sa.Enum("a", name="mood", schema="kinds", create_type=False)))
        (refusal,) = Guard(metadata).plan(url).refusals
        assert refusal.reason == "the server refuses it: permission denied for schema kinds"
        assert refusal.advice == ("GRANT USAGE ON SCHEMA kinds TO ..;",)
        prepare(postgres_database, refusal.advice[0].replace("..", role))
        assert Guard(metadata).apply(url).satisfied
    finally:
        prepare(postgres_database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_nothing_is_left_and_the_table_is_not_locked(postgres_database: Database) -> None:
    """Somebody who holds the strongest lock on another table's parent is not waited for either."""
    prepare(postgres_database, LIVE)
    metadata = models(Column("j", sa.JSON), UniqueConstraint("j", name="x"), Index("i", text("(random())")))
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE")
        found = plan(postgres_database, metadata)
        assert {refusal.difference.code for refusal in found.refusals} == {"unique-missing", "index-missing"}
    with postgres_database.connect() as connection:
        left = (
            "SELECT count(*) FROM pg_class WHERE relpersistence = 't' OR relnamespace::regnamespace::text ~ '^pg_temp'"
        )
        assert connection.execute(left).fetchone() == (0,)


@pytest.mark.parametrize("why", ["no privilege", "read-only"])
def test_where_no_copy_can_be_made_nothing_is_refused_for_it(postgres_database: Database, why: str) -> None:
    """What is not known is not said."""
    role = f"r_{postgres_database.name}"
    prepare(postgres_database, f"{LIVE}; CREATE ROLE {role} LOGIN; ALTER TABLE t OWNER TO {role}")
    try:
        if why == "read-only":
            prepare(postgres_database, f"ALTER ROLE {role} SET default_transaction_read_only = on")
        else:
            prepare(postgres_database, f"REVOKE TEMP ON DATABASE {postgres_database.name} FROM public")
        url = postgres_database.server.url(postgres_database.name, user=role)
        found = Guard(models(CheckConstraint("sum(n) > 0", name="x"))).plan(url)
        assert not found.survey.rejections
        assert bool(found.steps) is (why == "no privilege")
    finally:
        prepare(postgres_database, f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_what_the_plan_makes_first_is_not_missed(postgres_database: Database) -> None:
    """A column's new type, a new column, an enum and its new label."""
    prepare(postgres_database, "CREATE TYPE mood AS ENUM ('sad')")
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, n varchar(4), m mood, flag int)")
    metadata = MetaData()
    Table(
        "t",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("n", String(9)),
        Column("m", sa.Enum("sad", "glad", name="mood"), server_default="glad"),
        Column("flag", Integer),
        Column("kind", sa.Enum("a", "b", name="kind"), server_default=text("'b'::kind")),
        Column("new", Integer, server_default=text("1 + 1")),
        CheckConstraint("new > 0 AND kind <> 'a'::kind", name="c"),
        UniqueConstraint("new", "n", name="u"),
        Index("i", text("(new * 2)"), postgresql_where=text("m = 'sad'::mood")),
    )
    assert apply(postgres_database, metadata).satisfied


@pytest.mark.every_postgres
def test_a_range_without_an_extension(postgres_database: Database) -> None:
    """EXCLUDE over a scalar in a table that is there: refused by the reason that comes first."""
    with postgres_database.connect() as connection:
        prepare(postgres_database, f"{LIVE}; ALTER TABLE t ADD during daterange")
        (refusal,) = plan(postgres_database, models(*bookings())).refusals
        assert refusal.advice == ("CREATE EXTENSION btree_gist;",)
        connection.execute(refusal.advice[0].encode())
        (refusal,) = plan(postgres_database, models(*bookings())).refusals
        assert "block readers" in refusal.reason
