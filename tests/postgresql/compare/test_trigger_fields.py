"""A trigger function that names a column of NEW or OLD which is not there: a break where it surely gets there."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard, Impact
from tests.postgres.database import Database


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(20))


TABLE = "CREATE TABLE items (id serial PRIMARY KEY, name varchar(20), unmapped int); "
FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $f$ {} $f$; "
SETS = "BEGIN NEW.gone := 1; RETURN NEW; END"
ALL = "BEFORE INSERT OR UPDATE OR DELETE"
CASES = {
    "each time": (SETS, "BEFORE INSERT", "", {"INSERT"}, set()),
    "in quotes, of the old row": ('BEGIN PERFORM OLD."Gone"; RETURN OLD; END', "AFTER DELETE", "", {"DELETE"}, set()),
    "in a declaration": ("DECLARE n int := NEW.gone; BEGIN RETURN NEW; END", "BEFORE UPDATE", "", {"UPDATE"}, set()),
    "in parentheses": ("DECLARE n int; BEGIN n := (NEW).gone; RETURN NEW; END", "BEFORE INSERT", "", {"INSERT"}, set()),
    "in SQL that EXECUTE runs": (
        "BEGIN EXECUTE 'SELECT ($1).gone' USING NEW; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        {"INSERT"},
        set(),
    ),
    "for one statement": (
        "BEGIN IF TG_OP = 'DELETE' THEN PERFORM OLD.gone; RETURN OLD; END IF; RETURN NEW; END",
        ALL,
        "",
        {"DELETE"},
        set(),
    ),
    "behind the branch of another": (
        "BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; NEW.gone := 1; RETURN NEW; END",
        ALL,
        "",
        {"INSERT", "UPDATE"},
        set(),
    ),
    "in a CASE": (
        "BEGIN CASE TG_OP WHEN 'INSERT', 'DELETE' THEN NULL; ELSE NEW.gone := 1; END CASE; RETURN NEW; END",
        "BEFORE INSERT OR UPDATE",
        "",
        {"UPDATE"},
        set(),
    ),
    "the server reads a condition as a whole": (
        "BEGIN IF TG_OP = 'UPDATE' AND OLD.gone = 1 THEN NULL; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        {"INSERT"},
        set(),
    ),
    "for another table": (
        "BEGIN IF TG_TABLE_NAME = 'others' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        ALL,
        "",
        set(),
        set(),
    ),
    "for another argument": (
        "BEGIN IF TG_ARGV[0] = 'b' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        set(),
        set(),
    ),
    "not within another trigger": (
        "BEGIN IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF; NEW.gone := 1; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        {"INSERT"},
        set(),
    ),
    "for some rows": (
        "BEGIN IF NEW.name = 'no' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        set(),
        {"INSERT"},
    ),
    "behind what may leave": (
        "BEGIN IF NEW.name IS NOT NULL THEN RETURN NEW; END IF; NEW.gone := 1; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        set(),
        {"INSERT"},
    ),
    "the error is expected": (
        "BEGIN BEGIN NEW.gone := 1; EXCEPTION WHEN undefined_column THEN NULL; END; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        set(),
        {"INSERT"},
    ),
    "another row takes its place": (
        "BEGIN NEW := jsonb_populate_record(NEW, '{\"gone\": 1}'); RETURN NEW; END",
        "BEFORE INSERT",
        "",
        set(),
        set(),
    ),
    "where something has changed": (SETS, "BEFORE UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)", {"UPDATE"}, set()),
    "where a condition holds": (SETS, "BEFORE UPDATE", "WHEN (NEW.id = 7)", set(), {"UPDATE"}),
    "where a mapped column is set": (SETS, "BEFORE UPDATE OF name", "", {"UPDATE"}, set()),
    "where an unmapped column is set": (SETS, "BEFORE UPDATE OF unmapped", "", set(), set()),
    "a column of the system": (
        "DECLARE t oid; BEGIN t := NEW.tableoid; RETURN NEW; END",
        "AFTER INSERT",
        "",
        set(),
        set(),
    ),
    "behind its end": ("BEGIN RETURN NULL; NEW.gone := 1; END", "AFTER INSERT", "", set(), set()),
}
"""The function, when it fires, and the statements that surely fail, and those that may."""


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database) -> None:
    body, fires, condition, failing, doubtful = CASES[case]
    trigger = f"CREATE TRIGGER r {fires} ON items FOR EACH ROW {condition} EXECUTE FUNCTION f('a')"
    with postgres_database.connect() as connection:
        connection.execute((TABLE + FUNCTION.format(body) + trigger).encode())
        connection.execute("SET session_replication_role = replica; INSERT INTO items VALUES (0, 'a')")
    findings = [each.difference for each in Guard(Base).check(postgres_database.url).findings]
    told = {impact: _verbs([each.effect for each in findings if each.impact is impact]) for impact in Impact}
    assert (told[Impact.BREAKS], told[Impact.WEAKENS]) == (failing, doubtful)
    assert _failing(postgres_database) - doubtful == failing


@pytest.mark.parametrize("written", [False, True])
def test_a_trigger_of_a_view(written: bool, postgres_database: Database) -> None:
    """INSTEAD OF triggers do what is written. Many classes on a view are only read; rows that refer to it say more."""
    metadata = sa.MetaData()
    sa.Table("items", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
    if written:
        sa.Table("notes", metadata, sa.Column("item", sa.ForeignKey("items.id"), primary_key=True))
    view = TABLE.replace("items", "kept") + "CREATE VIEW items AS SELECT id, name FROM kept; "
    trigger = "CREATE TRIGGER r INSTEAD OF INSERT ON items FOR EACH ROW EXECUTE FUNCTION f()"
    with postgres_database.connect() as connection:
        connection.execute((view + FUNCTION.format(SETS) + trigger).encode())
    found = [each.difference for each in Guard(metadata).check(postgres_database.url).findings]
    (told,) = [each for each in found if each.code == "object-unknown"]
    assert told.impact is (Impact.BREAKS if written else Impact.WEAKENS)
    assert "INSERT of items fails: it names the column gone, which is not there" in told.effect
    assert "INSERT" in _failing(postgres_database)


def _verbs(effects: list[str]) -> set[str]:
    return {verb for verb in ("INSERT", "UPDATE", "DELETE") for effect in effects if verb in effect}


def _failing(database: Database) -> set[str]:
    found = set()
    statements = {
        "INSERT": sa.insert(Item).values(name="b"),
        "UPDATE": sa.update(Item).values(name="b"),
        "DELETE": sa.delete(Item),
    }
    for verb, statement in statements.items():
        with sa.create_engine(database.url, poolclass=sa.NullPool).connect() as connection:
            try:
                connection.execute(statement)
            except sa.exc.DBAPIError:
                found.add(verb)
    return found
