"""JUnit XML: a test case for each difference, failures by impact, accepted ones skipped."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from schema_guard.acceptance import Acceptance
from schema_guard.difference import Impact
from schema_guard.errors import UnreachableError
from schema_guard.plan import Plan
from schema_guard.render.junit import check_junit, error_junit, plan_junit
from schema_guard.report import Finding
from schema_guard.schema import Name, Table
from schema_guard.scope import LeftOut
from tests.pure.render import nouns


def suite_of(text: str) -> ET.Element:
    assert text.isascii()
    suite = ET.fromstring(text).find("testsuite")
    assert suite is not None
    return suite


def failed(suite: ET.Element) -> list[str]:
    return [str(case.get("name")) for case in suite.iter("testcase") if case.find("failure") is not None]


def test_a_case_for_each_difference_and_failures_from_an_impact_on() -> None:
    suite = suite_of(check_junit(nouns.drifted(), Impact.BREAKS))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["5", "2", "0", "0"]
    assert failed(suite) == ["proposals.visitor_session_id", "proposals.user_id"]
    assert len(failed(suite_of(check_junit(nouns.drifted(), Impact.WEAKENS)))) == 4
    assert suite_of(check_junit(nouns.drifted(), Impact.NOTES)).get("failures") == "5"


def test_a_failure_says_what_it_does_and_what_repairs_it() -> None:
    failure = suite_of(check_junit(nouns.drifted(), Impact.BREAKS)).find("testcase/failure")
    assert failure is not None
    assert failure.get("type") == "breaks"
    assert failure.text is not None
    assert "SELECT and INSERT of Proposal fail" in failure.text
    assert "step 1 of the plan:\n  ALTER TABLE proposals ADD COLUMN visitor_session_id" in failure.text
    assert "key: 'column-missing proposals.visitor_session_id'" in failure.text


def test_a_plan_fails_for_what_apply_would_leave() -> None:
    """The missing column has a step, NOT NULL has none."""
    assert failed(suite_of(plan_junit(nouns.drifted()))) == ["proposals.user_id"]


def test_what_is_accepted_is_skipped() -> None:
    accepted = Finding(nouns.NOT_NULL, acceptance=Acceptance(nouns.NOT_NULL.key, "a trigger fills it"))
    suite = suite_of(check_junit(replace(nouns.report(of=Plan()), accepted=(accepted,)), Impact.BREAKS))
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("1", "0", "1")
    skipped = suite.find("testcase/skipped")
    assert skipped is not None
    assert "a trigger fills it" in str(skipped.get("message"))


def test_no_difference_is_one_case_that_passes() -> None:
    suite = suite_of(check_junit(nouns.report(of=Plan()), Impact.BREAKS))
    assert (suite.get("tests"), len(list(suite.iter("testcase"))), failed(suite)) == ("1", 1, [])


def test_what_was_left_out_is_told() -> None:
    report = replace(nouns.report(of=Plan()), left_out=(LeftOut("table", "audit"),))
    suite = suite_of(check_junit(report, Impact.BREAKS))
    assert "table audit" in str(suite.findtext("system-out"))
    assert [case.get("name") for case in suite.iter("testcase")] == ["satisfied"]


def test_an_error_is_an_error() -> None:
    suite = suite_of(error_junit("check", UnreachableError("nothing listens there")))
    error = suite.find("testcase/error")
    assert error is not None
    assert (error.get("type"), error.get("message")) == ("unreachable", "nothing listens there")


def test_what_xml_cannot_hold_is_escaped() -> None:
    for name in ("a\x00b", "a\x1b[31m", "]]>", "<x>&", '"', "\ud800", "\ufffe", "a\nb"):
        difference = replace(nouns.MISSING, table=Table(Name(None, name)))
        suite = suite_of(check_junit(nouns.report(Finding(difference), of=Plan()), Impact.BREAKS))
        assert len(failed(suite)) == 1
