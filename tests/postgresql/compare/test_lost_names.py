"""Functions that defaults, generated columns, CHECKs and indexes call, and that have lost what they name."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from schema_guard import Guard, Impact
from schema_guard.sources.frozen import frozen, text_of
from tests.postgres.database import Database
from tests.postgres.server_log import ServerLog, sent

BODY = "CREATE FUNCTION f(t text) RETURNS text LANGUAGE plpgsql {} AS 'BEGIN {} END'; "
LOST = "RETURN (SELECT max(x) FROM public.gone);"
FOR_SOME = "IF t IS NOT NULL THEN RETURN (SELECT max(x) FROM public.gone); END IF; RETURN NULL;"
PER_SESSION = "RETURN (SELECT max(x) FROM gone);"
BUILT = "EXECUTE format(''SELECT count(*) FROM shard_%s'', t) INTO t; RETURN NULL;"
SET = "EXECUTE format(''SELECT 1 FROM %s'', coalesce(current_setting(''app.t'', true), ''none'')) INTO t; RETURN NULL;"
WORKS = "RETURN upper(t);"
FINDS_ALL = """
  WITH both_of(a, b) AS (SELECT 1, 2), plain AS MATERIALIZED (SELECT a FROM both_of) SELECT count(*) INTO t FROM plain;
  t := trim(both FROM coalesce(t, '''')) || substring(t FROM 1 FOR 2) || extract(hour FROM now());
  IF t IS DISTINCT FROM ''x'' AND EXISTS(SELECT FROM app.words w JOIN app.words v ON (v.x = w.x)) THEN
    t := app.one(); END IF;
  PERFORM x FROM app.words FOR UPDATE SKIP LOCKED;
  PERFORM 1 FROM ROWS FROM (generate_series(1, 2), generate_series(1, 3)) AS r(i, j);
  PERFORM count(*) FROM app.words GROUP BY GROUPING SETS ((x), (n)), ROLLUP (x), CUBE (n);
  WITH q(a) AS NOT MATERIALIZED (SELECT 1) SELECT a::text INTO t FROM q;
  UPDATE ONLY app.words AS a SET x = upper(a.x), n = round(a.n, 1)::numeric(9, 2) WHERE x IN (''FROM gone'');
  INSERT INTO app.words (x) VALUES (NULLIF(t, ''''));
  DELETE FROM app.words USING generate_series(1, 2) AS g(i) WHERE n = g.i;
  RETURN NULL;"""
IN_SQL = "SET check_function_bodies = off; CREATE FUNCTION f() RETURNS text LANGUAGE sql {} AS '{}'; "
NONE = "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN other(); END'; "
TABLE = "CREATE TABLE t (id serial PRIMARY KEY, name varchar(20){}); "


def models(*items: sa.schema.SchemaItem, name: sa.Column[str] | None = None) -> sa.MetaData:
    metadata = sa.MetaData()
    column = name if name is not None else sa.Column("name", sa.String(20))
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), column, *items)
    return metadata


def indexed(where: str | None = None) -> sa.MetaData:
    metadata = models()
    condition = sa.text(where) if where else None
    sa.Index("ix", sa.text("f(name)"), _table=metadata.tables["t"], postgresql_where=condition)
    return metadata


LOG = "CREATE TABLE log (x int); "
CHECKED = models(sa.CheckConstraint("f(name) IS NULL", name="c"))
OF_DOMAIN = models(
    sa.CheckConstraint("f(name) IS NULL", name="c"), name=sa.Column("name", sa.Text, nullable=False, default="a")
)
CHECK = TABLE.format(", CONSTRAINT c CHECK (f(name) IS NULL)")
GENERATED = models(sa.Column("up", sa.Text, sa.Computed("f(name)", persisted=True)))
INDEX = TABLE.format("") + "CREATE INDEX ix ON t (f(name))"
DEFAULT = models(name=sa.Column("name", sa.String(20), server_default=sa.text("f()")))
CASES = {
    "a CHECK": (CHECKED, BODY.format("STABLE", LOST) + CHECK, Impact.WEAKENS),
    "a CHECK of a constant": (
        models(sa.CheckConstraint("f('a, (b) '::text) IS NULL", name="c")),
        BODY.format("STABLE", LOST) + CHECK.replace("f(name)", "f('a, (b) '::text)"),
        Impact.BREAKS,
    ),
    "a CHECK of a constant, for some rows": (
        models(sa.CheckConstraint("name IS NULL OR f('a'::text) IS NULL", name="c")),
        BODY.format("STABLE", LOST) + CHECK.replace("f(name)", "name IS NULL OR f('a'::text)"),
        Impact.WEAKENS,
    ),
    "a CHECK whose function raises an error of its own for one of the values": (
        CHECKED,
        BODY.format(
            "STABLE",
            "IF t IS NULL THEN RAISE EXCEPTION USING ERRCODE = ''22004''; ELSIF t = ''a'' THEN "
            "RETURN (SELECT max(x) FROM public.gone); END IF; RETURN NULL;",
        )
        + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK whose function calls itself without end": (
        models(sa.CheckConstraint("f('a'::text) IS NULL", name="c")),
        BODY.format("STABLE", "RETURN f(t);") + CHECK.replace("f(name)", "f('a'::text)"),
        Impact.BREAKS,
    ),
    "a CHECK that may change something, over a schema that is gone": (
        CHECKED,
        BODY.format("VOLATILE", LOST.replace("public", "gone")) + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK for some values": (CHECKED, BODY.format("STABLE", FOR_SOME) + CHECK, Impact.WEAKENS),
    "a CHECK that works": (CHECKED, BODY.format("STABLE", "RETURN NULL;") + CHECK, None),
    "a CHECK over a domain that is NOT NULL": (
        OF_DOMAIN,
        "CREATE DOMAIN word AS text NOT NULL; CREATE DOMAIN short AS word; "
        + BODY.replace("t text", "t word").format("STABLE", LOST)
        + CHECK.replace("name varchar(20)", "name short DEFAULT 'x'"),
        Impact.WEAKENS,
    ),
    "a CHECK over a domain that is NOT NULL, for some values": (
        OF_DOMAIN,
        "CREATE DOMAIN word AS text NOT NULL; "
        + BODY.replace("t text", "t word").format("STABLE", FOR_SOME.replace("IS NOT NULL", "= ''x''"))
        + CHECK.replace("name varchar(20)", "name word DEFAULT 'a'"),
        None,
    ),
    "a CHECK that may change something": (CHECKED, BODY.format("VOLATILE", LOST) + CHECK, Impact.WEAKENS),
    "a CHECK that may change something, for some values": (
        CHECKED,
        BODY.format("VOLATILE", FOR_SOME) + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK that may change something, over a table that the session may make": (
        CHECKED,
        BODY.format("VOLATILE", PER_SESSION) + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK that may change something, and builds its SQL": (CHECKED, BODY.format("VOLATILE", BUILT) + CHECK, None),
    "a CHECK that may change something, and sets where it looks": (
        CHECKED,
        "CREATE SCHEMA app; CREATE TABLE app.words (x text); "
        + BODY.format(
            "VOLATILE", "PERFORM set_config(''search_path'', ''app'', true); RETURN (SELECT max(x) FROM words);"
        )
        + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK that may change something, and expects the error": (
        CHECKED,
        BODY.format("VOLATILE", f"{LOST} EXCEPTION WHEN undefined_table THEN RETURN NULL;") + CHECK,
        None,
    ),
    "a CHECK that may change something, and makes what it reads": (
        CHECKED,
        BODY.format("VOLATILE", f"CREATE TABLE IF NOT EXISTS public.gone (x text); {LOST}") + CHECK,
        None,
    ),
    "a CHECK that may change something, and finds all": (
        CHECKED,
        "CREATE SCHEMA app; CREATE TABLE app.words (x text, n numeric(9, 2)); "
        "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        + BODY.format("VOLATILE", FINDS_ALL)
        + CHECK,
        None,
    ),
    "a default by a function in plpgsql that may change something": (
        DEFAULT,
        BODY.replace("t text", "").format("", "RETURN public.other();") + TABLE.format(" DEFAULT f()"),
        Impact.WEAKENS,
    ),
    "a CHECK that may read a table of the session": (
        CHECKED,
        BODY.format("STABLE", PER_SESSION) + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK that reads one table for each value": (CHECKED, BODY.format("STABLE", BUILT) + CHECK, Impact.WEAKENS),
    "a CHECK that reads the table of a setting": (CHECKED, BODY.format("STABLE", SET) + CHECK, Impact.WEAKENS),
    "a CHECK that calls what SQL it builds": (
        CHECKED,
        BODY.format("STABLE", "EXECUTE ''SELECT of_'' || coalesce(t, ''x'') || ''()'' INTO t; RETURN NULL;") + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK whose function calls another": (
        CHECKED,
        BODY.format("STABLE", LOST).replace("f(", '"of it"(') + BODY.format("STABLE", 'RETURN "of it"(t);') + CHECK,
        Impact.WEAKENS,
    ),
    "a CHECK whose function calls another that builds its SQL": (
        CHECKED,
        BODY.format("STABLE", BUILT.replace("shard_%s", "public.shard")).replace("f(", '"of it"(', 1)
        + BODY.format("STABLE", 'RETURN "of it"(t); /* public.shard */')
        + CHECK,
        Impact.WEAKENS,
    ),
    "a generated column": (
        GENERATED,
        BODY.format("IMMUTABLE", LOST) + TABLE.format(", up text GENERATED ALWAYS AS (f(name)) STORED"),
        Impact.WEAKENS,
    ),
    "an index": (indexed(), BODY.format("IMMUTABLE", LOST) + INDEX, Impact.WEAKENS),
    "an index that works": (indexed(), BODY.format("IMMUTABLE", WORKS) + INDEX, None),
    "an index of some rows": (
        indexed("name = 'x'"),
        BODY.format("IMMUTABLE", LOST) + INDEX + " WHERE name = 'x'",
        Impact.WEAKENS,
    ),
    "a default": (DEFAULT, NONE + TABLE.format(" DEFAULT f()"), Impact.BREAKS),
    "a default by a function in SQL that may change something": (
        DEFAULT,
        IN_SQL.format("", "SELECT max(x) FROM public.gone") + TABLE.format(" DEFAULT f()"),
        Impact.BREAKS,
    ),
    "a default by a function in SQL over a table that the session may make": (
        DEFAULT,
        IN_SQL.format("", "SELECT max(x) FROM gone") + TABLE.format(" DEFAULT f()"),
        Impact.WEAKENS,
    ),
    "a default by a function in SQL with a search_path of its own": (
        DEFAULT,
        "CREATE SCHEMA app; CREATE TABLE app.numbers (x text); CREATE FUNCTION app.other() RETURNS text LANGUAGE sql AS"
        " 'SELECT NULL'; "
        + IN_SQL.format("SET search_path = app", "SELECT coalesce(max(x), other()) FROM numbers")
        + TABLE.format(" DEFAULT f()"),
        None,
    ),
    "a default by a function in SQL that makes what it reads": (
        DEFAULT,
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS"
        " 'INSERT INTO log VALUES (1); SELECT max(x)::text FROM log'; ".replace("CREATE", LOG + "CREATE", 1)
        + TABLE.format(" DEFAULT f()"),
        None,
    ),
    "an exclusion": (
        models(postgresql.ExcludeConstraint((sa.text("f(name)"), "="), using="btree", name="x")),
        BODY.format("IMMUTABLE", LOST) + TABLE.format(", CONSTRAINT x EXCLUDE USING btree (f(name) WITH =)"),
        Impact.WEAKENS,
    ),
    "a default that the application does not use": (
        models(name=sa.Column("name", sa.String(20), server_default=sa.text("f()"), default="a")),
        NONE + TABLE.format(" DEFAULT f()"),
        None,
    ),
}


WORK = {"an index of some rows", "a CHECK that may change something, and sets where it looks"}
"""Of the doubts those that work for the rows tried; the others fail."""
UNTOLD = {"a CHECK that may change something, and builds its SQL"}


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database) -> None:
    metadata, statements, expected = CASES[case]
    with postgres_database.connect() as connection:
        connection.execute(statements.encode())
    guard = Guard(metadata)
    report = guard.check(postgres_database.url)
    found = {each.difference.impact for each in report.findings} - {Impact.NOTES}
    assert found == ({expected} if expected else set())
    fails = False
    engine = sa.create_engine(postgres_database.url, poolclass=sa.NullPool)
    table = metadata.tables["t"]
    for values in ({}, {"name": "a"}):
        with engine.connect() as connection:
            try:
                connection.execute(sa.insert(table).values(**values))
            except sa.exc.DBAPIError:
                fails = True
    assert fails is (case in UNTOLD or (expected is not None and case not in WORK))


def test_what_the_connected_role_may_not_read_is_a_doubt(postgres_database: Database) -> None:
    """The application may connect as another one. A function with the rights of its owner reads it for every role."""
    role = f"r_{postgres_database.name}"
    read = "BEGIN RETURN (SELECT max(x) FROM private); END"
    body = f"CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql STABLE {{}} AS '{read}'"
    with postgres_database.connect() as connection:
        connection.execute(f"CREATE TABLE private (x text); {body.format('')}; {TABLE.format(' DEFAULT f()')}".encode())
        connection.execute(f"CREATE ROLE {role} LOGIN; GRANT ALL ON t, t_id_seq TO {role}".encode())
        url = postgres_database.server.url(postgres_database.name, user=role)
        found = [each.difference for each in Guard(DEFAULT).check(url).findings]
        effects = [each.effect for each in found if each.impact is not Impact.NOTES]
        doubt = "(permission denied for table private) if the application connects as the same role"
        assert effects == [f"not provable: INSERT of t fails {doubt}"]
        connection.execute(body.format("SECURITY DEFINER").replace("CREATE", "CREATE OR REPLACE").encode())
        assert Guard(DEFAULT).check(url).satisfied
        connection.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.mark.parametrize("body", ["SELECT ''a''", "SELECT max(x) FROM public.gone"])
def test_a_function_of_many_defaults_is_asked_for_once(body: str, postgres_database: Database) -> None:
    metadata = sa.MetaData()
    columns = [sa.Column(f"c{number}", sa.Text, server_default=sa.text("f()")) for number in range(120)]
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    with postgres_database.connect() as connection:
        connection.execute(IN_SQL.format("", body).encode())
        connection.execute(f"ALTER DATABASE {postgres_database.name} SET log_statement = 'all'".encode())
    metadata.create_all(sa.create_engine(postgres_database.url, poolclass=sa.NullPool))
    log = ServerLog(postgres_database)
    assert Guard(metadata).check(postgres_database.url).remains(Impact.BREAKS) is ("gone" in body)
    assert sum("fmgr_sql_validator" in statement for _, statement in sent(log, postgres_database)) == 1


def test_a_frozen_file_says_the_same_and_nothing_is_remembered(postgres_database: Database, tmp_path: Path) -> None:
    """What a function finds leaves no trace in the definitions that a digest tells."""
    with postgres_database.connect() as connection:
        connection.execute((NONE.replace("other()", "NULL") + TABLE.format(" DEFAULT f()")).encode())
    file = tmp_path / "expected.json"
    file.write_text(text_of(frozen(Guard(DEFAULT).source)), encoding="utf-8")
    guard = Guard.frozen(file).remembering()
    assert [guard.check(postgres_database.url).remembered for _ in range(2)] == ["", ""]
    with postgres_database.connect() as connection:
        connection.execute(NONE.replace("CREATE", "CREATE OR REPLACE").encode())
    assert guard.check(postgres_database.url).remains(Impact.BREAKS)
    assert Guard(DEFAULT).ready(postgres_database.url).ready is False
