"""SQLite's lexical rules."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema_guard.dialects.sqlite.names import quote
from schema_guard.dialects.sqlite.tokens import Kind, quoted_literal, significant, tokens, unquoted

SQLISH = st.text(alphabet=st.sampled_from("aZ_09.xX'\"`[]-/*+<>=|!~(),;:@#$?% \n\té\u20ac\x00"), max_size=40)


@given(st.one_of(st.text(), SQLISH))
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(token.text for token in tokens(text)) == text


@given(SQLISH)
def test_offsets_are_those_of_the_text(text: str) -> None:
    for token in tokens(text):
        assert text[token.start : token.end] == token.text


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ('"a""b"', [Kind.QUOTED]),
        ("`a``b`", [Kind.QUOTED]),
        ("[a b]", [Kind.QUOTED]),
        ("'it''s'", [Kind.STRING]),
        ("x'0aF'", [Kind.WORD, Kind.STRING]),
        ("X'0aFf'", [Kind.BLOB]),
        ("1.5e-3", [Kind.NUMBER]),
        (".5", [Kind.NUMBER]),
        ("0xFF", [Kind.NUMBER]),
        ("a.b", [Kind.WORD, Kind.SYMBOL, Kind.WORD]),
        ("a--b\nc", [Kind.WORD, Kind.WORD]),
        ("a/* ' */b", [Kind.WORD, Kind.WORD]),
        ("a/*", [Kind.WORD]),
        ("größe_1$", [Kind.WORD]),
        ("a->>'$.x'", [Kind.WORD, Kind.SYMBOL, Kind.STRING]),
        ("'open", [Kind.ILLEGAL, Kind.WORD]),
        (":a @b ?1 $c", [Kind.VARIABLE] * 4),
    ],
)
def test_kinds(text: str, kinds: list[Kind]) -> None:
    assert [token.kind for token in significant(text)] == kinds


@given(st.text(alphabet=st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1))
def test_sqlite_reads_a_quoted_name_and_a_literal_back(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    description = connection.execute(f"SELECT {quoted_literal(name)} AS {quote(name)}").description
    assert description[0][0] == name
    assert connection.execute(f"SELECT {quoted_literal(name)}").fetchone()[0] == name
    connection.close()


@pytest.mark.parametrize("quoted", ['"a""]`\'b"', "`a\"]``'b`", "[a\"`'b]"])
def test_a_name_is_unquoted_as_sqlite_does(quoted: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t ({quoted} INT)")
    seen = connection.execute("SELECT name FROM pragma_table_info('t')").fetchone()[0]
    assert seen == unquoted(significant(quoted)[0])
    connection.close()
