"""Reading the live catalog: one query, whatever the tables are called and whoever asks."""

from __future__ import annotations

import pytest

from schema_guard.compare.written import domains_of
from schema_guard.dialects.inquiry import Question
from schema_guard.dialects.terms import Verdict
from schema_guard.difference import Fit
from schema_guard.schema import (
    Check,
    Column,
    Counter,
    Enum,
    Exclusion,
    ForeignKey,
    Generated,
    Identity,
    Index,
    IndexElement,
    Name,
    Relation,
    Schema,
    Sequence,
    Table,
    TypeKind,
    Unique,
)
from tests.postgres.database import Database
from tests.postgresql.read.reading import expecting, session_on, table_of

HOSTILE = "we%%ird %s :x \"na'me\n\\ é$1"
TYPE = '"T' + HOSTILE.replace('"', '""') + '"'
QUOTED = '"' + HOSTILE.replace('"', '""') + '"'


@pytest.mark.every_postgres
def test_columns_are_read_with_everything_that_matters(postgres_database: Database) -> None:
    sql = """
    CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN word AS varchar(9) NOT NULL;
    CREATE DOMAIN short_word AS word;
    CREATE DOMAIN any_word AS varchar(9);
    CREATE DOMAIN any_short_word AS any_word;
    CREATE TABLE t (
      id serial, gone int, key bigint GENERATED ALWAYS AS IDENTITY, title varchar(20) NOT NULL DEFAULT 'x',
      area int GENERATED ALWAYS AS (id * 2) STORED, m mood[], w word, s short_word, a any_short_word,
      c text COLLATE "C");
    ALTER TABLE t DROP COLUMN gone;
    COMMENT ON TABLE t IS 'about';
    COMMENT ON COLUMN t.title IS 'it''s'"""
    with session_on(postgres_database, sql) as session:
        table = table_of(session, "t")
    columns = {column.name: column for column in table.columns}
    assert list(columns) == ["id", "key", "title", "area", "m", "w", "s", "a", "c"]
    assert columns["id"].autoincrement
    assert columns["id"].default == "nextval('public.t_id_seq'::regclass)"
    assert columns["key"].identity == Identity(always=True)
    assert (columns["title"].nullable, columns["title"].default) == (False, "'x'::character varying")
    assert columns["title"].comment == "it's"
    assert columns["area"].generated == Generated("(id * 2)", stored=True)
    assert (columns["m"].type.kind, columns["m"].type.dimensions) == (TypeKind.ENUM, 1)
    assert (columns["w"].type.kind, columns["w"].value_domain_not_null) == (TypeKind.DOMAIN, True)
    assert [columns[name].value_domain_not_null for name in ("s", "a")] == [True, False]  # that of a domain below it
    assert columns["c"].collation == "C"
    assert table.comment == "about"


@pytest.mark.every_postgres
def test_constraints_are_read_with_their_state(postgres_database: Database) -> None:
    sql = """
    CREATE EXTENSION btree_gist;
    CREATE TABLE parent (a int, b int, PRIMARY KEY (b, a));
    CREATE TABLE t (x int, y int, z varchar(5), span int4range,
      CONSTRAINT pair UNIQUE (y, x) INCLUDE (z) DEFERRABLE INITIALLY DEFERRED,
      CONSTRAINT positive CHECK (x > 0), CONSTRAINT apart EXCLUDE USING gist (span WITH &&),
      CONSTRAINT up FOREIGN KEY (x, y) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE);
    ALTER TABLE t ADD CONSTRAINT later CHECK (z IN ('a', 'b')) NOT VALID"""
    with session_on(postgres_database, sql) as session:
        parent, table = table_of(session, "parent"), table_of(session, "t")
    assert parent.primary_key is not None
    assert parent.primary_key.columns == ("b", "a")
    keys = (IndexElement("y"), IndexElement("x"))
    assert table.uniques == (Unique("pair", ("y", "x"), True, True, include=("z",), elements=keys),)
    assert table.checks == (
        Check("later", "(z = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))", validated=False),
        Check("positive", "(x > 0)"),
    )
    span = (IndexElement("span"),)
    assert table.exclusions == (
        Exclusion("apart", "EXCLUDE USING gist (span WITH &&)", elements=span, operators=("&&",), method="gist"),
    )
    assert table.foreign_keys == (
        ForeignKey("up", ("x", "y"), Name("public", "parent"), ("a", "b"), "CASCADE", "SET NULL", deferrable=True),
    )


@pytest.mark.every_postgres
def test_indexes_are_read_without_those_behind_constraints(postgres_database: Database) -> None:
    sql = """
    CREATE EXTENSION pg_trgm;
    CREATE TABLE t (id int PRIMARY KEY, a varchar(9), b text, c int);
    CREATE INDEX by_expression ON t (lower(a), c DESC NULLS LAST) INCLUDE (b) WHERE a <> 'x';
    CREATE INDEX by_class ON t USING gin (b gin_trgm_ops);
    CREATE UNIQUE INDEX by_collation ON t (b COLLATE "C" text_pattern_ops, c) WITH (fillfactor = 70)"""
    with session_on(postgres_database, sql) as session:
        indexes = {str(index.name): index for index in table_of(session, "t").indexes}
    assert set(indexes) == {"by_expression", "by_class", "by_collation"}
    first, second = indexes["by_expression"].elements
    assert (first.text, first.is_expression) == ("lower(a)", True)
    assert (second.text, second.descending, second.nulls_first) == ("c", True, False)
    assert (indexes["by_expression"].include, indexes["by_expression"].where) == (("b",), "(a <> 'x'::text)")
    assert (indexes["by_class"].method, indexes["by_class"].elements[0].operator_class) == ("gin", "gin_trgm_ops")
    collated = indexes["by_collation"]
    assert (collated.unique, collated.options, collated.columns) == (True, ("fillfactor=70",), ("b", "c"))
    assert (collated.elements[0].collation, collated.elements[0].operator_class) == ("C", "text_pattern_ops")


def test_newer_servers_columns_are_read_where_there_are(postgres_database: Database) -> None:
    """NULLS NOT DISTINCT (15), NOT ENFORCED, NOT NULL NOT VALID and virtual columns (18)."""
    sql = """
    CREATE TABLE t (a int, b int, v int GENERATED ALWAYS AS (a + 1) VIRTUAL, UNIQUE NULLS NOT DISTINCT (a),
      CONSTRAINT lax CHECK (a > 0) NOT ENFORCED);
    ALTER TABLE t ADD CONSTRAINT b_there NOT NULL b NOT VALID"""
    with session_on(postgres_database, sql) as session:
        table = table_of(session, "t")
    assert table.uniques[0].nulls_not_distinct
    assert not table.checks[0].enforced
    assert [(column.name, column.nullable, column.validated) for column in table.columns] == [
        ("a", True, True),
        ("b", False, False),
        ("v", True, True),
    ]
    assert table.columns[2].generated == Generated("(a + 1)", stored=False)


@pytest.mark.every_postgres
def test_every_kind_of_relation_is_told_apart(postgres_database: Database) -> None:
    sql = """
    CREATE TABLE plain (id int); CREATE VIEW seen AS SELECT 1 AS id; CREATE MATERIALIZED VIEW kept AS SELECT 1 AS id;
    CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY LIST (id);
    CREATE TABLE part PARTITION OF parts FOR VALUES IN (1);
    CREATE TABLE points (id int REFERENCES parts)"""
    names = ("plain", "seen", "kept", "parts", "part", "points")
    with session_on(postgres_database, sql) as session:
        actual = session.inspect(expecting(*names))
    assert {table.name.name: table.relation for table in actual.tables} == {
        "plain": Relation.TABLE,
        "seen": Relation.VIEW,
        "kept": Relation.MATERIALIZED_VIEW,
        "parts": Relation.PARTITIONED,
        "part": Relation.PARTITION,
        "points": Relation.TABLE,
    }
    points = actual.table(Name("public", "points"))
    assert points is not None
    assert len(points.foreign_keys) == 1  # the copies for each partition are not shown


@pytest.mark.every_postgres
@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000", "asyncpg"])
def test_no_name_is_too_strange(postgres_database: Database, driver: str) -> None:
    long = "x" * 62 + "é"
    sql = f"""
    CREATE TYPE {TYPE} AS ENUM ('50%', ':x');
    CREATE TABLE {QUOTED} ("select" {TYPE} DEFAULT '50%', "{long}" int, CONSTRAINT "c%%" CHECK ("select" <> '50%'))"""
    url = postgres_database.url.replace("+psycopg", f"+{driver}")
    with session_on(postgres_database, sql, url) as session:
        session.locate([HOSTILE], [])
        assert session.dialect.schema_of(HOSTILE, "relation") == "public"
        table = table_of(session, HOSTILE)
        assert session.dialect.quote(table.name) == f"public.{QUOTED}"
        actual = session.inspect(expecting(HOSTILE))
        assert session.holds(f"SELECT count(*) = 0 FROM {session.dialect.quote(table.name)}")
    assert actual.enums == (Enum(Name("public", f"T{HOSTILE}"), ("50%", ":x")),)
    assert (table.columns[0].type.name, table.columns[0].type.kind) == (f"T{HOSTILE}", TypeKind.ENUM)
    assert [column.name for column in table.columns] == ["select", session.dialect.identifier(long)]
    assert table.checks[0].name == "c%%"


def test_a_hostile_search_path_changes_nothing_that_is_read(postgres_database: Database) -> None:
    """Operators and functions of the application's own schema don't shadow the system's."""
    sql = f"""
    CREATE SCHEMA evil; CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE evil.t (other int);
    CREATE FUNCTION evil.format_type(oid, int) RETURNS text LANGUAGE sql AS $$ SELECT 'evil' $$;
    CREATE FUNCTION evil.same(name, name) RETURNS boolean LANGUAGE sql AS $$ SELECT false $$;
    CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.same);
    ALTER DATABASE {postgres_database.name} SET search_path = evil, pg_catalog, public"""
    with session_on(postgres_database, sql) as session:
        session.locate(["t"], [])
        assert session.dialect.schema_of("t", "relation") == "evil"
        assert [column.type.name for column in table_of(session, "t").columns] == ["integer"]


def test_a_role_without_any_privilege_reads_the_catalog(postgres_database: Database) -> None:
    """It neither owns the tables nor may select from them; comparing needs no more."""
    role = f"r_{postgres_database.name}"
    sql = f"CREATE TABLE t (id int CHECK (id > 0)); REVOKE ALL ON t FROM public; CREATE ROLE {role} LOGIN"
    url = postgres_database.url.replace("postgres@", f"{role}@", 1)
    try:
        with session_on(postgres_database, sql, url) as session:
            table = table_of(session, "t")
            question = Question("0 < id", table.checks[0].expression, table.name)
            assert session.answer([question]) == {question: Verdict.DIFFERENT}
            assert not table.facts.owned
    finally:
        with postgres_database.connect() as connection:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")


def test_other_tables_and_holders_of_names_are_told(postgres_database: Database) -> None:
    sql = """
    CREATE TABLE t (id int); CREATE TABLE other (id int); CREATE INDEX wanted ON other (id);
    CREATE VIEW seen AS SELECT 1; CREATE SEQUENCE counter; CREATE SCHEMA second"""
    expected = Schema(
        tables=(Table(Name("public", "t"), indexes=(Index("wanted", (IndexElement("id"),)),)),),
        sequences=(Sequence(Name("public", "counter")),),
        schemas=("public", "second", "third"),
    )
    with session_on(postgres_database, sql) as session:
        actual = session.inspect(expected)
    assert actual.unknown_tables == (Name("public", "other"),)
    assert set(actual.names_taken) == {
        ("public", "wanted", "index on other"),
        ("public", "seen", "view"),
        ("public", "counter", "sequence"),
    }
    counter = Counter("bigint", 1, 1, 1, 2**63 - 1, cycles=False, last=None, readable=True, owned=True)
    assert actual.sequences == (Sequence(Name("public", "counter"), counter=counter),)
    assert actual.schemas == ("public", "second")


def test_a_domain_holds_what_its_base_type_holds(postgres_database: Database) -> None:
    with session_on(postgres_database, "CREATE DOMAIN word AS varchar(9); CREATE TABLE t (w word)") as session:
        table = table_of(session, "t")
        rules = session.dialect.rules

        def fit(expected: str) -> Fit | None:
            return rules.fit(Column("w", session.dialect.type(expected)), table.columns[0], table)

        assert (fit("VARCHAR(9)"), fit("VARCHAR(10)"), fit("word")) == (Fit.WIDER, Fit.INCOMPATIBLE, Fit.SAME)


def test_a_satisfied_look_takes_two_queries_for_any_number_of_tables(postgres_database: Database) -> None:
    sql = ";".join(f"CREATE TABLE t{n} (id int PRIMARY KEY)" for n in range(40))
    with session_on(postgres_database, sql) as session:
        session.locate(["t1"], [])
        assert len(session.inspect(expecting(*(f"t{n}" for n in range(40)))).tables) == 40
        assert session.catalog_queries == 2


@pytest.mark.every_postgres
def test_types_are_read_wherever_a_column_leads(postgres_database: Database) -> None:
    """Not those of schemas to which nothing leads: there may be a thousand tenants."""
    sql = """
    CREATE SCHEMA hidden; CREATE SCHEMA tenant;
    CREATE TYPE tenant.mood AS ENUM ('sad');
    CREATE TYPE hidden.mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN hidden.word AS text NOT NULL;
    CREATE DOMAIN hidden.short AS hidden.word CHECK (length(VALUE) < 9);
    CREATE TYPE pair AS (a int, b int);
    CREATE TABLE t (moods hidden.mood[], word hidden.short)"""
    with session_on(postgres_database, sql) as session:
        found = session.inspect(expecting("t"))
    assert found.enums == (Enum(Name("hidden", "mood"), ("sad", "happy")),)
    assert sorted(str(type_) for type_ in found.types) == ["hidden.mood", "hidden.short", "hidden.word", "public.pair"]
    table = found.tables[0]
    assert [domain.name.name for domain in domains_of(table.columns[1], found)] == ["short", "word"]
