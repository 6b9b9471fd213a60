"""Options that a person finds first: -q, --dry-run, the examples of --help, completion by the shell, NO_COLOR."""

from __future__ import annotations

import json
import os
import pty
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import pytest

from schema_guard.cli.commands import group
from schema_guard.cli.examples import EXAMPLES
from schema_guard.cli.main import run
from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE, validate
from tests.cli.test_words import UNKNOWN

PROGRAM = "from schema_guard.cli import main; main()"


def test_quiet_is_the_verdict_alone(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    for name in ("check", "plan", "ready"):
        loud, quiet = command(name, "shop:Base", "--url", url), command(name, "shop:Base", "--url", url, "-q")
        assert quiet.code == loud.code
        assert len(quiet.out.splitlines()) == 1
        assert quiet.verdict.split(" · ")[0] == loud.verdict.split(" · ")[0]
    ran = command("apply", "shop:Base", "--url", url, "--quiet")
    assert (ran.code, len(ran.out.splitlines())) == (0, 1)
    assert "schema-guard:" not in ran.err
    ran = command("check", "-q")
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)


def test_quiet_leaves_documents_as_they_are(command: Command, application: Path) -> None:
    validate(command("check", "shop:Base", "--url", url_of(application, BEFORE), "-q", "--format", "json").out)


@pytest.mark.parametrize(
    "words",
    [
        *(("check", option, "") for option in ("--url", "--bind", "--each-schema", "--include", "--exclude")),
        *(("apply", option, " ") for option in ("--each-schema", "--ddl-url", "--beside", "--budget")),
        ("accept", "--only", ""),
        *(("accept", option, " ") for option in ("--reason", "--by", "--expires")),
        *(("check", f"{option}=") for option in ("--accept", "--include", "--url")),
        *(("apply", "--accept", value) for value in ("", " ", " , ")),
        ("history", "--limit", ""),
        ("freeze", "-o", ""),
    ],
)
def test_an_option_without_a_value_is_an_error(command: Command, application: Path, words: tuple[str, ...]) -> None:
    """As `--each-schema "$PATTERN"` is where nobody has set the variable."""
    url = url_of(application, BEFORE)
    ran = command(words[0], "shop:Base", *(() if "--url" in words else ("--url", url)), *words[1:])
    assert (ran.code, ran.out) == (2, "")
    assert len([line for line in ran.err.splitlines() if line.startswith("schema-guard: ")]) == 1


@pytest.mark.parametrize("name", ["ACCEPT", "INCLUDE", "EXCLUDE", "BUDGET", "REMEMBER", "RELEASE", "LOG_FORMAT"])
def test_a_variable_that_is_empty_is_an_error(
    command: Command, application: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SCHEMA_GUARD_{name}", " ")
    ran = command("check", "shop:Base", "--url", url_of(application, BEFORE))
    assert (ran.code, ran.out) == (2, "")
    assert f"SCHEMA_GUARD_{name}: " in ran.err


@pytest.mark.parametrize(("before", "code"), [(BEFORE, 0), (UNKNOWN, 1)])
def test_a_dry_run_changes_nothing_and_exits_as_apply_would(
    command: Command, application: Path, before: tuple[str, ...], code: int
) -> None:
    url = url_of(application, before)
    with closing(sqlite3.connect(application / "shop.db")) as connection:
        there = list(connection.iterdump())
        files = sorted(path.name for path in application.iterdir())
        dry = command("apply", "shop:Base", "--url", url, "--dry-run")
        assert dry.code == code
        assert f"apply would exit {code}: " in dry.out
        assert "ALTER TABLE proposals ADD COLUMN visitor" in dry.out
        document = command("apply", "shop:Base", "--url", url, "--dry-run", "--format", "json")
        validate(document.out)
        assert json.loads(document.out)["apply_exit_code"] == document.code == code
        assert list(connection.iterdump()) == there
    assert sorted(path.name for path in application.iterdir() if path.name != "__pycache__") == [
        name for name in files if name != "__pycache__"
    ]
    assert command("apply", "shop:Base", "--url", url).code == code


@pytest.mark.parametrize("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_a_command_line(line: str) -> None:
    words = shlex.split(line.partition(" | ")[0].partition(" && ")[0].partition(" > ")[0])
    assert words[0] == "schema-guard"
    parent = click.Context(group)
    command, rest = group.commands[words[1]], words[1:]
    if isinstance(command, click.Group):
        parent, command, rest = click.Context(command, parent), command.commands[words[2]], words[2:]
    with command.make_context(rest[0], rest[1:], parent=parent) as context:
        assert context.args == []


def test_every_command_has_an_example() -> None:
    assert set(EXAMPLES) == {"", *group.commands}


def test_examples_are_shown_where_a_person_types_the_program_s_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", "--help"]) == 0
    assert "Examples:\n    schema-guard apply app.models:Base --dry-run\n" in capsys.readouterr().out
    assert run(["apply", "--help"], ("flask", "guard")) == 0
    assert "Examples:" not in capsys.readouterr().out


def started(extra: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **extra}


def test_a_shell_can_complete() -> None:
    def said(**asked: str) -> str:
        program = [sys.executable, "-c", f"import sys; sys.argv = ['schema-guard']; {PROGRAM}"]
        return subprocess.run(program, env=started(asked), capture_output=True, text=True, check=True).stdout

    script = said(_SCHEMA_GUARD_COMPLETE="zsh_source")
    assert script.startswith("#compdef schema-guard")
    asked = {"COMP_WORDS": "schema-guard check --fail-on w", "COMP_CWORD": "3"}
    assert said(_SCHEMA_GUARD_COMPLETE="bash_complete", **asked) == "plain,weakens\n"


@pytest.mark.parametrize(("settings", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_is_not_wanted(
    application: Path, settings: dict[str, str], coloured: bool
) -> None:
    url = url_of(application, BEFORE)
    ours, theirs = pty.openpty()
    environment = started({"TERM": "xterm", **settings})
    environment.pop("CI", None)
    if not settings:
        environment.pop("NO_COLOR", None)
    arguments = [sys.executable, "-c", PROGRAM, "ready", "shop:Base", "--url", url]
    with subprocess.Popen(arguments, stdout=theirs, stderr=subprocess.DEVNULL, env=environment, cwd=application):
        pass
    os.close(theirs)
    said = os.read(ours, 65536)
    os.close(ours)
    assert b"ready: " in said
    assert (b"\x1b[" in said) is coloured
