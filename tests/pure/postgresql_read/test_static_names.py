"""Tables and functions that the text of a function in plpgsql names: key words and what it declares are none."""

from __future__ import annotations

import pytest

from schema_guard.dialects.postgresql.static_names import static_names

CASES = {
    "BEGIN INSERT INTO a VALUES (b(1)); UPDATE c.d SET x = 1; END": {"a", "b", "c.d"},
    "DECLARE x int := a(); y int DEFAULT b(); BEGIN IF c() THEN PERFORM d(); END IF; END": {"a", "b", "c", "d"},
    "BEGIN MERGE INTO a USING b ON true WHEN NOT MATCHED THEN INSERT (x) VALUES (1); END": {"a"},
    "BEGIN RETURN NEXT (1); RETURN QUERY (SELECT 1); RETURN (1); END": set(),
    "BEGIN PERFORM 1 FROM a GROUP BY GROUPING SETS ((x), (y)), ROLLUP (x), CUBE (y); END": {"a"},
    "BEGIN WITH a(x) AS NOT MATERIALIZED (SELECT 1), b AS (SELECT 2) SELECT 1 INTO c FROM a, b; END": set(),
    "BEGIN PERFORM 1 FROM ROWS FROM (generate_series(1, 2), a(1)) AS r(i, j); END": {"generate_series", "a"},
    "BEGIN PERFORM coalesce(x), nullif(x, 1), extract(day FROM y), CAST(x AS numeric(3)); END": set(),
    'BEGIN PERFORM "merge"(1); PERFORM s.merge(1); END': {'"merge"', "s.merge"},
    "DECLARE c CURSOR FOR SELECT a(); BEGIN IF x THEN OPEN c; END IF; END": {"a"},
    "DECLARE c CURSOR FOR SELECT a(); BEGIN RETURN 1; OPEN c; END": set(),
    "BEGIN PERFORM a(); EXCEPTION WHEN others THEN NULL; END": set(),
    f"BEGIN {'IF x THEN ' * 500} PERFORM a(); {'END IF; ' * 500} END": set(),
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_named(text: str) -> None:
    assert {each.text for each in static_names(text)} == CASES[text]
