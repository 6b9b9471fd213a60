"""What each recipe does to tables with rows, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Enum,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import HSTORE
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

from schema_guard.dialects.postgresql.repair.naming import helper_name
from schema_guard.difference import NullabilityDiffers, TypeDiffers
from schema_guard.guard import Guard
from schema_guard.plan import Plan, Policy, Refusal
from schema_guard.report import Outcome, Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, needed, plan, prepare, run, stands_in_the_way

pytestmark = pytest.mark.every_postgres


def models(*items: SchemaItem) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, *items)
    return metadata


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    """A role that owns nothing yet; gone afterwards with what it owns and may."""
    name = f"r_{postgres_database.name}"
    prepare(postgres_database, f"CREATE ROLE {name} LOGIN")
    yield name
    prepare(postgres_database, f"DROP OWNED BY {name}; DROP ROLE {name}")


def as_role(database: Database, role: str) -> str:
    """The URL by which the role connects."""
    return database.server.url(database.name, user=role)


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    with database.connect() as connection:
        return connection.execute(sql.encode()).fetchall()


def reasons(planned: Plan) -> dict[str, str]:
    return {refusal.difference.key: refusal.reason for refusal in planned.refusals}


def codes(report: Report) -> set[str]:
    return {finding.difference.key for finding in report.findings}


def statements(planned: Plan) -> str:
    return "\n".join(statement for step in planned.steps for statement in step.statements)


KEY = "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t SELECT FROM generate_series(1, 3);"


def test_a_volatile_default_is_for_new_rows_only(postgres_database: Database) -> None:
    """No rewrite: rows that are there keep NULL."""
    prepare(postgres_database, KEY)
    before = rows(postgres_database, "SELECT pg_relation_filenode('t')")
    wanted = models(
        Column("id", Integer, primary_key=True), Column("token", Uuid, server_default=text("md5(random()::text)::uuid"))
    )
    assert apply(postgres_database, wanted).satisfied
    assert rows(postgres_database, "SELECT pg_relation_filenode('t')") == before
    prepare(postgres_database, "INSERT INTO t DEFAULT VALUES")
    assert rows(postgres_database, "SELECT token IS NULL, count(*) FROM t GROUP BY 1 ORDER BY 1") == [
        (False, 1),
        (True, 3),
    ]


def test_not_null_without_default_is_added_nullable(postgres_database: Database) -> None:
    """It stays a weakness until the rows have a value, and is tightened then."""
    prepare(postgres_database, KEY)
    wanted = models(Column("id", Integer, primary_key=True), Column("flag", Boolean, nullable=False))
    report = apply(postgres_database, wanted)
    assert codes(report) == {"nullability-differs t.flag"}
    prepare(postgres_database, "UPDATE t SET flag = true")
    assert apply(postgres_database, wanted).satisfied


def test_a_declared_fill_gives_old_rows_the_constant(postgres_database: Database) -> None:
    """The column is NOT NULL, has no default afterwards, and the table was not rewritten."""
    prepare(postgres_database, KEY)
    before = rows(postgres_database, "SELECT pg_relation_filenode('t')")
    wanted = models(Column("id", Integer, primary_key=True), Column("flag", Boolean, nullable=False, default=True))
    assert apply(postgres_database, wanted, Policy(fill_constant_defaults=True)).satisfied
    assert rows(postgres_database, "SELECT DISTINCT flag FROM t") == [(True,)]
    assert rows(postgres_database, "SELECT pg_relation_filenode('t')") == before
    with pytest.raises(psycopg.errors.NotNullViolation):
        prepare(postgres_database, "INSERT INTO t DEFAULT VALUES")


@pytest.mark.parametrize("crash_after", [1, 2])
def test_not_null_is_taken_up_where_a_crash_left_it(postgres_database: Database, crash_after: int) -> None:
    """Whatever a run before got done, the next one ends with NOT NULL and without a helper."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)")
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", Integer, nullable=False))
    for step in plan(postgres_database, wanted).steps[:crash_after]:
        run(postgres_database, step)
    assert apply(postgres_database, wanted).satisfied
    assert not rows(
        postgres_database, "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = 't'::regclass"
    )
    assert rows(
        postgres_database, "SELECT attnotnull FROM pg_attribute WHERE attname = 'n' AND attrelid = 't'::regclass"
    ) == [(True,)]


def test_rows_that_came_in_between_block_not_null(postgres_database: Database) -> None:
    """The plan was made without NULLs; the step asks again before it binds the rows."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)")
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", Integer, nullable=False))
    planned = plan(postgres_database, wanted)
    prepare(postgres_database, "INSERT INTO t VALUES (2, NULL)")
    assert stands_in_the_way(postgres_database, planned.steps[0])
    refused = reasons(plan(postgres_database, wanted))
    assert refused == {"nullability-differs t.n": "1 row holds NULL (key 2): give it a value, then run again"}


def test_violators_are_counted_and_shown(postgres_database: Database) -> None:
    """Nothing is added while a row violates it; the query shown finds the rows."""
    prepare(
        postgres_database,
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b text, p_id int);"
        "INSERT INTO t VALUES (1, -1, 'x', 7), (2, 1, 'x', NULL), (3, NULL, NULL, NULL)",
    )
    wanted = models(
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("a", Integer, CheckConstraint("a > 0", name="positive")),
        Column("b", String),
        Column("p_id", Integer, ForeignKey("p.id", name="to_p")),
        UniqueConstraint("b", name="one_b"),
    )
    Table("p", wanted, Column("id", Integer, primary_key=True, autoincrement=False))
    planned = plan(postgres_database, wanted)
    assert not planned.steps
    found = {refusal.difference.key: rows(postgres_database, refusal.advice[0]) for refusal in planned.refusals}
    assert found == {
        "check-missing t.positive": [(1,)],
        "unique-missing t.one_b": [(1,), (2,)],
        "foreign-key-missing t.to_p": [(1, 7)],
    }


def test_an_invalid_index_of_a_failed_build_is_built_again(postgres_database: Database) -> None:
    """Duplicates make CONCURRENTLY fail and leave an INVALID index; once they are gone the next run fixes it."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t VALUES (1, 1), (2, 1)")
    wanted = models(
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("a", Integer),
        UniqueConstraint("a", name="one_a"),
    )
    Index("ix_a", wanted.tables["t"].c.a, unique=True)
    for name in ("one_a", "ix_a"):
        with pytest.raises(psycopg.errors.UniqueViolation):
            prepare(postgres_database, f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON t (a)")
    assert not plan(postgres_database, wanted).steps
    prepare(postgres_database, "UPDATE t SET a = id")
    report = apply(postgres_database, wanted)
    assert report.satisfied, report
    assert rows(postgres_database, "SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


def test_clearing_away_never_drops_a_valid_index(postgres_database: Database) -> None:
    """The name was taken meanwhile by somebody's valid index: the attempt fails, and that index stays."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, a int, b int); INSERT INTO t VALUES (1, 1, 1)")
    wanted = models(
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("a", Integer, index=True),
        Column("b", Integer),
    )
    (step,) = plan(postgres_database, wanted).steps
    prepare(postgres_database, "CREATE INDEX ix_t_a ON t (b)")
    assert stands_in_the_way(postgres_database, step)
    with pytest.raises(Exception, match="already exists"):
        run(postgres_database, step)
    assert rows(postgres_database, "SELECT to_regclass('ix_t_a') IS NOT NULL") == [(True,)]
    assert "the name ix_t_a is held by" in reasons(plan(postgres_database, wanted))["index-missing t.ix_t_a"]


def test_a_lost_serial_default_comes_back_above_the_highest_key(postgres_database: Database) -> None:
    """The sequence is used again, raised to the highest key; a sequence that is ahead stays ahead."""
    wanted = models(Column("id", Integer, primary_key=True), Column("a", Integer))
    prepare(
        postgres_database,
        "CREATE TABLE t (id serial PRIMARY KEY, a int); INSERT INTO t VALUES (41, 1);"
        "ALTER TABLE t ALTER id DROP DEFAULT",
    )
    assert apply(postgres_database, wanted).satisfied
    assert rows(postgres_database, "INSERT INTO t (a) VALUES (2) RETURNING id") == [(42,)]
    prepare(postgres_database, "ALTER TABLE t ALTER id DROP DEFAULT; SELECT setval('t_id_seq', 99)")
    assert apply(postgres_database, wanted).satisfied
    assert rows(postgres_database, "INSERT INTO t (a) VALUES (2) RETURNING id") == [(100,)]
    prepare(postgres_database, "ALTER TABLE t ALTER id DROP DEFAULT; DROP SEQUENCE t_id_seq")
    assert apply(postgres_database, wanted).satisfied
    assert rows(postgres_database, "INSERT INTO t (a) VALUES (2) RETURNING id") == [(101,)]


def test_a_missing_primary_key_is_added_on_rows(postgres_database: Database) -> None:
    """By an index built concurrently; its columns are made NOT NULL first."""
    prepare(postgres_database, "CREATE TABLE t (a int, b text, c int); INSERT INTO t VALUES (1, 'x'), (1, 'y')")
    wanted = models(
        Column("a", Integer, primary_key=True, autoincrement=False),
        Column("b", String, primary_key=True),
        Column("c", Integer),
    )
    assert "CONCURRENTLY" in statements(plan(postgres_database, wanted))
    assert apply(postgres_database, wanted).satisfied
    prepare(postgres_database, "ALTER TABLE t DROP CONSTRAINT t_pkey; INSERT INTO t VALUES (1, 'x')")
    planned = plan(postgres_database, wanted)
    assert not planned.steps
    assert reasons(planned)["primary-key-differs t"].startswith("2 rows hold NULL in it, or share it")


def test_int_to_bigint_only_below_the_declared_size(postgres_database: Database) -> None:
    """Rewriting is refused with the statement, unless the policy allows it for so few rows, or there are none."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2)")
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", BigInteger))
    (refusal,) = plan(postgres_database, wanted).refusals
    assert isinstance(refusal.difference, TypeDiffers)
    assert refusal.advice[0] == "ALTER TABLE public.t ALTER COLUMN n TYPE BIGINT;"
    (step,) = plan(postgres_database, wanted, Policy(rewrite_below=1)).steps
    assert stands_in_the_way(postgres_database, step), "never analyzed, so the size shows only now"
    assert apply(postgres_database, wanted, Policy(rewrite_below=2)).satisfied


def test_a_view_on_the_column_keeps_its_type(postgres_database: Database) -> None:
    """The server would refuse; so does the plan, and names the view."""
    prepare(
        postgres_database,
        "CREATE TABLE t (id int PRIMARY KEY, n varchar(5), m varchar(5)); CREATE VIEW v AS SELECT n FROM t",
    )
    wanted = models(
        Column("id", Integer, primary_key=True, autoincrement=False), Column("n", String(9)), Column("m", String(9))
    )
    report = apply(postgres_database, wanted)
    assert [result.step.object for result in report.results] == ["t.m"]
    assert codes(report) == {"type-differs t.n"}
    (finding,) = report.findings
    assert finding.refusal is not None
    assert finding.refusal.reason == "PostgreSQL changes no type that is used by view v"


def test_widening_keeps_the_collation(postgres_database: Database) -> None:
    """ALTER TYPE alone would reset it."""
    prepare(postgres_database, 'CREATE TABLE t (id int PRIMARY KEY, n varchar(5) COLLATE "C")')
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", String(9)))
    apply(postgres_database, wanted)
    assert rows(
        postgres_database,
        "SELECT c.collname FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"
        " WHERE a.attrelid = 't'::regclass AND a.attname = 'n' AND a.atttypmod = 13",
    ) == [("C",)]


def test_partitioned_parents_take_what_they_can(postgres_database: Database) -> None:
    """Columns, CHECKs, keys of empty ones, and indexes, of big ones as well: each partition's is built concurrently."""
    prepare(
        postgres_database,
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int NOT NULL, p_id int) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (1) TO (100);",
    )
    wanted = models(
        Column("id", Integer, primary_key=True),
        Column("p_id", Integer, ForeignKey("p.id")),
        Column("extra", String(9), index=True),
        CheckConstraint("id > 0", name="positive"),
    )
    Table("p", wanted, Column("id", Integer, primary_key=True))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE spare (LIKE t)")
    report = apply(postgres_database, wanted)
    assert report.satisfied, [result for result in report.results if not result.changed]
    prepare(postgres_database, "INSERT INTO t VALUES (1, NULL); DROP INDEX ix_t_extra")
    planned = plan(postgres_database, wanted)
    assert not planned.refusals
    assert any("ON ONLY public.t" in step.statements[0] for step in planned.steps)
    assert apply(postgres_database, wanted).satisfied


def test_a_table_of_another_role_is_refused_with_the_statement(postgres_database: Database, role: str) -> None:
    """The connected role may not alter it; its owner may paste it."""
    prepare(
        postgres_database, f"CREATE TABLE t (id int PRIMARY KEY); GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}"
    )
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", String(9)))
    planned = Guard(wanted).plan(as_role(postgres_database, role))
    (refusal,) = planned.refusals
    assert not planned.steps
    assert "belongs to another role" in refusal.reason
    assert refusal.advice == ("ALTER TABLE public.t ADD COLUMN n VARCHAR(9);",)


def test_a_schema_that_is_closed_to_the_role(postgres_database: Database, role: str) -> None:
    """As public is since PostgreSQL 15: what goes into a table is repaired, what would be created there is refused."""
    prepare(
        postgres_database,
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC; CREATE TABLE t (id int PRIMARY KEY);"
        f"ALTER TABLE t OWNER TO {role}",
    )
    key = Column("id", Integer, primary_key=True, autoincrement=False)
    wanted = models(key, Column("n", Integer, index=True), Column("m", Enum("calm", name="mood")))
    Table("u", wanted, Column("id", Integer, primary_key=True))
    url = as_role(postgres_database, role)
    report = Guard(wanted).apply(url)
    assert [(result.step.object, result.outcome) for result in report.results] == [("t.n", Outcome.DONE)]
    refused = {finding.difference.object: finding.refusal for finding in report.findings}
    assert refused.keys() == {"mood", "t.m", "u", "t.ix_t_n"}
    refusal = refused["u"]
    assert refusal is not None
    assert refusal.reason == f"{role} may create nothing in the schema public; its owner can grant it"
    prepare(postgres_database, *refusal.advice)
    assert Guard(wanted).apply(url).findings == ()


def test_a_schema_that_the_role_may_not_create(postgres_database: Database, role: str) -> None:
    wanted = MetaData()
    Table("t", wanted, Column("id", Integer, primary_key=True), schema="app")
    url = as_role(postgres_database, role)
    planned = Guard(wanted).plan(url)
    assert not planned.steps
    assert planned.refusals[0].reason == f"{role} may create no schema in this database; its owner can grant it"
    prepare(postgres_database, *planned.refusals[0].advice)
    assert Guard(wanted).apply(url).findings == ()


def test_a_type_of_another_role_gets_no_value(postgres_database: Database, role: str) -> None:
    prepare(
        postgres_database,
        f"CREATE TYPE mood AS ENUM ('calm'); CREATE TABLE t (id int PRIMARY KEY, m mood);ALTER TABLE t OWNER TO {role}",
    )
    mood = Enum("calm", "glad", name="mood")
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("m", mood))
    planned = Guard(wanted).plan(as_role(postgres_database, role))
    (refusal,) = planned.refusals
    assert not planned.steps
    assert refusal.reason == "the type mood belongs to another role; run it as the type's owner"
    assert refusal.advice == ("ALTER TYPE public.mood ADD VALUE IF NOT EXISTS 'glad';",)


def test_a_foreign_key_needs_the_right_to_refer(postgres_database: Database, role: str) -> None:
    """Without it nothing is tried, for that would lock both tables at each start; with it, the key is made."""
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("p_id", ForeignKey("p.id")))
    Table("p", wanted, Column("id", Integer, primary_key=True, autoincrement=False))
    prepare(
        postgres_database,
        "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p_id int);"
        f"ALTER TABLE t OWNER TO {role}; GRANT SELECT, INSERT, UPDATE, DELETE ON p TO {role}",
    )
    url = as_role(postgres_database, role)
    planned = Guard(wanted).plan(url)
    (refusal,) = planned.refusals
    assert not planned.steps
    assert refusal.reason == f"{role} lacks the privilege REFERENCES on p; its owner can grant it"
    prepare(postgres_database, *refusal.advice)
    assert Guard(wanted).apply(url).findings == ()


def test_what_needs_a_refused_thing_is_refused_too(postgres_database: Database) -> None:
    """A column of an unknown type takes its index and CHECK along; the rest of the table is repaired."""

    class Vector(UserDefinedType[str]):
        cache_ok = True

        def get_col_spec(self, **_: object) -> str:
            return "vector(3)"

    prepare(postgres_database, KEY)
    wanted = models(
        Column("id", Integer, primary_key=True),
        Column("v", Vector(), index=True),
        Column("w", Integer, index=True),
        CheckConstraint("v IS NOT NULL", name="has_v"),
    )
    planned = plan(postgres_database, wanted)
    refused = {refusal.difference.code: refusal for refusal in planned.refusals}
    assert set(refused) == {"type-missing", "column-missing", "check-missing", "index-missing"}
    assert refused["type-missing"].advice == ("CREATE EXTENSION vector;",)
    assert {step.id for step in planned.steps} == {"add-column t.w", "create-index t.ix_t_w"}


def test_a_foreign_key_to_no_key_is_refused(postgres_database: Database) -> None:
    """Neither the server nor the models have a key on what it refers to: it would fail at every run."""
    prepare(postgres_database, KEY + "ALTER TABLE t ADD code integer;")
    wanted = models(Column("id", Integer, primary_key=True), Column("code", Integer))
    Table("u", wanted, Column("id", Integer, primary_key=True), Column("code", Integer, ForeignKey("t.code")))
    report = apply(postgres_database, wanted)
    assert [result.outcome for result in report.results] == [Outcome.DONE]
    planned = plan(postgres_database, wanted)
    assert planned.empty
    assert reasons(planned) == {
        "foreign-key-missing u.fk(code) to t": "t has no primary key or unique index on (code), "
        "and the models declare none"
    }


def test_a_missing_enum_is_reported_once(postgres_database: Database) -> None:
    prepare(postgres_database, KEY)
    wanted = models(Column("id", Integer, primary_key=True), Column("state", Enum("on", "off", name="state")))
    planned = plan(postgres_database, wanted)
    assert [difference.code for difference in planned.differences] == ["enum-missing", "column-missing"]
    assert planned.refusals == ()
    assert apply(postgres_database, wanted).satisfied


def test_a_left_over_helper_is_dropped(postgres_database: Database) -> None:
    """Somebody finished the NOT NULL by hand; the guard's own helper goes, any other constraint stays."""
    prepare(postgres_database, "CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)")
    wanted = models(Column("id", Integer, primary_key=True, autoincrement=False), Column("n", Integer, nullable=False))
    (difference,) = plan(postgres_database, wanted).differences
    assert isinstance(difference, NullabilityDiffers)
    prepare(
        postgres_database,
        f"ALTER TABLE t ALTER n SET NOT NULL, ADD CONSTRAINT {helper_name('n')} CHECK (n IS NOT NULL),"
        " ADD CONSTRAINT mine CHECK (n > 0)",
    )
    (step,) = plan(postgres_database, wanted).steps
    run(postgres_database, step)
    assert not needed(postgres_database, step)
    assert rows(
        postgres_database, "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = 't'::regclass"
    ) == [("mine",)]


@pytest.mark.parametrize("wider", ["text", "varchar(200)"])
def test_a_column_that_somebody_widened_meanwhile_is_not_narrowed(postgres_database: Database, wider: str) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, a varchar(20)); INSERT INTO t (a) VALUES ('x')")
    (step,) = plan(postgres_database, models(Column("id", Integer, primary_key=True), Column("a", String(80)))).steps
    assert needed(postgres_database, step)
    prepare(postgres_database, f"ALTER TABLE t ALTER a TYPE {wider}")
    assert not needed(postgres_database, step)


def test_an_extension_beside_the_search_path_is_named_as_such(postgres_database: Database) -> None:
    """CREATE EXTENSION, which else is what a missing type needs, would be an error: it is there."""
    prepare(postgres_database, 'CREATE SCHEMA "Apart"; CREATE EXTENSION hstore SCHEMA "Apart"; CREATE TABLE t (id int)')
    expected = models(Column("id", Integer), Column("pairs", HSTORE))
    (missing, _) = plan(postgres_database, expected).refusals
    assert missing.reason == "the type HSTORE is in the schema Apart, to which the search_path does not lead"
    assert missing.advice == (
        '-- for the role and the database: ALTER ROLE .. IN DATABASE .. SET search_path = public, "Apart";',
    )
    prepare(postgres_database, f'ALTER DATABASE {postgres_database.name} SET search_path = public, "Apart"')
    assert apply(postgres_database, expected).findings == ()


def of_types(plan: Plan) -> list[Refusal]:
    """Beside that a view stands where a table is expected."""
    return [each for each in plan.refusals if each.difference.code == "type-differs"]


@pytest.mark.parametrize("kind", ["VIEW", "MATERIALIZED VIEW"])
def test_a_views_column_gets_its_type_from_its_query(postgres_database: Database, kind: str) -> None:
    prepare(postgres_database, f"CREATE TABLE o (a varchar(20)); CREATE {kind} t AS SELECT a FROM o")
    expected = models(Column("a", String(80), primary_key=True))
    (refusal,) = of_types(plan(postgres_database, expected))
    assert refusal.reason == f"t is a {kind.lower()}, which is not altered"
    for statement in refusal.advice:
        told = statement.removeprefix("-- with that query in place of the dots: ")
        prepare(postgres_database, told.replace(".., ..::", "a::").replace("FROM ..", "FROM o"))
    assert of_types(plan(postgres_database, expected)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE VIEW t_id_seq AS SELECT 1 AS x",
        "CREATE TABLE o (z int); CREATE SEQUENCE t_id_seq OWNED BY o.z; SELECT setval('t_id_seq', 7)",
    ],
)
def test_a_sequence_of_something_else_is_not_taken(postgres_database: Database, sql: str) -> None:
    """It would be set above this table's keys, and dropping its own table would fail."""
    prepare(postgres_database, f"CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1000); {sql}")
    report = apply(postgres_database, models(Column("id", Integer, primary_key=True)))
    (result,) = report.results
    assert result.outcome is Outcome.BLOCKED
    assert result.message == "something else holds the name t_id_seq, or another column's keys come from it"
    if "SEQUENCE" in sql:
        assert rows(postgres_database, "SELECT last_value FROM t_id_seq") == [(7,)]


def test_a_foreign_key_cannot_lead_to_a_view(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY); CREATE VIEW v AS SELECT 1 AS id")
    wanted = models(Column("id", Integer, primary_key=True), Column("v_id", ForeignKey("v.id")))
    Table("v", wanted, Column("id", Integer, primary_key=True))
    refusals = {each.difference.code: each.reason for each in plan(postgres_database, wanted).refusals}
    reason = "waits for table v, which cannot be provided: a view cannot be made a table"
    assert refusals["foreign-key-missing"].startswith(reason)
