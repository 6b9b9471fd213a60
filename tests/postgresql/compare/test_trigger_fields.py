"""A trigger function that names a column of NEW or OLD which is not there: a doubt where its text may get there.

No text proves it, so that it is never a break. Where the text does not get there, nothing is told.
"""

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
EACH = "BEFORE INSERT OR UPDATE OR DELETE"
OTHERS = (
    "CREATE TABLE other (gone int, n text); INSERT INTO other VALUES (1, 'a'); CREATE TABLE rows (new other); "
    "CREATE SCHEMA old; CREATE TABLE old.log (a int); CREATE SCHEMA new; CREATE TABLE new.log (a int); "
)
READS_SCHEMAS = """DECLARE x old.log%ROWTYPE; y old.log.a%TYPE; z old.log; n int; BEGIN
  SELECT count(*) INTO n FROM old.log JOIN new.log ON true, old.log AS l; INSERT INTO new.log VALUES (1);
  UPDATE old.log SET a = 1; DELETE FROM ONLY new.log USING old.log; z := NULL::old.log; RETURN NEW; END"""
INNER = "BEGIN DECLARE new other; BEGIN SELECT * FROM other INTO new; PERFORM new.gone; END; RETURN NEW; END"
LOOP = "DECLARE r record; BEGIN r := NEW; FOR r IN SELECT * FROM other LOOP PERFORM r.gone; END LOOP; RETURN NEW; END"
AGAIN = "DECLARE r record; BEGIN r := NEW; SELECT * FROM other INTO r; PERFORM r.gone; RETURN NEW; END"
UNOPENED = "DECLARE c CURSOR FOR SELECT NEW.gone; BEGIN IF TG_OP = 'DELETE' THEN OPEN c; END IF; RETURN NEW; END"
OWN_OP = "DECLARE tg_op text := 'x'; BEGIN IF tg_op = 'UPDATE' THEN RETURN NEW; END IF; NEW.gone := 1; RETURN NEW; END"
NO, INSERT, UPDATE, DELETE = set[str](), {"INSERT"}, {"UPDATE"}, {"DELETE"}
CASES = {
    "each time": (SETS, "BEFORE INSERT", "", INSERT, INSERT),
    "in quotes, of the old row": ('BEGIN PERFORM OLD."Gone"; RETURN OLD; END', "AFTER DELETE", "", DELETE, DELETE),
    "in a declaration": ("DECLARE n int := NEW.gone; BEGIN RETURN NEW; END", "BEFORE UPDATE", "", UPDATE, UPDATE),
    "in parentheses": ("DECLARE n int; BEGIN n := (NEW).gone; RETURN NEW; END", "BEFORE INSERT", "", INSERT, INSERT),
    "behind DISTINCT FROM": (
        "BEGIN IF NEW.name IS DISTINCT FROM NEW.gone THEN RETURN NEW; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "by an alias": ("DECLARE n ALIAS FOR NEW; BEGIN n.gone := 1; RETURN n; END", "BEFORE INSERT", "", INSERT, INSERT),
    "of a copy": ("DECLARE r record; BEGIN r := NEW; r.gone := 1; RETURN r; END", "BEFORE INSERT", "", INSERT, INSERT),
    "of a copy that is made first": (
        "DECLARE r items := NEW; BEGIN r.gone := 1; RETURN r; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "in SQL that EXECUTE runs": (
        "BEGIN EXECUTE 'SELECT ($1).gone' || '' USING NEW; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "not in comments and constants of that SQL": (
        "BEGIN EXECUTE $$SELECT 'x $1.gone' /* $1.gone */$$ USING NEW; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "for one statement": (
        "BEGIN IF TG_OP = 'DELETE' THEN PERFORM OLD.gone; RETURN OLD; END IF; RETURN NEW; END",
        EACH,
        "",
        DELETE,
        DELETE,
    ),
    "behind the branch of another": (
        "BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; NEW.gone := 1; RETURN NEW; END",
        EACH,
        "",
        INSERT | UPDATE,
        INSERT | UPDATE,
    ),
    "in a CASE": (
        "BEGIN CASE TG_OP WHEN 'INSERT', 'DELETE' THEN NULL; ELSE NEW.gone := 1; END CASE; RETURN NEW; END",
        "BEFORE INSERT OR UPDATE",
        "",
        UPDATE,
        UPDATE,
    ),
    "behind constants in every form": (
        "BEGIN IF TG_OP IN ($x$INSERT$x$, 'DELETE') OR TG_OP = E'UPDATE' THEN RETURN NEW; END IF; NEW.gone := 1; END",
        "BEFORE INSERT OR UPDATE",
        "",
        NO,
        NO,
    ),
    "behind a variable called tg_op": (OWN_OP, "BEFORE UPDATE", "", UPDATE, UPDATE),
    "the server reads a condition as a whole": (
        "BEGIN IF TG_OP = 'UPDATE' AND OLD.gone = 1 THEN NULL; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "for another table": (
        "BEGIN IF TG_TABLE_NAME = 'others' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT OR UPDATE",
        "",
        NO,
        NO,
    ),
    "for another argument": (
        "BEGIN IF TG_ARGV[0] = 'b' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "for other arguments with an umlaut and a backslash": (
        "BEGIN IF TG_ARGV[1] <> 'gr\u00f6\u00dfe' OR TG_ARGV[2] <> 'a\\b' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "not within another trigger": (
        "BEGIN IF pg_trigger_depth() > 1 THEN RETURN NEW; END IF; NEW.gone := 1; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "for some rows": (
        "BEGIN IF NEW.name = 'no' THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        NO,
    ),
    "behind what may leave": (
        "BEGIN IF NEW.name IS NOT NULL THEN RETURN NEW; END IF; NEW.gone := 1; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        NO,
    ),
    "the error is expected": (
        "BEGIN BEGIN NEW.gone := 1; EXCEPTION WHEN undefined_column THEN NULL; END; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        NO,
    ),
    "another row takes its place": (
        "BEGIN NEW = (SELECT o FROM other AS o LIMIT 1); PERFORM NEW.gone; RETURN NULL; END",
        "AFTER INSERT",
        "",
        NO,
        NO,
    ),
    "a row that is selected takes its place": (
        "BEGIN SELECT * FROM other INTO STRICT NEW; PERFORM NEW.gone; RETURN NULL; END",
        "AFTER INSERT",
        "",
        NO,
        NO,
    ),
    "a variable of that name": (
        "DECLARE old other%ROWTYPE; BEGIN old.gone := 1; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "a variable of that name in an inner block": (INNER, "BEFORE INSERT", "", NO, NO),
    "an alias of that name": (
        "#variable_conflict use_column\nDECLARE x int; BEGIN SELECT new.gone INTO x FROM other new; "
        "UPDATE other old SET n = old.gone; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "a column of that name": (
        "#variable_conflict use_column\nDECLARE x int; BEGIN SELECT (new).gone INTO x FROM rows; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        NO,
        NO,
    ),
    "schemas of that name": (READS_SCHEMAS, "BEFORE INSERT", "", NO, NO),
    "a loop over what was a copy": (LOOP, "BEFORE INSERT", "", NO, NO),
    "what was a copy is set again": (AGAIN, "BEFORE INSERT", "", NO, NO),
    "a record of another table that the row is given to": (
        "DECLARE r other; BEGIN r := NEW; PERFORM r.gone; RETURN NULL; END",
        "AFTER INSERT",
        "",
        NO,
        NO,
    ),
    "a cursor that is not opened": (UNOPENED, "BEFORE INSERT", "", NO, NO),
    "a cursor that is opened": (UNOPENED.replace("DELETE", "INSERT"), "BEFORE INSERT", "", INSERT, INSERT),
    "where something has changed": (SETS, "BEFORE UPDATE", "WHEN (OLD.* IS DISTINCT FROM NEW.*)", UPDATE, UPDATE),
    "where a condition holds": (SETS, "BEFORE UPDATE", "WHEN (NEW.id = 7)", UPDATE, NO),
    "where a mapped column is set": (SETS, "BEFORE UPDATE OF name", "", UPDATE, UPDATE),
    "where an unmapped column is set": (SETS, "BEFORE UPDATE OF unmapped", "", NO, NO),
    "where the key is set": (SETS, "BEFORE UPDATE OF id", "", NO, NO),
    "a column of the system": (
        "DECLARE t oid; BEGIN t := NEW.tableoid; RETURN NEW; END",
        "AFTER INSERT",
        "",
        NO,
        NO,
    ),
    "behind its end": ("BEGIN RETURN NULL; NEW.gone := 1; END", "AFTER INSERT", "", NO, NO),
    "nested deeper than it is read": (
        f"BEGIN {'IF NEW.id > 0 THEN ' * 400} NEW.gone := 1; {'END IF; ' * 400} RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
    "a condition deeper than it is read": (
        f"BEGIN IF {'(' * 500}NEW.id > 0{')' * 500} THEN NEW.gone := 1; END IF; RETURN NEW; END",
        "BEFORE INSERT",
        "",
        INSERT,
        INSERT,
    ),
}
"""The function, when it fires, the statements for which a doubt is told, and those that fail for the rows tried."""


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database) -> None:
    body, fires, condition, doubted, failing = CASES[case]
    trigger = f"CREATE TRIGGER r {fires} ON items FOR EACH ROW {condition} EXECUTE FUNCTION f('a', 'größe', 'a\\b')"
    with postgres_database.connect() as connection:
        connection.execute((TABLE + OTHERS + FUNCTION.format(body) + trigger).encode())
        connection.execute("SET session_replication_role = replica; INSERT INTO items VALUES (0, 'a')")
    findings = [each.difference for each in Guard(Base).check(postgres_database.url).findings]
    told = {impact: _verbs([each.effect for each in findings if each.impact is impact]) for impact in Impact}
    assert told[Impact.BREAKS] == set()
    assert told[Impact.WEAKENS] == doubted
    assert _failing(postgres_database) == failing


def test_a_trigger_of_a_view(postgres_database: Database) -> None:
    """INSTEAD OF triggers do what is written."""
    view = TABLE.replace("items", "kept") + "CREATE VIEW items AS SELECT id, name FROM kept; "
    trigger = "CREATE TRIGGER r INSTEAD OF INSERT ON items FOR EACH ROW EXECUTE FUNCTION f()"
    with postgres_database.connect() as connection:
        connection.execute((view + FUNCTION.format(SETS) + trigger).encode())
    found = [each.difference for each in Guard(Base).check(postgres_database.url).findings]
    (told,) = [each for each in found if each.code == "object-unknown"]
    assert told.impact is Impact.WEAKENS
    assert told.effect == "not provable: INSERT of Item fails: it names the column gone, which is not there"
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
