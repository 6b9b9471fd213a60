"""action.yml and the snippets of docs/platforms.md: its script is run as GitHub does, what they hold is parsed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PLATFORMS = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")


def run(folder: Path, **inputs: str) -> tuple[int, dict[str, str], str, str]:
    """The second step, with its inputs: its exit code, outputs, summary and standard output."""
    given = {name: definition["default"] for name, definition in ACTION["inputs"].items()} | inputs
    step = ACTION["runs"]["steps"][1]
    environment = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], value)
        for name, value in step["env"].items()
    }
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.write_text("")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**os.environ, "PATH": path, "RUNNER_TEMP": str(folder), **environment}
        | {name: str(file) for name, file in files.items()},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
    return ran.returncode, outputs, files["GITHUB_STEP_SUMMARY"].read_text(), ran.stdout


def test_the_action_checks_writes_a_summary_and_a_page(application: Path) -> None:
    url = url_of(application, BEFORE)
    code, outputs, summary, said = run(application, target="shop:Base", url=url)
    assert code == 1
    assert outputs["exit-code"] == "1"
    assert "proposals.visitor" in said
    assert summary.startswith("### ❌ Schema check")
    assert Path(outputs["page"]).read_text(encoding="utf-8").startswith("<!doctype html>")


def test_an_input_is_no_command(application: Path) -> None:
    code, outputs, _, _ = run(application, command="check; touch taken", target="$(touch taken)")
    assert (code, outputs) == (2, {})
    run(application, target="$(touch taken)`touch taken`", url="sqlite:///x.db")
    assert not (application / "taken").exists()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PLATFORMS, re.MULTILINE | re.DOTALL)


def test_the_snippets_are_well_formed() -> None:
    assert [json.loads(text) for text in blocks("json")]
    assert [tomllib.loads(text) for text in blocks("toml")]
    assert len([yaml.safe_load(text) for text in blocks("yaml")]) == 4


def test_each_command_of_a_snippet_is_one(command: Command) -> None:
    """As far as its options: each is known."""
    found = re.findall(r"schema-guard (?:apply|check)[^\"&\n`>]*", PLATFORMS)
    assert len(found) >= 6
    for line in found:
        ran = command(*shlex.split(line)[1:], "--help")
        assert ran.code == 0, line


def test_the_action_of_the_documentation_gives_inputs_that_there_are() -> None:
    (workflow,) = [text for text in blocks("yaml") if "uses: OWNER/schema-guard" in text]
    steps: list[dict[str, Any]] = yaml.safe_load(workflow)["jobs"]["schema"]["steps"]
    (step,) = [step for step in steps if str(step.get("uses", "")).startswith("OWNER/")]
    assert set(step["with"]) <= set(ACTION["inputs"])


@pytest.mark.parametrize("name", ["docker", "text"])
def test_there_are_a_dockerfile_and_a_procfile(name: str) -> None:
    assert blocks(f"{name}file" if name == "docker" else name)
