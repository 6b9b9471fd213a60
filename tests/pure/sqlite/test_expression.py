"""Which expressions are one and the same to SQLite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_guard.dialects.sqlite.canonical import UNREADABLE, SQLiteRules, sqlite_type
from schema_guard.dialects.sqlite.expression import expression
from schema_guard.dialects.terms import Verdict

RULES = SQLiteRules()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a > 0", "( ( A>0 ) )"),
        ("(a IS NOT NULL) OR (b IS NOT NULL)", "a is not null or b is not null"),
        ("(a OR b) OR c", "a OR (b OR c)"),
        ('"a" <> 1', "[a] != 1"),
        ("a == 1", "a = 1"),
        ("t.a > 0", '"a" > 0'),
        ("a IN (1,2)", "a in (2, 1)"),
        ("a NOTNULL", "a IS NOT NULL"),
        ("a ISNULL", "a IS NULL"),
        ("a NOT IN ('x')", "NOT (a IN ('x'))"),
        ("a /* or */ > 0 -- b", "a > 0"),
        ("flag = TRUE", "flag = 1"),
        ("lower( Name )", "LOWER(name)"),
        ("(a + b) + c", "a + b + c"),
        ("a BETWEEN 1 AND (2)", "a between (1) and 2"),
        ("CASE WHEN (a) THEN 1 ELSE 2 END", "case when a then 1 else 2 end"),
        ("length(x) <= 3 AND x LIKE 'a%'", "(length(x) <= 3) and (x like 'a%')"),
        ("CAST(a AS text)", "cast(a as TEXT)"),
        ("a > 0 AND b > 0", "b > 0 AND a > 0"),
        ("0 < a", "a > 0"),
        ("'' <> s", "s <> ''"),
        ("-1 <= a", "a >= -1"),
        ("a IN (1)", "a = 1"),
        ("a IN (1, 2)", "a = 2 OR 1 = a"),
        ("a IN (1, 2) OR b", "b OR a = 1 OR a = 2"),
        ("a BETWEEN 0 AND 9", "a <= 9 AND a >= 0"),
        ("a BETWEEN 0 AND 9 AND b > 0", "a >= 0 AND b > 0 AND a <= 9"),
        ("NOT (a = 1)", "a <> 1"),
        ("NOT a IS NULL", "a IS NOT NULL"),
        ("a > 10", "a > 0xA"),
        ("a > 1000.0", "a > 1e3"),
        ("a > 1.5", "a > 1.50"),
        ("a > .5", "a > 0.5"),
        ("a = 18 OR a = 0x12", "a = 18"),
    ],
)
def test_equal(one: str, other: str) -> None:
    assert RULES.same_expression(one, other) is Verdict.EQUAL


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a > 0", "a >= 0"),
        ("a AND (b OR c)", "a AND b OR c"),
        ("a = 'x'", "a = 'X'"),
        ("a - (b - c)", "a - b - c"),
        ("NOT a = b", "(NOT a) = b"),
        ("a IN (1)", "a NOT IN (1)"),
        ("a IN (b)", "a = b"),
        ("a IS TRUE", "a IS 1"),
        ("a / 2 > b", "a / 2.0 > b"),
        ("a > 1", "a > 1.5"),
        ("a < b", "b < a"),
        ("a BETWEEN 0 AND 9", "a > 0 AND a <= 9"),
        ("a IN (1)", "a IN (1, 2)"),
        ("a IS NULL", "a IS NOT NULL"),
        ("'a' > b", '"a" > b'),
        ("a COLLATE NOCASE = b", "a = b"),
        ("EXISTS (SELECT 1)", "EXISTS (SELECT 2)"),
        ("count(DISTINCT a)", "count(a)"),
    ],
)
def test_different(one: str, other: str) -> None:
    assert RULES.same_expression(one, other) is Verdict.DIFFERENT


def test_what_could_not_be_read_compares_with_nothing() -> None:
    assert RULES.same_expression("a > 0", UNREADABLE) is Verdict.NOT_COMPARABLE


@pytest.mark.parametrize(
    ("one", "other", "type", "equal"),
    [
        ("'x'", "('x')", "TEXT", True),
        ("'x'", '"x"', "TEXT", True),
        ("'0'", "0", "INTEGER", True),
        ("0", "'0'", "VARCHAR(3)", True),
        ("false", "0", "BOOLEAN", True),
        ("1.0", "1", "NUMERIC", True),
        ("-1", "- 1", "INTEGER", True),
        ("'01'", "'1'", "VARCHAR", False),
        ("CURRENT_TIMESTAMP", "current_timestamp", "DATETIME", True),
        ("CURRENT_TIMESTAMP", "datetime('now')", "DATETIME", True),
        ("CURRENT_TIMESTAMP", "datetime('now', 'localtime')", "DATETIME", False),
        ("CURRENT_TIMESTAMP", "date('now')", "DATETIME", False),
        ("CURRENT_DATE", "date('now')", "DATE", True),
        ("16", "0x10", "INTEGER", True),
        ("'true'", "1", "BOOLEAN", True),
        ("'false'", "0", "BOOLEAN", True),
        ("'false'", "1", "BOOLEAN", False),
        ("0", "'false'", "BOOLEAN", False),
        ("'true'", "1", "INTEGER", False),
        ("(datetime('now'))", "datetime( 'now' )", "DATETIME", True),
        ("'a'", "'A'", "TEXT", False),
        ("''", "NULL", "TEXT", False),
    ],
)
def test_defaults(one: str, other: str, type: str, equal: bool) -> None:
    verdict = RULES.same_default(one, other, sqlite_type(type))
    assert verdict is (Verdict.EQUAL if equal else Verdict.DIFFERENT)


@given(st.text(alphabet=st.sampled_from("ab()<>= '\"NOT INANDBETWEENCASEWHEN1,.+-*|"), max_size=30))
def test_no_text_is_too_odd(text: str) -> None:
    assert expression(text) == expression(text)
