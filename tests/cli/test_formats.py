"""Formats for CI: the exit code stays the command's, and an error is a document as well."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

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


def test_github(command: Command, application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An annotation at the line of the model: an error where the command fails for it."""
    url = url_of(application, BEFORE)
    line = 1 + (application / "shop.py").read_text().splitlines().index(
        "    visitor: Mapped[str | None] = mapped_column(String(64), index=True)"
    )
    check = command("check", "shop:Base", "--url", url, "--format", "github")
    assert check.code == 1
    found = [each for each in check.out.splitlines() if "title=proposals.visitor%3A column missing" in each]
    assert [each.partition(",title")[0] for each in found] == [f"::error file=shop.py,line={line}"]
    assert "%0A  ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)" in found[0]
    monkeypatch.setenv("GITHUB_WORKSPACE", str(application.parent))
    below = command("check", "shop:Base", "--url", url, "--format", "github")
    assert f"::error file={application.name}/shop.py,line={line},title=proposals.visitor" in below.out
    monkeypatch.delenv("GITHUB_WORKSPACE")
    planned = command("plan", "shop:Base", "--url", url, "--format", "github")
    assert planned.code == 0
    assert f"::warning file=shop.py,line={line},title=proposals.visitor%3A column missing" in planned.out
    accept = ("--accept", "column-missing proposals.visitor")
    accepted = command("check", "shop:Base", "--url", url, "--format", "github", *accept)
    assert "proposals.visitor%3A column missing" not in accepted.out
    lost = command("check", "shop:Base", "--url", "postgresql://127.0.0.1:1/x", "--format", "github")
    assert lost.code == 3
    assert lost.out.startswith("::error title=schema-guard check::")


def test_sarif(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    check = command("check", "shop:Base", "--url", url, "--format", "sarif", "--accept", "index-missing *")
    (ran,) = json.loads(check.out)["runs"]
    found = {result["partialFingerprints"]["schemaGuardKey/v1"]: result for result in ran["results"]}
    missing = found["column-missing proposals.visitor"]
    assert missing["level"] == "error"
    (place,) = missing["locations"]
    assert place["physicalLocation"]["artifactLocation"]["uri"] == "shop.py"
    text = (application / "shop.py").read_text().splitlines()
    assert "visitor:" in text[place["physicalLocation"]["region"]["startLine"] - 1]
    accepted = [result for key, result in found.items() if key.startswith("index-missing")]
    assert [result["suppressions"][0]["kind"] for result in accepted] == ["external"]
    assert {result["ruleId"] for result in ran["results"]} == {rule["id"] for rule in ran["tool"]["driver"]["rules"]}
    lost = command("plan", "shop:Base", "--url", "postgresql://127.0.0.1:1/x", "--format", "sarif")
    (ran,) = json.loads(lost.out)["runs"]
    assert (ran["results"], ran["invocations"][0]["exitCode"]) == ([], 3)


def test_a_frozen_file_is_annotated_itself(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    assert command("freeze", "shop:Base", "-o", "expected.json").code == 0
    check = command("check", "expected.json", "--url", url, "--format", "json")
    lines = (application / "expected.json").read_text().splitlines()
    declared = {each["key"]: each["declared"] for each in json.loads(check.out)["differences"]}
    place = declared["column-missing proposals.visitor"]
    assert place["file"] == "expected.json"
    assert '"name": "visitor"' in lines[place["line"] - 1]
    assert '"name": "proposals"' in lines[declared["check-missing proposals.ck_owner"]["line"] - 1]


def test_the_faults_of_a_chain(command: Command, application: Path) -> None:
    (application / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    versions = application / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions.parent / "env.py").write_text("")
    for name in ("a1", "b1"):
        (versions / f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = None\n")
    doctor = command("doctor", "shop:Base", "--url", url_of(application), "--format", "github")
    assert "::error file=migrations/versions/" in doctor.out
    sarif = command("doctor", "shop:Base", "--url", url_of(application), "--format", "sarif")
    codes = {result["ruleId"] for result in json.loads(sarif.out)["runs"][0]["results"]}
    assert {"several-heads", "second-base"} <= codes
