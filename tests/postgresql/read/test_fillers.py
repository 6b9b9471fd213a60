"""What may fill a column before the server checks the row, and that an INSERT fails exactly where nothing does."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from schema_guard import Guard, Impact
from schema_guard.dialects import open_session
from schema_guard.sources.sqlalchemy.models import expect, models_of
from tests.postgres.database import Database

FUNCTION = """
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.filled := 'x'; RETURN NEW; END $$;
"""
TABLE = FUNCTION + "CREATE TABLE posts (id serial PRIMARY KEY, filled text NOT NULL);"
TRIGGER = "CREATE TRIGGER filling BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION fill();"
PARTITIONED = FUNCTION + (
    "CREATE TABLE posts (id serial PRIMARY KEY, filled text NOT NULL) PARTITION BY RANGE (id);"
    "CREATE TABLE posts_1 PARTITION OF posts FOR VALUES FROM (0) TO (100);"
)

FILLED = {
    "before insert": TABLE + TRIGGER,
    "before insert or update": TABLE + TRIGGER.replace("INSERT", "INSERT OR UPDATE"),
    "with a condition": TABLE + TRIGGER.replace("FOR EACH ROW", "FOR EACH ROW WHEN (NEW.filled IS NULL)"),
    "always": TABLE + TRIGGER + "ALTER TABLE posts ENABLE ALWAYS TRIGGER filling;",
    "on the partitioned table": PARTITIONED + TRIGGER,
    "on a partition": PARTITIONED + TRIGGER.replace("posts", "posts_1"),
    "rule instead": TABLE + "CREATE RULE filling AS ON INSERT TO posts DO INSTEAD NOTHING;",
}
NOT_FILLED = {
    "nothing": TABLE,
    "disabled": TABLE + TRIGGER + "ALTER TABLE posts DISABLE TRIGGER filling;",
    "replica only": TABLE + TRIGGER + "ALTER TABLE posts ENABLE REPLICA TRIGGER filling;",
    "after": TABLE + TRIGGER.replace("BEFORE", "AFTER"),
    "update only": TABLE + TRIGGER.replace("INSERT", "UPDATE"),
    "for each statement": TABLE + TRIGGER.replace("FOR EACH ROW", "FOR EACH STATEMENT"),
    "rule also": TABLE + "CREATE RULE filling AS ON INSERT TO posts DO ALSO NOTIFY posts;",
    "rule disabled": TABLE
    + "CREATE RULE filling AS ON INSERT TO posts DO INSTEAD NOTHING; ALTER TABLE posts DISABLE RULE filling;",
    "on a child": TABLE + "CREATE TABLE more () INHERITS (posts);" + TRIGGER.replace("posts", "more"),
    "on the parent of a child": "CREATE TABLE old (filled text);"
    + TABLE.replace(";CREATE TABLE", "; CREATE TABLE").replace("NOT NULL)", "NOT NULL) INHERITS (old)")
    + TRIGGER.replace("posts", "old"),
    "a domain that is NOT NULL": "CREATE DOMAIN word AS text NOT NULL;"
    + TABLE.replace("filled text NOT NULL", "filled word")
    + TRIGGER,
}
GIVEN = {
    "a domain with a default": "CREATE DOMAIN word AS text DEFAULT 'w';" + TABLE.replace("filled text", "filled word"),
    "a domain of it": "CREATE DOMAIN w AS text DEFAULT 'w' NOT NULL; CREATE DOMAIN word AS w;"
    + TABLE.replace("filled text", "filled word"),
}


def models(*columns: sa.Column[Any]) -> sa.MetaData:
    metadata = sa.MetaData()
    sa.Table("posts", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def insert_fails(database: Database, metadata: sa.MetaData, values: dict[str, Any]) -> bool:
    engine = sa.create_engine(database.url)
    try:
        with engine.begin() as connection:
            connection.execute(sa.insert(metadata.tables["posts"]).values(**values).inline())
    except sa.exc.IntegrityError:
        return True
    finally:
        engine.dispose()
    return False


def prepare(database: Database, sql: str) -> None:
    with database.connect() as connection:
        connection.execute(sql.encode())


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", FILLED)
def test_what_may_fill_a_column_keeps_it_from_breaking(postgres_database: Database, name: str) -> None:
    prepare(postgres_database, FILLED[name])
    left_out, nullable = models(), models(sa.Column("filled", sa.Text))
    for metadata, values in ((left_out, {}), (nullable, {"filled": None})):
        guard = Guard(metadata)
        report = guard.check(postgres_database.url)
        found = [each.difference for each in report.findings if each.difference.code != "object-unknown"]  # the rule
        assert [difference.impact for difference in found] == [Impact.WEAKENS]
        assert found[0].effect.startswith("not provable: the ")
        assert " filling may fill it" in found[0].effect
        assert guard.plan(postgres_database.url).empty
        assert not insert_fails(postgres_database, metadata, dict(values))


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", NOT_FILLED)
def test_what_fills_nothing_leaves_the_insert_broken(postgres_database: Database, name: str) -> None:
    prepare(postgres_database, NOT_FILLED[name])
    report = Guard(models()).check(postgres_database.url)
    assert report.worst is Impact.BREAKS
    assert insert_fails(postgres_database, models(), {})
    nullable = models(sa.Column("filled", sa.Text))
    assert Guard(nullable).check(postgres_database.url).worst is Impact.BREAKS
    assert insert_fails(postgres_database, nullable, {"filled": None})


@pytest.mark.every_postgres
@pytest.mark.parametrize("name", GIVEN)
def test_the_default_of_a_type_is_a_default(postgres_database: Database, name: str) -> None:
    prepare(postgres_database, GIVEN[name])
    report = Guard(models()).check(postgres_database.url)
    assert report.worst is Impact.NOTES
    assert not insert_fails(postgres_database, models(), {})


def test_a_session_of_replication_fires_other_triggers(postgres_database: Database) -> None:
    prepare(postgres_database, TABLE + TRIGGER + "ALTER TABLE posts ENABLE REPLICA TRIGGER filling;")
    prepare(postgres_database, f"ALTER DATABASE {postgres_database.name} SET session_replication_role = replica")
    assert Guard(models()).check(postgres_database.url).worst is Impact.WEAKENS
    assert not insert_fails(postgres_database, models(), {})


def test_fillers_are_read_with_what_they_do(postgres_database: Database) -> None:
    prepare(postgres_database, TABLE + TRIGGER.replace("INSERT", "INSERT OR UPDATE"))
    session = open_session(postgres_database.url)
    try:
        session.locate(["posts"], [])
        (table,) = session.inspect(expect(models_of(models()), (), session.dialect)).tables
    finally:
        session.close()
    assert [(str(filler), filler.update) for filler in table.facts.fillers] == [("trigger filling", True)]


@pytest.mark.parametrize(
    "column",
    [sa.Column("key", sa.Integer, sa.Identity()), sa.Column("key", sa.Text, server_default="x")],
    ids=["identity", "default"],
)
def test_a_key_that_a_trigger_may_give_gets_no_second_source(
    postgres_database: Database, column: sa.Column[Any]
) -> None:
    prepare(postgres_database, TABLE + TRIGGER + "ALTER TABLE posts ALTER id DROP DEFAULT, ADD key integer NOT NULL;")
    report = Guard(models(column)).apply(postgres_database.url)
    findings = {finding.difference.object: finding for finding in report.findings}
    assert findings["posts.id"].difference.impact is Impact.WEAKENS
    assert findings["posts.id"].refusal is not None
    assert {finding.difference.impact for finding in report.findings} == {Impact.WEAKENS}
