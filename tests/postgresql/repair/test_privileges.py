"""What the connected role may not do: told as a doubt, with the statements that end it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import psycopg
import pytest
import sqlalchemy as sa

from schema_guard import Guard
from schema_guard.difference import Impact
from schema_guard.report import Report
from tests.postgres.database import Database
from tests.postgresql.repair.stage import prepare

models = sa.MetaData()
books = sa.Table(
    "Books",
    models,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("title", sa.String(80), nullable=False),
    sa.Column("twice", sa.String, sa.Computed("title || title", persisted=True)),
)
TABLE = (
    'CREATE TABLE "Books" (id serial PRIMARY KEY, title varchar(80) NOT NULL,'
    " twice varchar GENERATED ALWAYS AS (title || title) STORED, unknown int)"
)
ALL = 'GRANT SELECT, INSERT, UPDATE, DELETE ON "Books" TO {role}; GRANT USAGE ON SEQUENCE "Books_id_seq" TO {role};'
STATEMENTS: dict[str, Callable[[sa.Connection], object]] = {
    "SELECT": lambda connection: connection.execute(sa.select(books)).all(),
    "INSERT": lambda connection: connection.execute(books.insert().values(title="Emma")),
    "UPDATE": lambda connection: connection.execute(books.update().values(title="Persuasion")),
    "DELETE": lambda connection: connection.execute(books.delete()),
}
CASES = {
    "all": (ALL, "", ()),
    "reader": (
        'GRANT SELECT ON "Books" TO {role}',
        "INSERT, UPDATE and DELETE on Books, and USAGE of its sequence",
        ("INSERT", "UPDATE", "DELETE"),
    ),
    "nothing": ("", "SELECT, INSERT, UPDATE and DELETE on Books, and USAGE of its sequence", STATEMENTS),
    "no sequence": ('GRANT ALL ON "Books" TO {role}', "USAGE of the sequence of Books", ("INSERT",)),
    "UPDATE of the sequence": (
        ALL + 'REVOKE USAGE ON SEQUENCE "Books_id_seq" FROM {role}; GRANT UPDATE ON SEQUENCE "Books_id_seq" TO {role}',
        "",
        (),
    ),
    "no DELETE": (ALL + 'REVOKE DELETE ON "Books" FROM {role}', "DELETE on Books", ("DELETE",)),
    "some columns": (
        ALL + 'REVOKE SELECT, INSERT, UPDATE ON "Books" FROM {role};'
        'GRANT SELECT (id, twice), INSERT (id), UPDATE (unknown) ON "Books" TO {role}',
        "SELECT, INSERT and UPDATE on Books",
        ("SELECT", "INSERT", "UPDATE"),
    ),
    "the columns that the models know": (
        ALL + 'REVOKE SELECT, INSERT, UPDATE ON "Books" FROM {role};'
        'GRANT SELECT (id, title, twice), INSERT (title), UPDATE (title) ON "Books" TO {role}',
        "",
        (),
    ),
    "through another role": (
        "CREATE ROLE {role}_all; " + ALL.replace("{role}", "{role}_all") + "GRANT {role}_all TO {role}",
        "",
        (),
    ),
    "another role, whose privileges are not inherited": (
        "CREATE ROLE {role}_all; ALTER ROLE {role} NOINHERIT; "
        + ALL.replace("{role}", "{role}_all")
        + "GRANT {role}_all TO {role}",
        "SELECT, INSERT, UPDATE and DELETE on Books, and USAGE of its sequence",
        STATEMENTS,
    ),
    "the owner": ('ALTER TABLE "Books" OWNER TO {role}', "", ()),
    "the owner, who took it from himself": (
        'ALTER TABLE "Books" OWNER TO {role}; REVOKE DELETE ON "Books" FROM {role}',
        "DELETE on Books",
        ("DELETE",),
    ),
    "row-level security without a policy": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY',
        "a policy for SELECT, INSERT and UPDATE on Books",
        ("INSERT",),
    ),
    "policies that let nothing be written": (
        ALL
        + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" USING (true) WITH CHECK (false)',
        "a policy for INSERT and UPDATE on Books",
        ("INSERT", "UPDATE"),
    ),
    "a restrictive policy that lets nothing be inserted": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" USING (true);'
        'CREATE POLICY b ON "Books" AS RESTRICTIVE FOR INSERT WITH CHECK (false)',
        "a policy for INSERT on Books",
        ("INSERT",),
    ),
    "a policy without which the new key is not returned": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" FOR INSERT WITH CHECK (true)',
        "a policy for SELECT and UPDATE on Books",
        ("INSERT",),
    ),
    "a policy of another role, and one that only restricts": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" TO postgres USING (true);'
        'CREATE POLICY b ON "Books" AS RESTRICTIVE USING (true)',
        "a policy for SELECT, INSERT and UPDATE on Books",
        ("INSERT",),
    ),
    "SELECT of what is not the key": (
        ALL + 'REVOKE SELECT ON "Books" FROM {role}; GRANT SELECT (id) ON "Books" TO {role}',
        "SELECT on Books",
        ("SELECT",),
    ),
    "a function that a CHECK calls": (
        ALL + """ALTER TABLE "Books" ADD CHECK ("may {role}"(title) <> '')""",
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT", "UPDATE"),
    ),
    "a function that the CHECK of a column's domain calls": (
        ALL + """CREATE DOMAIN kept AS varchar(80) CHECK ("may {role}"(VALUE) <> '');"""
        'ALTER TABLE "Books" DROP twice, ALTER title TYPE kept, ADD twice varchar GENERATED ALWAYS AS (title) STORED',
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT", "UPDATE"),
    ),
    "a function that an index calls": (
        ALL + 'CREATE INDEX ON "Books" (("may {role}"(title)))',
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT", "UPDATE"),
    ),
    "a function that a generated column calls": (
        ALL + """ALTER TABLE "Books" ADD more text GENERATED ALWAYS AS ("may {role}"(title)) STORED""",
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT", "UPDATE"),
    ),
    "a function that the default of an unknown column calls": (
        ALL + """ALTER TABLE "Books" ALTER unknown SET DEFAULT length("may {role}"('x'))""",
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT",),
    ),
    "a function that the default of a domain calls": (
        ALL + """CREATE DOMAIN given AS text DEFAULT "may {role}"('x'); ALTER TABLE "Books" ADD more given""",
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("INSERT",),
    ),
    "a function that the default of a column calls which is always given": (
        ALL + """ALTER TABLE "Books" ALTER title SET DEFAULT "may {role}"('x')""",
        "",
        (),
    ),
    "a function that a policy calls": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" USING (true);'
        """CREATE POLICY b ON "Books" AS RESTRICTIVE FOR SELECT USING ("may {role}"(title) <> '')""",
        'EXECUTE of the function public."may {role}"(text) for Books',
        ("SELECT", "INSERT"),
    ),
    "a policy for all": (
        ALL + 'ALTER TABLE "Books" ENABLE ROW LEVEL SECURITY; CREATE POLICY a ON "Books" USING (true)',
        "",
        (),
    ),
}


@pytest.fixture
def role(postgres_database: Database) -> Iterator[str]:
    name = f"role_{uuid.uuid4().hex[:8]}"
    prepare(postgres_database, f"CREATE ROLE {name} LOGIN")
    yield name
    prepare(
        postgres_database,
        f"DO $$ DECLARE r text; BEGIN FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%' LOOP"
        " EXECUTE format('DROP OWNED BY %I CASCADE', r); EXECUTE format('DROP ROLE %I', r); END LOOP; END $$",
    )


@pytest.mark.parametrize("case", CASES)
def test_what_the_role_lacks_is_what_fails(postgres_database: Database, role: str, case: str) -> None:
    grants, words, failing = CASES[case]
    prepare(postgres_database, f"""{TABLE}; INSERT INTO "Books" (title) VALUES ('Sanditon')""")
    _grant(postgres_database, role, grants)
    assert _failing(postgres_database, role) == list(failing)
    report = _checked(postgres_database, role)
    found = [finding.difference for finding in report.findings if finding.difference.code == "privilege-missing"]
    assert [each.headline for each in found] == ([f"lacks {words.format(role=role)}"] if words else [])
    for each in found:
        assert each.impact is Impact.WEAKENS
        assert each.effect.startswith("not provable: ")
        assert all(verb in each.effect for verb in failing)
        assert each.effect.endswith(f" if the application connects as {role}")


@pytest.mark.parametrize("case", [case for case, (_, words, _) in CASES.items() if words and "policy" not in words])
@pytest.mark.every_postgres
def test_the_statements_end_it(postgres_database: Database, role: str, case: str) -> None:
    prepare(postgres_database, TABLE)
    _grant(postgres_database, role, CASES[case][0])
    for finding in _checked(postgres_database, role).findings:
        if finding.difference.code == "privilege-missing":
            assert finding.refusal is not None
            for statement in finding.refusal.advice:
                prepare(postgres_database, statement)
    assert "privilege-missing" not in {each.difference.code for each in _checked(postgres_database, role).findings}
    assert _failing(postgres_database, role) == []


def test_a_column_that_is_still_missing_is_counted(postgres_database: Database, role: str) -> None:
    """The privileges that end it are those that the role needs once the column is there: one round, not two."""
    prepare(postgres_database, 'CREATE TABLE "Books" (id serial PRIMARY KEY)')
    findings = _checked(postgres_database, role).findings
    (found,) = [finding for finding in findings if finding.difference.code == "privilege-missing"]
    assert found.difference.headline == "lacks SELECT, INSERT, UPDATE and DELETE on Books, and USAGE of its sequence"
    assert found.refusal is not None
    for statement in found.refusal.advice:
        prepare(postgres_database, statement)
    Guard(models).apply(postgres_database.server.url(postgres_database.name))
    assert [finding.difference.code for finding in _checked(postgres_database, role).findings] == []
    assert _failing(postgres_database, role) == []


def _grant(database: Database, role: str, grants: str) -> None:
    """Also a function that it may not call, and that many a case calls."""
    function = f'"may {role}"'
    body = "RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN x; END'"
    prepare(database, f"CREATE FUNCTION {function}(x text) {body}; REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    prepare(database, grants.format(role=role) or "SELECT 1")


def _checked(database: Database, role: str) -> Report:
    return Guard(models).check(database.server.url(database.name, user=role))


def _failing(database: Database, role: str) -> list[str]:
    """The statements that the server denies to the role."""
    engine, failed = sa.create_engine(database.server.url(database.name, user=role)), []
    for verb, statement in STATEMENTS.items():
        try:
            with engine.connect() as connection:
                statement(connection)
        except sa.exc.ProgrammingError as error:
            if not isinstance(error.orig, psycopg.errors.InsufficientPrivilege):
                raise
            failed.append(verb)
    engine.dispose()
    return failed
