"""Another session's query is printed as its shape: no literal, no comment, however it was cut off."""

from __future__ import annotations

import pytest

from schema_guard.dialects.postgresql.other_queries import shape

SECRET = "G3heim"
QUERIES = [
    f"ALTER ROLE bob PASSWORD '{SECRET}'",
    f"ALTER ROLE bob PASSWORD {SECRET}",
    f"ALTER ROLE bob SET app.token = {SECRET}",
    f"CREATE ROLE bob LOGIN PASSWORD $${SECRET}$$ VALID UNTIL 'now'",
    f"SELECT $tag$ it's {SECRET} $$ $tag$, 1",
    f"UPDATE t SET a = E'it\\'s {SECRET}' WHERE b = 5",
    f"UPDATE t SET a = 'it''s {SECRET}' WHERE b = 5",
    f"INSERT INTO t VALUES (U&'{SECRET}', N'{SECRET}', b'101', x'{SECRET}')",
    f"SELECT 'a\\' OR {SECRET} --'",
    f"/* {SECRET} /* nested */ {SECRET} */ SELECT 1 -- {SECRET}",
    f"-- {SECRET}\nSELECT 1",
    f"SET app.token TO {SECRET}",
    f"SET SESSION app.token = '{SECRET}'",
    f"SET LOCAL app.token = {SECRET}, other",
    f"DO $body$ BEGIN PERFORM '{SECRET}'; END $body$",
    f"CREATE SUBSCRIPTION s CONNECTION 'host=h password={SECRET}' PUBLICATION p",
    f"COPY t FROM PROGRAM 'curl {SECRET}'",
    f"EXECUTE p('{SECRET}')",
]


@pytest.mark.parametrize("query", QUERIES)
def test_no_secret_wherever_the_server_cuts_it_off(query: str) -> None:
    for length in range(len(query) + 1):
        said = shape(query[:length])
        assert not any(SECRET[:part] in said for part in range(3, len(SECRET) + 1)), (query[:length], said)


def test_numbers_are_literals() -> None:
    """A card's number, a telephone number, in each of the ways to write one."""
    said = shape("SELECT 4111111111111111, 0xdeadbeef, 1_000_000, 1.5e-3, .5, -12 FROM t1 WHERE a1 = $1 LIMIT 10")
    assert said == "SELECT ?, ?, ?, ?, ?, - ? FROM t1 WHERE a1 = $1 LIMIT ?"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE", "LOCK TABLE public.t IN ACCESS EXCLUSIVE MODE"),
        ('ALTER TABLE "My table" ADD COLUMN x int', 'ALTER TABLE "My table" ADD COLUMN x int'),
        ("SELECT a::text\n  FROM t\tWHERE größe = 'x'", "SELECT a::text FROM t WHERE größe = ?"),
        ("<insufficient privilege>", "< insufficient privilege >"),
        ("", ""),
        ("'", "?"),
        ('SELECT "cut of', "SELECT ?"),
    ],
)
def test_what_is_left(query: str, said: str) -> None:
    assert shape(query) == said


def test_a_long_one_is_cut() -> None:
    assert len(shape("SELECT a, " * 100)) < 130
