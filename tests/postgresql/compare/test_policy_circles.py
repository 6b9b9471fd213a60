"""A policy that calls a function which reads the table of the policy: each row runs the function again, without end.

EXPLAIN does not show it, since it runs no function for a row.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from schema_guard import Guard, Impact
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database
from tests.postgresql.compare.stage import prepare


class Base(DeclarativeBase):
    pass


class Title(Base):
    __tablename__ = "titles"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(20))


TABLE = "CREATE TABLE titles (id serial PRIMARY KEY, name varchar(20)); ALTER TABLE titles ENABLE ROW LEVEL SECURITY; "
ROWS = "INSERT INTO titles VALUES (0, 'a'); "
F = "CREATE FUNCTION f() RETURNS boolean LANGUAGE {} AS $$ {} $$; "
SOME = "BEGIN RETURN EXISTS (SELECT FROM titles WHERE name = 'a'); END"
EACH = "BEGIN RETURN (SELECT count(*) FROM titles) > 0; END"
COUNT = "SELECT count(*) >= 0 FROM titles"
OTHER = (
    "CREATE SCHEMA other; CREATE TABLE other.titles (name text); GRANT USAGE ON SCHEMA other TO public; "
    "GRANT SELECT ON other.titles TO public; "
)
SEEN = "CREATE VIEW seen {} AS SELECT id FROM titles; "
P = "CREATE POLICY p ON titles USING ({}); "
OWNED = "CREATE ROLE {role}_owner; ALTER TABLE titles OWNER TO {role}_owner; ALTER FUNCTION f OWNER TO {role}_owner; "
BREAKS, DOUBT = Impact.BREAKS, Impact.WEAKENS
CASES = {
    "in plpgsql": (F.format("plpgsql STABLE", SOME) + P.format("f()"), BREAKS),
    "in SQL": (F.format("sql STABLE", "SELECT EXISTS (SELECT FROM titles WHERE name = 'a')") + P.format("f()"), BREAKS),
    "it may change something": (F.format("plpgsql", EACH) + P.format("f()"), DOUBT),
    "with a value of the row": (
        F.format("plpgsql STABLE", SOME).replace("f()", "f(n int)") + P.format("f(id)"),
        DOUBT,
    ),
    "as one of several tables": (
        "CREATE TABLE one AS SELECT 1; "
        + F.format("plpgsql STABLE", "BEGIN RETURN (SELECT count(*) FROM one AS o(n), titles) > 0; END")
        + P.format("f()"),
        BREAKS,
    ),
    "by a text that is built": (
        F.format("plpgsql STABLE", "BEGIN EXECUTE 'SELECT count(*) FROM titles'; RETURN true; END") + P.format("f()"),
        BREAKS,
    ),
    "it may change something, and may find no row": (F.format("plpgsql", SOME) + P.format("f()"), DOUBT),
    "for some rows": (F.format("plpgsql STABLE", SOME) + P.format("id = 1 OR f()"), DOUBT),
    "by another function": (
        F.format("plpgsql STABLE", SOME).replace("f()", "g()")
        + F.format("plpgsql STABLE", "BEGIN RETURN g(); END")
        + P.format("f()"),
        BREAKS,
    ),
    "by another table": (
        "CREATE TABLE members (id int); ALTER TABLE members ENABLE ROW LEVEL SECURITY; INSERT INTO members VALUES (1); "
        + F.format("plpgsql STABLE", "BEGIN RETURN EXISTS (SELECT FROM members); END")
        + F.format("plpgsql STABLE", SOME).replace("f()", "g()")
        + P.format("f()")
        + "CREATE POLICY p ON members USING (g()); ",
        BREAKS,
    ),
    "no policy for reading calls it": (
        F.format("plpgsql STABLE", SOME) + "CREATE POLICY r ON titles FOR SELECT USING (true); "
        "CREATE POLICY w ON titles FOR ALL USING (true) WITH CHECK (true); "
        "CREATE POLICY p ON titles FOR INSERT WITH CHECK (f()); ",
        None,
    ),
    "another policy lets every row through": (
        F.format("plpgsql STABLE", SOME) + P.format("f()") + "CREATE POLICY q ON titles USING (true); ",
        None,
    ),
    "the owner of the function is a superuser": (
        F.format("plpgsql STABLE SECURITY DEFINER", SOME) + P.format("f()"),
        None,
    ),
    "the owner of the function has the table": (
        F.format("plpgsql STABLE SECURITY DEFINER", SOME) + P.format("f()") + OWNED,
        None,
    ),
    "the policies are for the owner, too": (
        F.format("plpgsql STABLE SECURITY DEFINER", SOME)
        + P.format("f()")
        + OWNED
        + "ALTER TABLE titles FORCE ROW LEVEL SECURITY; ",
        BREAKS,
    ),
    "of a table of that name in another schema": (
        OTHER
        + F.format("plpgsql STABLE", SOME.replace("titles", "other.titles").replace("EXISTS", "NOT EXISTS"))
        + P.format("f()"),
        None,
    ),
    **{
        f"it only seems to read it: {why}": (
            F.format("plpgsql STABLE", f"DECLARE titles date := now(); BEGIN RETURN ({text}); END") + P.format("f()"),
            None,
        )
        for why, text in {
            "a query of the name": "WITH titles AS (SELECT 1) SELECT count(*) > 0 FROM titles",
            "a part of a date": "extract(year FROM titles) > 0",
            "a comparison": "now() IS DISTINCT FROM titles",
            "a comment": "/* FROM titles /* FROM titles */ FROM titles */ true",
            "a string": "$q$ FROM titles $q$ <> ''",
        }.items()
    },
    "a search_path of its own": (OTHER + F.format("sql STABLE SET search_path = other", COUNT) + P.format("f()"), None),
    "a function of that name in another schema": (
        OTHER
        + F.format("sql STABLE", COUNT.replace("titles", "public.titles")).replace("f()", "other.g()")
        + F.format("sql STABLE", "SELECT true").replace("f()", "g()")
        + F.format("sql STABLE", "SELECT g()")
        + P.format("f()"),
        None,
    ),
    "by a view": (SEEN.format("") + F.format("sql STABLE", COUNT.replace("titles", "seen")) + P.format("f()"), None),
}


def told(url: str) -> Impact | None:
    found = [each.difference for each in Guard(Base).check(url).findings if each.difference.impact is not Impact.NOTES]
    assert {each.code for each in found} <= {"write-refused"}
    impacts = {each.impact for each in found}
    assert len(impacts) < 2
    return next(iter(impacts), None)


def fails(url: str) -> bool:
    with sa.create_engine(url, poolclass=sa.NullPool).connect() as connection:
        for statement in (sa.insert(Title).values(id=2, name="b"), sa.select(Title), sa.update(Title).values(name="c")):
            try:
                connection.execute(statement)
            except sa.exc.DBAPIError:
                return True
    return False


@pytest.mark.every_postgres
@pytest.mark.parametrize("case", CASES)
def test_what_is_told_is_what_fails(case: str, postgres_database: Database, role: str) -> None:
    statements, expected = CASES[case]
    url = prepare(postgres_database, role, TABLE + ROWS + statements)
    assert told(url) is expected
    assert fails(url) is (expected is not None)


def test_a_table_without_rows_leaves_a_doubt(postgres_database: Database, role: str) -> None:
    """No row runs the function yet."""
    url = prepare(postgres_database, role, TABLE + F.format("plpgsql STABLE", SOME) + P.format("f()"))
    assert told(url) is DOUBT


def test_an_earlier_schema_of_the_search_path_has_the_table(postgres_database: Database, role: str) -> None:
    reads = F.format("sql STABLE", COUNT.replace("titles", "members"))
    members = "CREATE TABLE members (id int); ALTER TABLE members ENABLE ROW LEVEL SECURITY; "
    made = OTHER + members + reads + P.format("f()") + "CREATE POLICY p ON members USING (f()); "
    earlier = "CREATE TABLE other.members (id int); GRANT SELECT ON other.members TO public; "
    url = prepare(postgres_database, role, TABLE + ROWS + made + earlier)
    path = sa.make_url(url).update_query_dict({"options": "-csearch_path=public,other"}).render_as_string(False)
    assert told(path) is DOUBT
    path = sa.make_url(url).update_query_dict({"options": "-csearch_path=other,public"}).render_as_string(False)
    with postgres_database.connect() as connection:
        connection.execute(b"DROP TABLE other.titles")
    assert told(path) is None
    assert not fails(path)


@pytest.mark.every_postgres
def test_a_view_with_the_rights_of_who_reads_it(
    postgres_server: Cluster, postgres_database: Database, role: str
) -> None:
    if int(postgres_server.version.split(".")[0]) < 15:
        pytest.skip("security_invoker is new in PostgreSQL 15")
    made = SEEN.format("WITH (security_invoker)") + F.format("sql STABLE", COUNT.replace("titles", "seen"))
    url = prepare(postgres_database, role, TABLE + ROWS + made + P.format("f()"))
    assert told(url) is BREAKS
    assert fails(url)


@pytest.mark.parametrize("driver", ["psycopg2", "pg8000", "asyncpg"])
def test_with_each_driver(driver: str, postgres_database: Database, role: str) -> None:
    """asyncpg gives a "char", as pg_policy.polcmd is, as bytes."""
    prepare(postgres_database, role, TABLE + ROWS + F.format("plpgsql STABLE", SOME) + P.format("f()"))
    assert told(postgres_database.server.url(postgres_database.name, user=role, driver=driver)) is BREAKS
