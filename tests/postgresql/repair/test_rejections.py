"""What the server does not know is refused before it is tried; what it will know by then is not."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Column, Enum, Index, Integer, MetaData, Sequence, String, Table, text
from sqlalchemy.dialects.postgresql import DOMAIN, INT4RANGE, ExcludeConstraint
from sqlalchemy.schema import SchemaItem

from schema_guard.guard import Guard
from schema_guard.report import Outcome
from tests.postgres.database import Database
from tests.postgresql.repair.stage import apply, plan, prepare

pytestmark = pytest.mark.every_postgres


def models(*items: SchemaItem) -> MetaData:
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), *items)
    return metadata


def test_what_the_refusal_says_makes_the_next_run_whole(postgres_database: Database) -> None:
    """Each statement as it stands there; then everything is repaired. Until then the column has no default."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY); INSERT INTO t VALUES (1), (2)")
    metadata = models(
        Column("name", String),
        Column("salt", String, server_default=text("gen_salt('md5')")),
        Index("ix_name", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        CheckConstraint("levenshtein(name, 'none') > 0", name="ck_name"),
    )
    refusals = [finding.refusal for finding in apply(postgres_database, metadata).findings if finding.refusal]
    advice = {line for refusal in refusals for line in refusal.advice}
    wanted = ("pgcrypto", "pg_trgm", "fuzzystrmatch")
    assert advice == {f"CREATE EXTENSION {extension};" for extension in wanted}
    prepare(postgres_database, "".join(advice))
    assert apply(postgres_database, metadata).satisfied


def test_an_operator_that_nobody_has(postgres_database: Database) -> None:
    """No extension is known that brings it: what to do is a comment, so that the refusals can be pasted."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    metadata = models(
        Column("name", String), CheckConstraint("name ~~~ 'x'", name="ck"), Index("ix", text("(name ~~~ 'x')"))
    )
    refusals = {each.difference.code: each for each in plan(postgres_database, metadata).refusals}
    assert refusals.keys() == {"check-missing", "index-missing"}
    for refusal in refusals.values():
        assert "operator does not exist" in refusal.reason
        assert refusal.advice == ("-- create the operator, or the extension that brings it",)
        prepare(postgres_database, "\n".join(refusal.advice) + "\nSELECT 1")


def test_a_function_elsewhere(postgres_database: Database) -> None:
    """The extension is there; the search_path does not lead to it."""
    prepare(postgres_database, "CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions")
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    wanted = {"name": "gin_trgm_ops"}
    metadata = models(Column("name", String), Index("ix", "name", postgresql_using="gin", postgresql_ops=wanted))
    (refused,) = plan(postgres_database, metadata).refusals
    assert refused.advice == (
        "-- for the role and the database: ALTER ROLE .. IN DATABASE .. SET search_path = public, extensions;",
    )
    prepare(postgres_database, f"ALTER DATABASE {postgres_database.name} SET search_path = public, extensions")
    assert apply(postgres_database, metadata).satisfied


def test_an_operator_class_with_its_schema(postgres_database: Database) -> None:
    """The search_path has no say then."""
    prepare(postgres_database, "CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions")
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    wanted = {"name": "extensions.gin_trgm_ops"}
    metadata = models(Column("name", String), Index("ix", "name", postgresql_using="gin", postgresql_ops=wanted))
    assert apply(postgres_database, metadata).satisfied


def test_a_function_that_takes_other_arguments(postgres_database: Database) -> None:
    """No extension would help."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    metadata = models(Column("name", String), Index("ix", text("sqrt(name)")))
    (refused,) = plan(postgres_database, metadata).refusals
    assert refused.reason == "function sqrt(text) does not exist"


def test_a_missing_table_comes_without_it(postgres_database: Database) -> None:
    """Of two columns, too, of which one's definition ends as the other's is."""
    salt = text("gen_salt('md5')")
    metadata = models(Column("data", String, server_default=salt), Column("metadata", String, server_default=salt))
    left = {finding.difference.key for finding in apply(postgres_database, metadata).findings}
    assert left == {"default-differs t.data", "default-differs t.metadata"}


def test_a_type_that_this_very_plan_makes(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY)")
    metadata = models(
        Column("mood", Enum("sad", "glad", name="mood"), server_default="glad"),
        CheckConstraint("mood <> 'sad'::mood", name="ck_mood"),
        Index("ix_mood", text("(mood IS NULL)"), postgresql_where=text("mood > 'sad'::mood")),
    )
    assert apply(postgres_database, metadata).satisfied


def test_a_function_of_the_whole_row(postgres_database: Database) -> None:
    """Its argument is the table's own type, against which nothing else can be asked."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    prepare(postgres_database, "CREATE FUNCTION fit(t) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'")
    assert apply(postgres_database, models(Column("name", String), CheckConstraint("fit(t)", name="ck"))).satisfied


@pytest.mark.parametrize(
    "expression", ["t IS NOT NULL", '"t" IS NOT NULL', "t.* IS NOT NULL", "fit(T)", "fit(t.*)", "t.fit"]
)
def test_forms_of_the_whole_row(postgres_database: Database, expression: str) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    prepare(postgres_database, "CREATE FUNCTION fit(t) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'")
    assert apply(postgres_database, models(Column("name", String), CheckConstraint(expression, name="ck"))).satisfied


@pytest.mark.parametrize(
    "expression",
    ["name IN (SELECT 't')", "nowhere(name) = 't'", "t.name > 1", "t(name) = 1", "name || ' t ' > nowhere(t.id)"],
)
def test_the_name_of_the_table_that_means_no_row(postgres_database: Database, expression: str) -> None:
    """In a string, before a column, as a function: the server is asked all the same."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    metadata = models(Column("name", String), CheckConstraint(expression, name="ck"))
    (refused,) = plan(postgres_database, metadata).refusals
    assert refused.reason
    assert not apply(postgres_database, metadata).results


def test_a_column_with_the_name_of_the_table(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, t text)")
    metadata = models(Column("t", String), CheckConstraint("t > 1", name="ck"))
    assert len(plan(postgres_database, metadata).refusals) == 1


def test_a_table_whose_exclusion_needs_an_extension(postgres_database: Database) -> None:
    """The table comes without it; what the refusal says lets the server take it."""
    metadata = models(
        Column("room", Integer),
        Column("during", INT4RANGE),
        ExcludeConstraint(("room", "="), ("during", "&&"), name="ex", using="gist"),
    )
    report = apply(postgres_database, metadata)
    assert {result.outcome for result in report.results} == {Outcome.DONE}
    (refusal,) = [finding.refusal for finding in report.findings if finding.refusal]
    assert refusal.reason.endswith('has no default operator class for access method "gist"')
    assert refusal.advice == ("CREATE EXTENSION btree_gist;",)
    prepare(postgres_database, f"{refusal.advice[0]} DROP TABLE t")
    assert Guard(metadata).apply(postgres_database.url).satisfied


def test_a_satisfied_database_is_asked_nothing(postgres_database: Database) -> None:
    """And one that lacks nothing of this kind neither."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY)")
    assert not plan(postgres_database, models(Column("name", String))).survey.rejections


@pytest.mark.parametrize(
    "expression", ["name OPERATOR(nowhere.=) 'x'", "nowhere.f(name)", "name::nowhere.kind IS NULL"]
)
def test_a_schema_that_is_nowhere(postgres_database: Database, expression: str) -> None:
    """What a CHECK takes from a schema that is not there."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY, name text)")
    metadata = models(Column("name", String), CheckConstraint(expression, name="ck"))
    (refused,) = plan(postgres_database, metadata).refusals
    assert 'schema "nowhere" does not exist' in refused.reason


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("operator does not exist", {"check": "VALUE &&& 0"}),
        ("function nowhere(character varying) does not exist", {"check": "nowhere(VALUE)"}),
        ("function nowhere() does not exist", {"default": text("nowhere()")}),
        ('schema "nowhere" does not exist', {"check": "VALUE OPERATOR(nowhere.=) 'x'"}),
    ],
)
def test_a_domain_that_the_server_does_not_take(
    postgres_database: Database, said: str, options: dict[str, Any]
) -> None:
    """Its column waits for it, so nothing of it is tried."""
    prepare(postgres_database, "CREATE TABLE t (id serial PRIMARY KEY)")
    metadata = models(Column("name", DOMAIN("kind", String, **options)))
    found = plan(postgres_database, metadata)
    assert not found.steps
    assert all(said in refused.reason for refused in found.refusals)


def test_a_domain_of_what_the_plan_makes(postgres_database: Database) -> None:
    """Its schema, its type and the type in its CHECK are made first: that they are not there yet proves nothing."""
    below = DOMAIN("below", Enum("x", "y", name="letter", schema="app"), schema="app")
    domain = DOMAIN("above", below, check="VALUE::app.letter <> 'y'", schema="app")
    assert apply(postgres_database, models(Column("name", domain))).satisfied


def test_a_sequence_that_the_server_does_not_take(postgres_database: Database) -> None:
    prepare(postgres_database, "CREATE TABLE t (id integer PRIMARY KEY)")
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, Sequence("ids", start=1, minvalue=10), primary_key=True))
    (refused,) = plan(postgres_database, metadata).refusals
    assert "START value (1) cannot be less than MINVALUE (10)" in refused.reason
