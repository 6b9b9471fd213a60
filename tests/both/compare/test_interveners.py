"""A trigger or a rule that may keep a statement from its work is told as a doubt; one that cannot is not."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from schema_guard import Guard, Upsert
from schema_guard.difference import Impact
from tests.postgres.database import Database


class Base(DeclarativeBase):
    pass


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))


FUNCTION = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$; "
EACH_UPDATE = "CREATE TRIGGER r BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f()"
ON_POSTGRESQL = {
    "a rule for UPDATE": ("CREATE RULE r AS ON UPDATE TO items DO INSTEAD NOTHING", "UPDATE of Item does what"),
    "a rule for DELETE": ("CREATE RULE r AS ON DELETE TO items DO INSTEAD NOTHING", "DELETE of Item does what"),
    "a rule that does more": ("CREATE RULE r AS ON DELETE TO items DO ALSO NOTIFY gone", ""),
    "rows are skipped": (
        FUNCTION.format("RETURN NULL;")
        + "CREATE TRIGGER r BEFORE UPDATE OR DELETE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "UPDATE, DELETE of Item leaves rows as they are",
    ),
    "the result of another trigger counts for nothing": (
        FUNCTION.format("RETURN NULL;") + "CREATE TRIGGER r AFTER UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "",
    ),
    "a statement is refused": (
        FUNCTION.format("raise  exception 'no';")
        + "CREATE TRIGGER r BEFORE DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION f()",
        "DELETE of Item fails: it raises an error",
    ),
    "a disabled trigger": (
        FUNCTION.format("RAISE EXCEPTION 'no';")
        + "CREATE TRIGGER r BEFORE DELETE ON items FOR EACH STATEMENT EXECUTE FUNCTION f();"
        + "ALTER TABLE items DISABLE TRIGGER r",
        "",
    ),
    "a trigger that asks first": (
        FUNCTION.format("IF NEW.name = 'no' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW;")
        + "CREATE TRIGGER r BEFORE INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "",
    ),
    "a trigger with a condition": (
        FUNCTION.format("RAISE EXCEPTION 'no';")
        + "CREATE TRIGGER r BEFORE UPDATE ON items FOR EACH ROW WHEN (NEW.name = 'no') EXECUTE FUNCTION f()",
        "",
    ),
    "a trigger that warns": (
        FUNCTION.format("RAISE NOTICE 'no'; RETURN NEW;")
        + "CREATE TRIGGER r BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "",
    ),
    "an error without its level": (
        FUNCTION.format("RAISE 'no';") + "CREATE TRIGGER r BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "UPDATE of Item fails: it raises an error",
    ),
    "a trigger sets a column that is gone, by a variable": (
        FUNCTION.replace("BEGIN", "DECLARE _new record; BEGIN").format(
            '_new := NEW; _new."changed" = now(); RETURN _new;'
        )
        + EACH_UPDATE,
        "UPDATE of Item fails: it names the column changed, which is not there",
    ),
    "a trigger writes to a table that is gone": (
        FUNCTION.format("INSERT INTO audit (who) VALUES (current_user); RETURN NEW;") + EACH_UPDATE,
        "UPDATE of Item fails: it writes to audit, which is not there",
    ),
    "a trigger that asks first changes rows of a table that is gone": (
        FUNCTION.format("IF TG_OP = 'UPDATE' THEN UPDATE ONLY log.\"Audit\" AS a SET who = 'x'; END IF; RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it writes to log.Audit, which is not there",
    ),
    "a trigger deletes from a table that is gone": (
        FUNCTION.format("DELETE FROM Audit; RETURN OLD;")
        + "CREATE TRIGGER r BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "DELETE of Item fails: it writes to audit, which is not there",
    ),
    "a trigger deletes from a table that is gone, with its schema": (
        FUNCTION.format("IF TG_OP = 'DELETE' THEN DELETE FROM public.Audit; END IF; RETURN OLD;")
        + "CREATE TRIGGER r BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "DELETE of Item fails: it writes to public.audit, which is not there",
    ),
    "a trigger writes to a table that is gone for another table": (
        FUNCTION.format("IF TG_TABLE_NAME = 'other' THEN DELETE FROM public.audit; END IF; RETURN NEW;") + EACH_UPDATE,
        "",
    ),
    "a trigger writes to tables that are there": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (id int PRIMARY KEY, who text); "
        + FUNCTION.format(
            "-- INSERT INTO gone\n PERFORM 1 FROM items FOR UPDATE SKIP LOCKED;"
            " UPDATE log.audit a SET who = 'DELETE FROM x';"
            " INSERT INTO log.Audit VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET who = 'y'; RETURN NEW;"
        )
        + EACH_UPDATE,
        "",
    ),
    "a trigger makes the table that it writes to": (
        FUNCTION.format(
            "CREATE TEMP TABLE IF NOT EXISTS seen (id int) ON COMMIT DROP; INSERT INTO seen VALUES (1); RETURN NEW;"
        )
        + EACH_UPDATE,
        "",
    ),
    "a column that is gone in a comment alone": (
        FUNCTION.format("-- NEW.changed := now();\n/* NEW.changed,\n OLD.changed */ NEW.name := 'b'; RETURN NEW;")
        + EACH_UPDATE,
        "",
    ),
    "a trigger that asks something else before it sets a column that is gone": (
        FUNCTION.format("IF NEW.name IS NOT NULL THEN NEW.changed := now(); END IF; RETURN NEW;") + EACH_UPDATE,
        "UPDATE of Item fails: it names the column changed, which is not there",
    ),
    "a trigger calls a function that is gone": (
        FUNCTION.format("NEW.name := slugify(NEW.name); RETURN NEW;") + EACH_UPDATE,
        "UPDATE of Item fails: it calls slugify, which is not there",
    ),
    "a trigger calls a function that another schema has": (
        "CREATE SCHEMA log; CREATE FUNCTION log.note(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        + FUNCTION.format("PERFORM app.note(NEW.id); RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it calls app.note, which is not there",
    ),
    "a trigger reads a table that is gone": (
        FUNCTION.format(
            "IF EXISTS (SELECT 1 FROM items i JOIN Blocked b ON b.id = i.id) THEN NULL; END IF; RETURN NEW;"
        )
        + EACH_UPDATE,
        "UPDATE of Item fails: it reads blocked, which is not there",
    ),
    "a trigger writes a column that is gone from another table": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.format('INSERT INTO log.audit (who, "At") VALUES (NEW.name, now()); RETURN NEW;')
        + EACH_UPDATE,
        "UPDATE of Item fails: it writes the column audit.At, which is not there",
    ),
    "a trigger changes a column that is gone from another table": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.format("UPDATE log.audit AS a SET at = now(); RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it writes the column audit.at, which is not there",
    ),
    "a trigger reads a column that is gone from another table": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.replace("BEGIN", "DECLARE n text; BEGIN").format(
            "SELECT a.at INTO n FROM log.audit AS a WHERE a.who = NEW.name; RETURN NEW;"
        )
        + EACH_UPDATE,
        "UPDATE of Item fails: it reads the column audit.at, which is not there",
    ),
    "a trigger reads a column without the table's name": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.replace("BEGIN", "DECLARE n text; BEGIN").format("SELECT at INTO n FROM log.audit; RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it reads the column audit.at, which is not there",
    ),
    "a trigger finds rows by a column that is gone": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.format("UPDATE log.audit SET who = 'a' WHERE item = NEW.id; RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it reads the column audit.item, which is not there",
    ),
    "a trigger expects that something is gone": (
        FUNCTION.format("INSERT INTO audit VALUES (1); RETURN NEW; EXCEPTION WHEN undefined_table THEN RETURN NEW;")
        + EACH_UPDATE,
        "",
    ),
    "a trigger whose names are all there": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (id int UNIQUE, who text, size numeric(9, 2)); "
        "CREATE FUNCTION log.pairs(int) RETURNS TABLE (a int, b int) LANGUAGE sql AS 'SELECT 1, 2'; "
        + FUNCTION.replace(
            "BEGIN", "DECLARE n int; w varchar(20); v numeric(9, 2); r record; c CURSOR (k int) FOR SELECT k; BEGIN"
        ).format(
            """
            IF(TG_OP = 'INSERT') THEN RETURN NEW; ELSIF(OLD.* IS DISTINCT FROM NEW.*) THEN n := 1; END IF;
            WITH both_of(a, b) AS (SELECT 1, 2), plain AS MATERIALIZED (SELECT a FROM both_of)
              SELECT count(*) INTO n FROM plain p JOIN both_of ON (both_of.a = p.a);
            WITH RECURSIVE walk(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM walk WHERE i < 3)
              SELECT max(i) INTO n FROM walk;
            FOR r IN c(1) LOOP n := n + 1; END LOOP;
            FOR r IN SELECT * FROM log.pairs(NEW.id) g(x, y), LATERAL (SELECT g.x) AS s(z) WHERE x IN(1)
              LOOP n := 1; END LOOP;
            FOR r IN SELECT * FROM unnest(ARRAY[1]) WITH ORDINALITY u(e, place) LOOP n := 1; END LOOP;
            WHILE(n < 0) LOOP EXIT WHEN(n > 3); END LOOP;
            v := extract(hour FROM now()) + extract(hour FROM r.place * interval '1 hour') + n::numeric(9, 2);
            w := trim(both FROM coalesce(NEW.name, '')) || substring(NEW.name FROM 1 FOR 2);
            w := w || overlay('ab' placing 'x' FROM n);
            INSERT INTO log.audit (id, who, size) VALUES (1, w, v) ON CONFLICT (id) DO UPDATE SET who = excluded.who;
            SELECT who INTO w FROM log.audit WHERE n = 1 AND size > 0;
            FOR n IN SELECT id FROM log.audit WHERE ctid IS NOT NULL LOOP EXIT; END LOOP;
            SELECT a.who INTO w FROM log.audit a LEFT JOIN items audit ON audit.id = a.id WHERE audit.name = a.who;
            UPDATE log.audit a SET (who, size) = ('b', 1) FROM items AS i(key) WHERE i.key = a.id;
            UPDATE log.audit
              SET who = (SELECT string_agg(i.name, ',' ORDER BY i.id) FILTER (WHERE i.id > 0) FROM items i);
            SELECT sum(a.size) OVER w2 INTO n FROM log.audit a WINDOW w2 AS (ORDER BY a.id) LIMIT 1;
            IF NOT (n IS NULL) AND EXISTS(SELECT FROM items WHERE name = ANY(ARRAY['FROM gone']))
              THEN RAISE NOTICE '%', (n); END IF;
            PERFORM pg_notify('x', json_build_object('id', NEW.id)::text), (CASE WHEN(n > 1) THEN(1) ELSE(2) END);
            ASSERT(true);
            RETURN(NEW);"""
        )
        + EACH_UPDATE,
        "",
    ),
    "a trigger reads whole rows of one table": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (who text); "
        + FUNCTION.replace("BEGIN", "DECLARE r record; BEGIN").format(
            "SELECT a INTO r FROM log.audit a WHERE tg_op = 'UPDATE'; SELECT audit INTO r FROM log.audit; RETURN NEW;"
        )
        + EACH_UPDATE,
        "",
    ),
    "a variable of an inner block is no column": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (id int, note text); "
        + FUNCTION.format(
            "IF true THEN <<inner>> DECLARE who text := 'x'; m text; n int; BEGIN SELECT who INTO m FROM log.audit; "
            "PERFORM id FROM log.audit WHERE n = 1; END inner; END IF; RETURN NEW;"
        )
        + EACH_UPDATE,
        "",
    ),
    "a column that is gone beside a variable of an inner block": (
        "CREATE SCHEMA log; CREATE TABLE log.audit (id int, note text); "
        + FUNCTION.format("DECLARE n int; BEGIN PERFORM id FROM log.audit WHERE who = 'x'; END; RETURN NEW;")
        + EACH_UPDATE,
        "UPDATE of Item fails: it reads the column audit.who, which is not there",
    ),
    "a trigger that asks before it sets": (
        FUNCTION.format("IF TG_TABLE_NAME = 'other' THEN NEW.changed := now(); END IF; RETURN NEW;") + EACH_UPDATE,
        "",
    ),
    "a trigger that only fills": (
        FUNCTION.format("NEW.name := lower(NEW.name); RETURN NEW;")
        + "CREATE TRIGGER r BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION f()",
        "",
    ),
}
ON_SQLITE = {
    "rows are skipped": (
        "CREATE TRIGGER r BEFORE UPDATE OF name ON items BEGIN SELECT RAISE(IGNORE); END",
        "UPDATE of Item leaves rows as they are",
    ),
    "a statement is refused": (
        "CREATE TRIGGER r AFTER DELETE ON items BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DELETE of Item fails: it raises an error",
    ),
    "a trigger that asks first": (
        "CREATE TRIGGER r BEFORE UPDATE ON items WHEN NEW.name = 'no' BEGIN SELECT RAISE(ABORT, 'no'); END",
        "",
    ),
    "a trigger that selects what it refuses": (
        "CREATE TRIGGER r BEFORE UPDATE ON items BEGIN SELECT RAISE(ABORT, 'no') WHERE NEW.name = 'no'; END",
        "",
    ),
    "a trigger that only fills": (
        "CREATE TRIGGER r AFTER UPDATE ON items BEGIN UPDATE items SET name = 'RAISE' WHERE 0; END",
        "",
    ),
}


def is_told(engine: sa.Engine, effect: str) -> None:
    findings = Guard(Base).apply(engine).findings
    assert [each.difference.impact for each in findings] == ([Impact.WEAKENS] if effect else [])
    assert not effect or findings[0].difference.effect.startswith(f"not provable: {effect}")
    assert _works(engine) is not bool(effect)
    for statement in (line for each in findings if each.refusal for line in each.refusal.advice):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
    assert Guard(Base).check(engine).findings == ()
    assert _works(engine)
    engine.dispose()


def _works(engine: sa.Engine) -> bool:
    """Whether a row can be made, changed and deleted."""
    try:
        with Session(engine) as session:
            item = Item(name="a")
            session.add(item)
            session.flush()
            item.name = "b"
            session.flush()
            session.refresh(item)
            assert item.name == "b"
            session.delete(item)
            session.flush()
            return session.scalars(sa.select(Item)).all() == []
    except (sa.exc.SQLAlchemyError, AssertionError):
        return False


OF_SERVER = {
    "moddatetime": "CREATE EXTENSION moddatetime; CREATE TRIGGER r BEFORE UPDATE ON items FOR EACH ROW"
    " EXECUTE FUNCTION moddatetime(changed)",
    "tsvector_update_trigger": "ALTER TABLE items ADD words tsvector; CREATE TRIGGER r BEFORE INSERT ON items"
    " FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger(words, 'pg_catalog.english', name, changed)",
}


@pytest.mark.parametrize("case", OF_SERVER)
def test_a_function_of_the_server_that_names_a_column_which_is_gone(postgres_database: Database, case: str) -> None:
    """What it does is known: it raises an error."""
    engine = sa.create_engine(postgres_database.url)
    Base.metadata.create_all(engine)
    with postgres_database.connect() as connection:
        connection.execute(OF_SERVER[case].encode())
    (finding,) = [each for each in Guard(Base).check(engine).findings if each.difference.code == "object-unknown"]
    assert finding.difference.impact is Impact.BREAKS
    assert finding.difference.effect.endswith(" of Item fails: it names the column changed, which is not there")
    assert not _works(engine)
    with postgres_database.connect() as connection:
        connection.execute("ALTER TABLE items ADD changed timestamp")
        if case == "tsvector_update_trigger":
            connection.execute("ALTER TABLE items ALTER changed TYPE text")
    assert Guard(Base).check(engine).worst is Impact.NOTES
    assert _works(engine)
    engine.dispose()


def test_a_function_of_the_server_that_names_a_column_with_an_umlaut(postgres_database: Database) -> None:
    """The catalog keeps the arguments of a trigger as bytes, with a zero byte behind each."""
    engine = sa.create_engine(postgres_database.url)
    Base.metadata.create_all(engine)
    with postgres_database.connect() as connection:
        connection.execute(
            'ALTER TABLE items ADD words tsvector, ADD "größe" text, ADD "a\\b" text; CREATE TRIGGER r BEFORE INSERT'
            " ON items FOR EACH ROW EXECUTE FUNCTION"
            " tsvector_update_trigger(words, 'pg_catalog.english', 'größe', 'a\\b')".encode()
        )
    assert Guard(Base).check(engine).worst is Impact.NOTES
    assert _works(engine)
    engine.dispose()


@pytest.mark.parametrize("case", ON_POSTGRESQL)
def test_on_postgresql(postgres_database: Database, case: str) -> None:
    engine = sa.create_engine(postgres_database.url)
    Base.metadata.create_all(engine)
    with postgres_database.connect() as connection:
        connection.execute(ON_POSTGRESQL[case][0].encode())
    is_told(engine, ON_POSTGRESQL[case][1])


@pytest.mark.parametrize("case", ON_SQLITE)
def test_on_sqlite(sqlite_file: Path, case: str) -> None:
    engine = sa.create_engine(f"sqlite:///{sqlite_file}")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(ON_SQLITE[case][0])
    is_told(engine, ON_SQLITE[case][1])


@pytest.mark.parametrize(
    ("rule", "fails"),
    [
        ("ON INSERT TO items DO ALSO NOTIFY made", True),
        ("ON UPDATE TO items DO INSTEAD NOTHING", True),
        ("ON DELETE TO items DO ALSO NOTIFY gone", False),
        ("ON INSERT TO items DO ALSO NOTHING", False),
    ],
)
def test_no_upsert_works_beside_a_rule(postgres_database: Database, rule: str, fails: bool) -> None:
    engine = sa.create_engine(postgres_database.url)
    Base.metadata.create_all(engine)
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE RULE r AS {rule}".encode())
    guard = Guard(Base, upserts=[Upsert(Item.id)])
    assert _upserts(engine) is not fails
    found = [each for each in guard.check(engine).findings if each.difference.code == "upsert-unserved"]
    assert [each.difference.impact for each in found] == ([Impact.BREAKS] if fails else [])
    for each in found:
        assert each.difference.headline == "no ON CONFLICT works on a table with a rule for INSERT or UPDATE: r"
        assert each.refusal is not None
        with postgres_database.connect() as connection:
            connection.execute(each.refusal.advice[0].encode())
        assert _upserts(engine)
    assert "upsert-unserved" not in {each.difference.code for each in guard.check(engine).findings}
    engine.dispose()


def _upserts(engine: sa.Engine) -> bool:
    try:
        with engine.begin() as connection:
            statement = insert(Item).values(id=1, name="a")
            connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"name": "b"}))
    except sa.exc.DBAPIError:
        return False
    return True


class Note(Base):
    __tablename__ = "notes"
    code: Mapped[str] = mapped_column(sa.String(20), primary_key=True)


@pytest.mark.parametrize(
    ("rule", "breaks"),
    [
        ("CREATE RULE r AS ON INSERT TO items DO INSTEAD INSERT INTO kept VALUES (NEW.name)", True),
        ("CREATE RULE r AS ON INSERT TO items WHERE NEW.name = 'no' DO INSTEAD NOTHING", True),
        ("CREATE RULE r AS ON INSERT TO items DO ALSO INSERT INTO kept VALUES (NEW.name)", False),
        (
            "CREATE RULE r AS ON INSERT TO items DO INSTEAD INSERT INTO kept VALUES (NEW.name)"
            " RETURNING 1, 'kept'::varchar",
            False,
        ),
        ("CREATE RULE r AS ON INSERT TO notes WHERE NEW.code = 'no' DO INSTEAD NOTHING", False),
    ],
)
def test_a_rule_that_does_not_return_the_key_breaks(postgres_database: Database, rule: str, breaks: bool) -> None:
    """SQLAlchemy asks for a key that the server gives with RETURNING, which PostgreSQL then refuses for every row."""
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE kept (name text)")
        connection.exec_driver_sql(rule)
    if breaks:
        with engine.connect() as connection, pytest.raises(sa.exc.NotSupportedError, match="INSERT RETURNING"):
            connection.execute(sa.insert(Item).values(name="yes"))
    else:
        with engine.connect() as connection:
            connection.execute(sa.insert(Item).values(name="yes"))
            connection.execute(sa.insert(Note).values(code="yes"))
    assert bool(Guard(Base).check(engine).remains(Impact.BREAKS)) is breaks
