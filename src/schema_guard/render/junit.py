"""JUnit XML, which CI servers show as tests: a test case for each difference.

Pure ASCII: whatever a name holds, it can be written to any stream. What XML cannot hold is escaped before.
"""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from schema_guard.difference import Impact
from schema_guard.errors import GuardError
from schema_guard.render.line import shown
from schema_guard.render.text.phrases import ALL_THERE, header, left_out_phrase
from schema_guard.render.text.told import told_of
from schema_guard.report import Finding, Report

__all__ = ["check_junit", "error_junit", "plan_junit"]


def check_junit(report: Report, fail_on: Impact) -> str:
    """The differences; one at or above that impact is a failure, an accepted one is skipped."""
    failed = {id(finding) for finding in report.findings if finding.difference.impact >= fail_on}
    return _document(report, lambda finding: id(finding) in failed)


def plan_junit(report: Report) -> str:
    """The differences; one that breaks the application also after apply is a failure, an accepted one is skipped."""
    left = {id(finding) for finding in report.unplanned if finding.difference.impact is Impact.BREAKS}
    return _document(report, lambda finding: id(finding) in left)


def error_junit(command: str, error: GuardError) -> str:
    """The document in place of these when a command could not do its work: one test case, with an error."""
    suite = ET.Element("testsuite", name="schema-guard", tests="1", failures="0", errors="1", skipped="0")
    case = ET.SubElement(suite, "testcase", classname="schema-guard", name=shown(command) or "command")
    ET.SubElement(case, "error", type=error.code, message=shown(error.message))
    return _text(suite)


def _document(report: Report, fails: Callable[[Finding], bool]) -> str:
    findings = (*report.findings, *report.accepted)
    failures = sum(fails(finding) for finding in report.findings)
    suite = ET.Element(
        "testsuite",
        name=header(report),
        tests=str(len(findings) or 1),
        failures=str(failures),
        errors="0",
        skipped=str(len(report.accepted)),
        time=f"{report.seconds:.3f}",
    )
    for finding in findings:
        _case(suite, finding, report, fails(finding))
    if not findings:
        name = "satisfied" if report.left_out else ALL_THERE
        ET.SubElement(suite, "testcase", classname="schema-guard", name=name)
    if left_out := left_out_phrase(report):
        output = ET.SubElement(suite, "system-out")
        output.text = left_out
    for warning in report.warnings:
        output = ET.SubElement(suite, "system-err")
        output.text = f"warning: {shown(warning)}"
    return _text(suite)


def _case(suite: ET.Element, finding: Finding, report: Report, fails: bool) -> None:
    difference, declared = finding.difference, finding.declared
    case = ET.SubElement(
        suite, "testcase", classname=difference.code, name=shown(report.key_of(difference).partition(" ")[2])
    )
    if declared is not None:
        case.set("file", shown(declared.file))
        case.set("line", str(declared.line))
    summary = f"{shown(difference.object)}: {shown(difference.headline)}"
    if finding.acceptance is not None:
        ET.SubElement(case, "skipped", message=f"accepted: {shown(finding.acceptance.because)}").text = summary
        return
    text = "\n".join((summary, *told_of(finding, report), f"key: '{shown(report.key_of(difference))}'"))
    if fails:
        ET.SubElement(case, "failure", type=difference.impact.word, message=summary).text = text
    else:
        ET.SubElement(case, "system-out").text = f"{difference.impact.word}: {text}"


def _text(suite: ET.Element) -> str:
    root = ET.Element("testsuites", {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")})
    root.append(suite)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii") + "\n"
