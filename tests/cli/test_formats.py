"""Formats for CI: the exit code stays the command's, and an error is a document as well."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE


def test_junit(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    check = command("check", "shop:Base", "--url", url, "--format", "junit")
    assert check.code == 1
    assert int(ET.fromstring(check.out).attrib["failures"]) > 0
    plan = command("plan", "shop:Base", "--url", url, "--format", "junit")
    assert plan.code == 0
    assert ET.fromstring(plan.out).attrib["failures"] == "0"
    key = "column-missing proposals.visitor"
    accepted = command("check", "shop:Base", "--url", url, "--format", "junit", "--accept", key)
    assert ET.fromstring(accepted.out).attrib["skipped"] == "1"
    lost = command("check", "shop:Base", "--url", "postgresql://127.0.0.1:1/x", "--format", "junit")
    assert lost.code == 3
    assert ET.fromstring(lost.out).attrib["errors"] == "1"


def test_markdown(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    check = command("check", "shop:Base", "--url", url, "--format", "markdown")
    assert check.code == 1
    assert check.out.startswith("### ❌ Schema check: ")
    plan = command("plan", "shop:Base", "--url", url, "--format", "markdown")
    assert plan.code == 0
    assert plan.out.startswith("### ✅ Schema plan: the application can start after apply\n")
    assert plan.out.endswith("</details>\n")
    assert command("check", "--format", "markdown").out.startswith("### ❌ Schema check: no answer (exit 2)\n")
