"""Which statements of a function in plpgsql are reached, by its text: `a` surely, `(a)` perhaps, others never."""

from __future__ import annotations

import pytest

from schema_guard.dialects.postgresql.code_text import reached

OF_INSERT = {"TG_OP": "INSERT", "TG_TABLE_NAME": "items", "TG_ARGV[0]": "x", "PG_TRIGGER_DEPTH()": "1"}
CASES = {
    "BEGIN a; b; END": "a b",
    "BEGIN a; RETURN NEW; b; END": "a",
    "BEGIN a; RETURN NEXT c; b; END": "a b",
    "BEGIN RAISE EXCEPTION 'no'; a; END": "",
    "BEGIN RAISE NOTICE 'no'; a; END": "a",
    "DECLARE n int := 1; BEGIN a; DECLARE m int; BEGIN b; END; c; END": "a b c",
    "<<outer>> BEGIN a; END outer;": "a",
    "#variable_conflict use_column\nBEGIN IF x = 1 THEN a; END IF; b; END": "(a) b",
    "BEGIN /* a; */ b; -- c;\n END": "b",
    "BEGIN IF TG_OP = 'INSERT' THEN a; ELSE b; END IF; c; END": "a c",
    "BEGIN IF TG_OP = 'DELETE' THEN a; ELSIF TG_OP IN ('INSERT', 'UPDATE') THEN b; ELSE c; END IF; END": "b",
    "BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; a; END": "a",
    "BEGIN IF TG_OP <> 'DELETE' THEN RETURN NEW; END IF; a; END": "",
    "BEGIN IF x = 1 THEN a; ELSE b; END IF; c; END": "(a) (b) c",
    "BEGIN IF x = 1 THEN RETURN NEW; END IF; a; END": "(a)",
    "BEGIN IF x = 1 THEN RETURN NEW; ELSE RETURN OLD; END IF; a; END": "",
    "BEGIN IF TG_OP = 'INSERT' AND x = 1 THEN a; END IF; b; END": "(a) b",
    "BEGIN IF TG_OP = 'DELETE' AND x = 1 THEN a; END IF; b; END": "b",
    "BEGIN IF TG_OP = 'INSERT' OR x = 1 THEN a; END IF; END": "a",
    "BEGIN IF NOT (TG_OP = 'DELETE' OR TG_OP = 'UPDATE') THEN a; END IF; END": "a",
    "BEGIN IF x BETWEEN 1 AND 2 AND TG_OP = 'DELETE' THEN a; END IF; END": "",
    "BEGIN IF TG_OP NOT IN ('DELETE') AND TG_TABLE_NAME::text = 'items' THEN a; END IF; END": "a",
    "BEGIN IF TG_ARGV[0] = 'y' THEN a; END IF; IF pg_trigger_depth() > 1 THEN b; END IF; c; END": "c",
    "BEGIN IF lower(TG_OP) = 'insert' THEN a; END IF; END": "(a)",
    "BEGIN CASE TG_OP WHEN 'INSERT' THEN a; WHEN 'DELETE' THEN b; ELSE c; END CASE; d; END": "a d",
    "BEGIN CASE WHEN x = 1 THEN a; ELSE b; END CASE; c; END": "(a) (b) c",
    "BEGIN x := CASE WHEN y = 1 THEN 2 ELSE 3 END; a; END": "a",
    "BEGIN IF CASE WHEN x = 1 THEN true END THEN a; END IF; b; END": "(a) b",
    "BEGIN FOR r IN SELECT 1 LOOP a; END LOOP; b; END": "(a) b",
    "BEGIN LOOP a; EXIT WHEN x = 1; END LOOP; b; END": "(a) (b)",
    "BEGIN WHILE x = 1 LOOP RETURN NEW; END LOOP; b; END": "(b)",
    "BEGIN BEGIN a; EXCEPTION WHEN others THEN b; WHEN no_data THEN c; END; d; END": "(a) (b) (c) d",
    "BEGIN PERFORM 'a; b;' || $q$ c; $q$; d; END": "d",
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_reached(text: str) -> None:
    found = [
        each.words[0].text if each.surely else f"({each.words[0].text})"
        for each in reached(text, OF_INSERT)
        if len(each.words) == 1 and each.words[0].text in "abcd"
    ]
    assert " ".join(found) == CASES[text]
