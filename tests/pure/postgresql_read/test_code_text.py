"""Which statements of a function in plpgsql may be reached, by its text; the others never are."""

from __future__ import annotations

import pytest

from schema_guard.dialects.postgresql.code_text import reached
from schema_guard.dialects.postgresql.code_words import constant, words

OF_INSERT = {"TG_OP": "INSERT", "TG_TABLE_NAME": "items", "TG_ARGV[0]": "x", "PG_TRIGGER_DEPTH()": "1"}
CASES = {
    "BEGIN a; b; END": "a b",
    "BEGIN a; RETURN NEW; b; END": "a",
    "BEGIN a; RETURN NEXT c; b; END": "a b",
    "BEGIN RAISE EXCEPTION 'no'; a; END": "",
    "BEGIN RAISE NOTICE 'no'; a; END": "a",
    "DECLARE n int := 1; BEGIN a; DECLARE m int; BEGIN b; END; c; END": "a b c",
    "<<outer>> BEGIN a; END outer;": "a",
    "#variable_conflict use_column\nBEGIN IF x = 1 THEN a; END IF; b; END": "a b",
    "BEGIN /* a; */ b; -- c;\n END": "b",
    "BEGIN IF TG_OP = 'INSERT' THEN a; ELSE b; END IF; c; END": "a c",
    "BEGIN IF TG_OP = 'DELETE' THEN a; ELSIF TG_OP IN ('INSERT', 'UPDATE') THEN b; ELSE c; END IF; END": "b",
    "BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; a; END": "a",
    "BEGIN IF TG_OP <> 'DELETE' THEN RETURN NEW; END IF; a; END": "",
    "BEGIN IF x = 1 THEN a; ELSE b; END IF; c; END": "a b c",
    "BEGIN IF x = 1 THEN RETURN NEW; END IF; a; END": "a",
    "BEGIN IF x = 1 THEN RETURN NEW; ELSE RETURN OLD; END IF; a; END": "",
    "BEGIN IF TG_OP = 'INSERT' AND x = 1 THEN a; END IF; b; END": "a b",
    "BEGIN IF TG_OP = 'DELETE' AND x = 1 THEN a; END IF; b; END": "b",
    "BEGIN IF TG_OP = 'INSERT' OR x = 1 THEN a; END IF; END": "a",
    "BEGIN IF NOT (TG_OP = 'DELETE' OR TG_OP = 'UPDATE') THEN a; END IF; END": "a",
    "BEGIN IF x BETWEEN 1 AND 2 AND TG_OP = 'DELETE' THEN a; END IF; END": "",
    "BEGIN IF TG_OP NOT IN ('DELETE') AND TG_TABLE_NAME::text = 'items' THEN a; END IF; END": "a",
    "BEGIN IF TG_ARGV[0] = 'y' THEN a; END IF; IF pg_trigger_depth() > 1 THEN b; END IF; c; END": "c",
    "BEGIN IF lower(TG_OP) = 'insert' THEN a; END IF; END": "a",
    "BEGIN CASE TG_OP WHEN 'INSERT' THEN a; WHEN 'DELETE' THEN b; ELSE c; END CASE; d; END": "a d",
    "BEGIN CASE WHEN x = 1 THEN a; ELSE b; END CASE; c; END": "a b c",
    "BEGIN x := CASE WHEN y = 1 THEN 2 ELSE 3 END; a; END": "a",
    "BEGIN IF CASE WHEN x = 1 THEN true END THEN a; END IF; b; END": "a b",
    "BEGIN FOR r IN SELECT 1 LOOP a; END LOOP; b; END": "a b",
    "BEGIN LOOP a; EXIT WHEN x = 1; END LOOP; b; END": "a b",
    "BEGIN LOOP IF x = 1 THEN CONTINUE; a; END IF; EXIT; b; END LOOP; c; END": "c",
    "BEGIN <<l>> BEGIN EXIT l; a; END; b; END": "b",
    "BEGIN WHILE x = 1 LOOP RETURN NEW; END LOOP; b; END": "b",
    "BEGIN BEGIN a; EXCEPTION WHEN others THEN b; WHEN no_data THEN c; END; d; END": "a b c d",
    "BEGIN IF TG_OP IN ($x$DELETE$x$, E'UPDATE') OR TG_OP = E'\\x49' THEN a; END IF; b; END": "a b",
    "BEGIN IF TG_OP IN ($x$DELETE$x$, E'UPDATE') THEN a; END IF; b; END": "b",
    "BEGIN IF TG_OP NOT IN (lower('x'), 'INSERT') THEN a; END IF; b; END": "b",
    "BEGIN IF TG_OP IN (lower('x'), 'DELETE') THEN a; END IF; b; END": "a b",
    "DECLARE tg_op text; BEGIN IF TG_OP = 'DELETE' THEN a; END IF; b; END": "a b",
    "BEGIN PERFORM 'a; b;' || $q$ c; $q$; d; END": "d",
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_reached(text: str) -> None:
    found = [each[0].text for each in reached(text, OF_INSERT) if len(each) == 1 and each[0].text in "abcd"]
    assert " ".join(found) == CASES[text]


def test_what_a_declaration_reaches() -> None:
    """Its value is computed and its type is not; the query of a bound cursor runs where the cursor is opened."""
    text = "DECLARE x old.log%ROWTYPE; y int := f(); c CURSOR (z int) FOR SELECT 1; d CURSOR FOR SELECT 2; BEGIN {} END"
    said = [" ".join(word.text for word in each) for each in reached(text.format("OPEN c(1);"), {})]
    assert said == [":= f ( )", "OPEN c ( 1 )", "SELECT 1"]
    said = [" ".join(word.text for word in each) for each in reached(text.format("FOR r IN d LOOP END LOOP;"), {})]
    assert said == [":= f ( )", "FOR r IN d", "SELECT 2"]


def test_a_constant_is_known_in_every_form() -> None:
    forms = {"'a''b'": "a'b", "$$a'b$$": "a'b", "$x$a$x$": "a", r"E'a\'\\'": "a'\\", r"e'\n'": "\n", r"E'\x61'": None}
    assert {text: constant(*words(text)) for text in forms} == forms
