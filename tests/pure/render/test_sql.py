"""A plan as SQL is statements and comments; no name can turn a comment into a statement."""

from __future__ import annotations

from dataclasses import replace

from schema_guard.plan import Hazard, Plan
from schema_guard.render.sql import plan_sql
from tests.pure.render import nouns


def test_statements_stand_alone_and_the_rest_is_comments() -> None:
    assert (
        plan_sql(nouns.drifted(), nouns.plan())
        == """\
-- mdraft · postgresql 15.18 at db.internal/mdraft · 8 tables expected

-- 1 required: proposals.visitor_session_id: column missing
-- ACCESS EXCLUSIVE on proposals, brief lock, no table scan or rewrite
ALTER TABLE proposals ADD COLUMN visitor_session_id VARCHAR(64);

-- 2 debt: conversions(user_id, visitor_session_id): rows can be filled from proposals
-- ROW EXCLUSIVE on conversions, 1,201 rows in batches
-- again until it changes no row
-- changes rows, only where declared
UPDATE conversions
   SET user_id = p.user_id
  FROM proposals p;

-- refused: proposals.ck_owner: CHECK (user_id IS NOT NULL OR visitor_session_id IS NOT NULL) missing
-- 3 rows violate it: give them an owner, or delete them
--   SELECT id FROM proposals WHERE NOT (..)
"""
    )


def test_a_newline_in_a_name_stays_in_its_comment() -> None:
    step = replace(nouns.add_column(), object="a\nDROP TABLE users;", statements=("SELECT 1",))
    lines = plan_sql(nouns.report(), Plan((step,))).splitlines()
    assert [line for line in lines if line and not line.startswith("--")] == ["SELECT 1;"]


def test_what_the_cost_says_is_not_said_again_as_a_hazard() -> None:
    step = replace(nouns.add_column(), cost="reads every row twice", hazards=(Hazard.SCANS, Hazard.NOT_TRANSACTIONAL))
    said = plan_sql(nouns.report(), Plan((step,)))
    assert "-- ACCESS EXCLUSIVE on proposals, reads every row twice\n-- cannot run in a transaction\nALTER" in said


def test_an_empty_plan_says_so() -> None:
    assert plan_sql(nouns.report(), Plan()).endswith("-- nothing to do\n")
