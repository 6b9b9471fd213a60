"""Comparing expressions: what the catalog holds equals what was written, and nothing else does."""

from __future__ import annotations

from itertools import combinations

import pytest

from schema_guard.dialects import offline_dialect
from schema_guard.dialects.inquiry import Inquiry, Question
from schema_guard.dialects.judge import Judge
from schema_guard.dialects.postgresql.canonical import PostgreSQLRules
from schema_guard.dialects.terms import Verdict
from schema_guard.schema import Name
from tests.postgres.database import Database
from tests.postgresql.read.reading import session_on, table_of

TABLE = Name("public", "t")
SET_UP = """
CREATE EXTENSION citext;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE t (
  id int, n smallint, big bigint, price numeric(10,2), ratio double precision, r real,
  status varchar(20), name text, code char(3), email citext, m mood, flag boolean, other boolean,
  day date, at timestamp, seen timestamptz, tags text[], doc jsonb, "Mixed Case" int, "select" text
)
"""

CHECKS = """
id > 0
id >= 0 AND id <= 100
id BETWEEN 0 AND 100
id NOT BETWEEN 0 AND 100
id > -1
id <> 5
id != 6
id IN (1, 2, 3)
id NOT IN (1, 2, 3)
id IN (7)
n > 0
n IN (1, 2)
big > 0
big IN (1, 2)
big < 9999999999
price > 0
price >= 0.5
price > 0 AND price < 1000
price * 2 > 10
price IN (1, 2)
ratio > 0
ratio <= 0.5
r < 1.5
id / 2 > 1
id / 2.0 > 1
price / 2 > 1
id % 2 = 0
id + 1 > n
status IN ('a', 'b')
status NOT IN ('a', 'b')
status = 'a'
status <> ''
name IN ('a', 'b')
name = 'a'
name = 'A'
name <> 'it''s'
name LIKE 'a%'
name NOT LIKE 'a%'
name ILIKE 'a%'
name ~ '^[a-z]+$'
name ~* '^[a-z]+$'
name !~ 'x'
length(name) > 3
length(status) > 3
char_length(status) <= 3
lower(name) = name
lower(status) = 'a'
upper(code) = 'ABC'
code = 'abc'
email = 'a'
email::text = 'a'
email LIKE '%@%'
m = 'sad'
m IN ('sad', 'ok')
m <> 'sad'
flag
NOT flag
flag = true
flag IS TRUE
flag IS NOT TRUE
flag OR other
flag AND NOT other
flag AND (other OR id > 0)
(flag AND other) OR id > 0
(flag OR other) AND id > 0
name IS NULL
name IS NOT NULL
name IS NOT NULL OR status IS NOT NULL
NOT (name IS NULL AND status IS NULL)
(name IS NULL) <> (status IS NULL)
(name IS NULL) = (status IS NULL)
day > '2020-01-01'
at > '2020-01-01'
seen > at
day < CURRENT_DATE
seen <= now()
seen <= CURRENT_TIMESTAMP
day - 1 > '2020-01-01'
at + interval '1 day' > seen
coalesce(name, '') <> ''
coalesce(status, 'x') <> 'x'
name || status = 'ab'
name || 'x' = 'ax'
doc ? 'a'
doc ->> 'a' = 'b'
doc -> 'a' IS NOT NULL
jsonb_typeof(doc) = 'object'
'a' = ANY (tags)
cardinality(tags) > 0
"Mixed Case" > 0
"select" = 'x'
CASE WHEN flag THEN id > 0 ELSE id < 0 END
id::text = '5'
status::text = 'c'
CAST(id AS bigint) > 5
num_nonnulls(name, status) = 1
EXTRACT(year FROM day) > 2000
(id, n) = (1, 2)
id > 0 AND n > 0 AND big > 0
id > 0 OR n > 0 OR big > 0
id > 0 AND (n > 0 AND big > 1)
name = 'a''b\\c'
name = '  x  '
abs(id) < 5
greatest(id, n) > 5
id IS DISTINCT FROM n
nullif(name, '') IS NOT NULL
name SIMILAR TO 'a|b'
trim(name) <> ''
""".strip().splitlines()

EQUAL_IN_MEANING = [
    {"id BETWEEN 0 AND 100", "id >= 0 AND id <= 100"},
    {"seen <= now()", "seen <= CURRENT_TIMESTAMP"},
    {"flag", "flag = true"},
    {"name IS NOT NULL OR status IS NOT NULL", "NOT (name IS NULL AND status IS NULL)"},
]


@pytest.mark.every_postgres
def test_every_expression_equals_what_the_catalog_makes_of_it(postgres_database: Database) -> None:
    """Cheaply or by the server, and the server is asked only about a minority."""
    constraints = ";".join(f"ALTER TABLE t ADD CONSTRAINT c{n} CHECK ({text})" for n, text in enumerate(CHECKS))
    with session_on(postgres_database, SET_UP + ";" + constraints) as session:
        actual = {check.name: check.expression for check in table_of(session, "t").checks}
        judge = Judge(session.dialect.rules)
        cheap = {text: judge.expression(TABLE, text, actual[f"c{n}"]) for n, text in enumerate(CHECKS)}
        answers = session.answer(judge.open)
    assert Verdict.DIFFERENT not in cheap.values()
    assert {str(q): v for q, v in answers.items() if v is not Verdict.EQUAL} == {}
    assert sum(verdict is Verdict.EQUAL for verdict in cheap.values()) > len(CHECKS) * 0.7


@pytest.mark.every_postgres
def test_different_expressions_are_never_called_equal(postgres_database: Database) -> None:
    """Neither by the cheap comparison nor by the server, over all pairs."""
    constraints = ";".join(f"ALTER TABLE t ADD CONSTRAINT c{n} CHECK ({text})" for n, text in enumerate(CHECKS))
    rules = PostgreSQLRules()
    with session_on(postgres_database, SET_UP + ";" + constraints) as session:
        actual = {check.name: check.expression for check in table_of(session, "t").checks}
        pairs = [
            (left, right, actual[f"c{number}"])
            for (_, left), (number, right) in combinations(list(enumerate(CHECKS)), 2)
            if {left, right} not in EQUAL_IN_MEANING
        ]
        cheap = [(left, right) for left, right, stored in pairs if rules.same_expression(left, stored) is Verdict.EQUAL]
        questions: dict[Inquiry, tuple[str, str]]
        questions = {Question(left, stored, TABLE): (left, right) for left, right, stored in pairs}
        answers = session.answer(questions)
    assert cheap == []
    assert [questions[question] for question, verdict in answers.items() if verdict is Verdict.EQUAL] == []


def test_a_cast_that_changes_the_meaning_is_seen(postgres_database: Database) -> None:
    """Case-insensitive citext, integer division and a bigger literal type are not what they look like."""
    rules = PostgreSQLRules()
    pairs = [
        ("email = 'a'", "((email)::text = 'a'::text)"),
        ("id / 2 > 1", "(((id)::numeric / (2)::numeric) > (1)::numeric)"),
        ("id / 2::numeric > 1", "((id / 2) > 1)"),
        ("day > '2020-01-01'", "(day > '2020-01-01 12:00:00'::timestamp without time zone)"),
        ("id = '5'", "((id)::text = '5'::text)"),
        ("a AND b OR c", "(a AND (b OR c))"),
        ("NOT a = b", "((NOT a) = b)"),
        ("a - b - c > 0", "((a - (b - c)) > 0)"),
    ]
    assert [pair for pair in pairs if rules.same_expression(*pair) is Verdict.EQUAL] == []


def test_what_the_server_rejects_is_not_comparable(postgres_database: Database) -> None:
    """One bad pair does not spoil the others, and nothing that failed is equal."""
    with session_on(postgres_database, SET_UP) as session:
        table_of(session, "t")
        bad, good, injected = (
            Question("gone > 1", "id > 1", TABLE),
            Question("id > 1 -- a comment", "(id > 1)", TABLE),
            Question("id > 1) FROM t; DROP TABLE t; --", "id > 1", TABLE),
        )
        assert session.answer([bad, good, injected]) == {
            bad: Verdict.NOT_COMPARABLE,
            good: Verdict.EQUAL,
            injected: Verdict.NOT_COMPARABLE,
        }
        assert table_of(session, "t").columns


@pytest.mark.parametrize(
    ("type_", "written", "verdict"),
    [
        ("integer", "0", Verdict.EQUAL),
        ("integer", "'0'", Verdict.EQUAL),
        ("bigint", "-5", Verdict.EQUAL),
        ("varchar(20)", "'draft'", Verdict.EQUAL),
        ("text", "''", Verdict.EQUAL),
        ("boolean", "false", Verdict.EQUAL),
        ("boolean", "'f'", Verdict.EQUAL),
        ("timestamptz", "CURRENT_TIMESTAMP", Verdict.EQUAL),
        ("timestamptz", "now()", Verdict.EQUAL),
        ("numeric(10,2)", "1.50", Verdict.EQUAL),
        ("jsonb", "'{}'", Verdict.EQUAL),
        ("jsonb", "'{}'::jsonb", Verdict.EQUAL),
        ("text[]", "'{}'", Verdict.EQUAL),
        ("uuid", "gen_random_uuid()", Verdict.EQUAL),
        ("mood", "'sad'", Verdict.EQUAL),
        ("date", "'2020-01-01'", Verdict.EQUAL),
        ("timestamp", "timezone('utc', now())", Verdict.EQUAL),
        ("timestamp", "(now() at time zone 'utc')", Verdict.EQUAL),
        ("text", "'a' || 'b'", Verdict.EQUAL),
        ("interval", "'1 day'", Verdict.EQUAL),
        ("integer", "nextval('s')", Verdict.EQUAL),
    ],
)
def test_a_default_equals_what_the_catalog_makes_of_it(
    postgres_database: Database, type_: str, written: str, verdict: Verdict
) -> None:
    sql = f"CREATE TYPE mood AS ENUM ('sad'); CREATE SEQUENCE s; CREATE TABLE t (c {type_} DEFAULT {written})"
    with session_on(postgres_database, sql) as session:
        column = table_of(session, "t").columns[0]
        assert column.default is not None
        expected = session.dialect.type(type_)
        judge = Judge(session.dialect.rules)
        found = judge.default(TABLE, written, column.default, expected, column.type)
        if found is Verdict.UNDECIDED:
            (found,) = session.answer(judge.open).values()
        assert found is verdict


@pytest.mark.parametrize(
    ("type_", "live", "wanted", "verdict"),
    [
        ("money", "0", "'0'", Verdict.EQUAL),
        ("money", "'0'", "0::numeric::money", Verdict.EQUAL),
        ("money", "1000::bigint", "'1,000.00'", Verdict.EQUAL),
        ("money", "'-$1.50'", "-1.5", Verdict.EQUAL),
        ("money", "0", "1", Verdict.DIFFERENT),
        ("money", "0", "1e30", Verdict.DIFFERENT),  # out of range
        ("numeric", "1", "'1.0'", Verdict.EQUAL),
        ("numeric", "1", "1.01", Verdict.DIFFERENT),
    ],
)
def test_an_amount_is_compared_by_its_value(
    postgres_database: Database, type_: str, live: str, wanted: str, verdict: Verdict
) -> None:
    with session_on(postgres_database, f"CREATE TABLE t (c {type_} DEFAULT {live})") as session:
        column = table_of(session, "t").columns[0]
        assert column.default is not None
        question = Question(wanted, column.default, TABLE, cast=session.dialect.type(type_).text)
        after = Question("1", "1", TABLE)
        assert session.answer([question, after]) == {question: verdict, after: Verdict.EQUAL}


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [("integer", "0", "1"), ("varchar(9)", "'a'", "'b'::character varying"), ("boolean", "true", "false")],
)
def test_two_constants_are_different_without_asking(type_: str, one: str, other: str) -> None:
    dialect = offline_dialect("postgresql")
    assert dialect.rules.same_default(one, other, dialect.type(type_)) is Verdict.DIFFERENT
