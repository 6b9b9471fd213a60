"""The contract of the command line: exit codes, one line for an error, stdout for the result, stderr for the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from schema_guard.cli.commands import group
from tests.cli.conftest import Command, url_of

BEFORE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER NOT NULL REFERENCES users (id))",
    "INSERT INTO users VALUES (1)",
    "INSERT INTO proposals VALUES (1, 1)",
)
SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "schema-guard-1.json"


def validate(text: str) -> dict[str, object]:
    document = json.loads(text)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert isinstance(document, dict)
    return document


def test_check_plan_apply_check(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    check = command("check", "shop:Base", "--url", url)
    assert check.code == 1
    assert "proposals.visitor" in check.out
    assert check.verdict.endswith("exit 1")
    assert f"next: schema-guard plan shop:Base --url {url}\n" in check.out

    plan = command("plan", "shop:Base", "--url", url)
    assert plan.code == 0
    assert "nothing was changed" in plan.verdict
    assert f"next: schema-guard apply shop:Base --url {url}\n" in plan.out
    assert "apply would exit 0: the application can start afterwards" in plan.out

    apply = command("apply", "shop:Base", "--url", url)
    assert (apply.code, apply.verdict.split(" · ")[0]) == (0, "the application can start")
    assert "schema-guard: added column proposals.visitor, " in apply.err

    assert command("check", "shop:Base", "--url", url, "--fail-on", "weakens").code == 0
    again = command("apply", "shop:Base", "--url", url)
    assert "nothing to do" in again.verdict
    assert again.err == ""


@pytest.mark.parametrize("name", ["check", "plan", "apply"])
def test_json_is_the_only_thing_on_stdout(command: Command, application: Path, name: str) -> None:
    ran = command(name, "shop:Base", "--url", url_of(application, BEFORE), "--format", "json")
    document = validate(ran.out)
    assert document["command"] == name
    assert document["exit_code"] == ran.code
    assert "imported" in ran.err


def test_plan_as_sql_is_sql(command: Command, application: Path) -> None:
    ran = command("plan", "shop:Base", "--url", url_of(application, BEFORE), "--format", "sql")
    assert ran.code == 0
    assert ran.out.startswith("-- ")
    assert "ALTER TABLE" in ran.out


def test_settings_may_stand_in_pyproject(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    (application / "pyproject.toml").write_text(f'[tool.schema-guard]\ntarget = "shop:Base"\nurl = "{url}"\n')
    ran = command("check")
    assert ran.code == 1
    assert "next: schema-guard plan\n" in ran.out


def test_an_application_that_sets_its_url_while_it_is_imported_is_heard(command: Command, application: Path) -> None:
    url = url_of(application)
    with (application / "shop.py").open("a") as file:
        file.write(f"import os\nos.environ['DATABASE_URL'] = {url!r}\n")
    try:
        assert command("check", "shop:Base").code == 1
    finally:
        os.environ.pop("DATABASE_URL", None)


def test_sql_needs_no_database(command: Command) -> None:
    postgresql = command("sql", "shop:Base", "--dialect", "postgresql")
    assert postgresql.code == 0
    assert "\\gexec" in postgresql.out
    sqlite = command("sql", "shop:Base", "--dialect", "sqlite")
    assert "CREATE TABLE IF NOT EXISTS proposals" in sqlite.out


def test_sql_with_a_url_writes_what_that_database_lacks(command: Command, application: Path) -> None:
    ran = command("sql", "shop:Base", "--url", url_of(application, BEFORE))
    assert "ADD COLUMN visitor" in ran.out
    assert "CREATE TABLE IF NOT EXISTS" not in ran.out


@pytest.mark.parametrize(
    ("options", "says"),
    [([], "no dialect"), (["--url", "sqlite:///x.db", "--dialect", "postgresql"], "names sqlite")],
)
def test_sql_has_to_know_the_dialect(command: Command, options: list[str], says: str) -> None:
    ran = command("sql", "shop:Base", *options)
    assert ran.code == 2
    assert says in ran.err.splitlines()[-1]


def test_a_missing_directory_is_not_waited_for(command: Command) -> None:
    started = time.monotonic()
    assert command("apply", "shop:Base", "--url", "sqlite:////nonexistent/x.db").code == 3
    assert time.monotonic() - started < 20, "it would wait for 30 s"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["check", "nothing:here"], 2, "cannot import 'nothing'"),
        (["check", "shop:Base"], 2, "no database URL"),
        (["check"], 2, "no TARGET"),
        (["check", "shop:Base", "--url", "mysql://host/name"], 2, "'mysql'"),
        (["check", "shop:Base", "--url", "sqlite:///shop.db?timeout=abc"], 2, "an argument of the database URL"),
        (["check", "shop:Base", "--url", "sqlite:///shop.py?cached_statements=99999999999"], 3, "shop.py"),
        (["apply", "shop:Base", "--wait", "0", "--url", "postgresql://h:99999/x?connect_timeout=abc"], 2, "99999"),
        (["check", "shop:Base", "--fail-on", "nothing"], 2, "--fail-on"),
        (["apply", "shop:Base", "--budget", "soon"], 2, "--budget"),
        (["frobnicate"], 2, "frobnicate"),
        (["check", "--frobnicate"], 2, "--frobnicate"),
        (["check", "a", "b"], 2, "unexpected extra argument"),
        (["check", "shop:Base", "--url", "postgresql://nobody:s3cret@127.0.0.1:1/x"], 3, "127.0.0.1"),
        (["apply", "shop:Base", "--wait", "0", "--url", "postgresql://nobody:s3cret@127.0.0.1:1/x"], 3, "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_an_error_is_one_line(command: Command, arguments: list[str], code: int, says: str, as_json: bool) -> None:
    ran = command(*arguments, *(["--format", "json"] if as_json else []))
    assert ran.code == code
    lines = [line for line in ran.err.splitlines() if line != "imported"]
    if not as_json or arguments != ["frobnicate"]:
        assert len(lines) == 1
    assert lines[-1].startswith("schema-guard: ")
    assert says in lines[-1]
    assert "s3cret" not in ran.err + ran.out
    if as_json:
        error = validate(ran.out)["error"]
        assert isinstance(error, dict)
        assert f"schema-guard: {error['message']}" == lines[-1]
    else:
        assert ran.out == ""


def test_an_unexpected_error_is_one_line_and_a_traceback_only_when_asked(
    command: Command, application: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(*arguments: object, **options: object) -> None:
        raise RuntimeError("boom\nand more")

    monkeypatch.setattr("schema_guard.guard.Guard.check", explode)
    url = url_of(application)
    ran = command("check", "shop:Base", "--url", url)
    assert ran.code == 5
    assert ran.err.splitlines()[-1] == "schema-guard: unexpected RuntimeError: boom and more (-v shows where)"
    assert "Traceback" not in ran.err
    assert "Traceback" in command("check", "shop:Base", "--url", url, "-v").err


def test_an_interrupt_is_one_line(command: Command, application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("schema_guard.guard.Guard.check", interrupt)
    ran = command("check", "shop:Base", "--url", url_of(application))
    assert ran.code == 130
    assert ran.err.splitlines()[-1].startswith("schema-guard: interrupted")


def test_without_arguments_it_shows_help_and_fails(command: Command) -> None:
    ran = command()
    assert ran.code == 2
    assert "Usage: schema-guard" in ran.out
    assert command("--help").code == 0
    assert command("--version").out.startswith("schema-guard ")


def test_help_of_every_command_needs_no_application(command: Command) -> None:
    for name in group.commands:
        assert command(name, "--help").code == 0


def shell(script: str, directory: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    source = Path(__file__).parents[2] / "src"
    settings = {**os.environ, "PYTHONPATH": str(source), "GUARD": f"{sys.executable} -m schema_guard", **environment}
    return subprocess.run(
        ["bash", "-c", script], cwd=directory, env=settings, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_reader_that_goes_away_changes_nothing(application: Path) -> None:
    url = url_of(application, BEFORE)
    ran = shell("$GUARD check shop:Base --url $URL | true; echo ${PIPESTATUS[0]}", application, URL=url)
    assert ran.stdout == "1\n"
    assert ran.stderr == "imported\n"


FULL = "the output could not be written to stdout: No space left on device"


def test_a_full_disk_for_the_output_changes_no_verdict(application: Path) -> None:
    """The log of a start: what was done is done, and whether the application can start does not hang on it."""
    url = url_of(application, BEFORE)
    for script, code in (("ready", 1), ("apply", 0), ("apply", 0), ("ready", 0)):
        ran = shell(f"$GUARD {script} shop:Base --url $URL > /dev/full", application, URL=url)
        assert (ran.returncode, ran.stderr.splitlines()[-1].partition(";")[0]) == (code, f"schema-guard: {FULL}")


def test_a_full_disk_for_the_log_ends_no_apply(application: Path) -> None:
    models = (application / "shop.py").read_text()
    (application / "silent.py").write_text(models.replace("print(", "str("))
    ran = shell("$GUARD apply silent:Base --url $URL 2> /dev/full", application, URL=url_of(application, BEFORE))
    assert (ran.returncode, ran.stdout.splitlines()[-1].startswith("the application can start")) == (0, True)


@pytest.mark.parametrize(
    "script",
    [
        "check",
        "check -q",
        "plan",
        "plan --format sql",
        "check --format json",
        "sql --dialect sqlite",
        "--help",
        "check --help",
    ],
)
def test_a_document_that_a_full_disk_cuts_off_is_an_error(application: Path, script: str) -> None:
    ran = shell(f"$GUARD {script} shop:Base --url $URL > /dev/full", application, URL=url_of(application, BEFORE))
    assert ran.returncode == 2
    assert ran.stderr.count(FULL) == 1
    assert "Traceback" not in ran.stderr


IN_MEMORY = [
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite+aiosqlite://",
    "sqlite:///file::memory:?uri=true",
    "sqlite:///file:x?mode=memory&cache=shared&uri=true",
]


@pytest.mark.parametrize("name", ["check", "plan", "apply", "deploy"])
@pytest.mark.parametrize("url", IN_MEMORY)
def test_a_database_in_memory_is_no_use_to_the_application(
    application: Path, command: Command, name: str, url: str
) -> None:
    """Nothing of what is made in it stays, so that nobody is told that the application can start."""
    ran = command(name, "shop:Base", "--url", url)
    assert (ran.code, ran.out) == (2, "")
    assert (
        "schema-guard: the URL names a database in memory, of which every process has an empty one of its own: "
        "nothing that is made here is there for the application; nothing was done. Use a file, sqlite:///app.db;"
    ) in ran.err


def test_a_database_in_memory_of_a_fleet(application: Path, command: Command) -> None:
    (application / "urls.txt").write_text(f"sqlite://\n{url_of(application, BEFORE)}\n")
    ran = command("fleet", "apply", "shop:Base", "--urls", "urls.txt")
    assert ran.code == 2, ran.out
    assert "the URL names a database in memory" in ran.out
    assert "1 satisfied" in ran.out


def test_a_working_directory_that_is_gone(application: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    (application / "gone").mkdir()
    monkeypatch.chdir(application / "gone")
    (application / "gone").rmdir()
    ran = command("check", "shop:Base", "--url", "sqlite://")
    assert (ran.code, ran.err) == (
        2,
        "schema-guard: the working directory does not exist any more: change to one that does (cd)\n",
    )


@pytest.mark.parametrize(
    ("name", "told"),
    [("check", "nothing was changed"), ("apply", "every step that was finished stays, run again to go on")],
)
def test_ctrl_c_while_the_application_is_imported(application: Path, command: Command, name: str, told: str) -> None:
    (application / "slow.py").write_text("raise KeyboardInterrupt\n")
    ran = command(name, "slow:Base", "--url", "sqlite://")
    assert (ran.code, ran.err.strip()) == (130, f"schema-guard: interrupted; {told}")


def test_an_ascii_stream_gets_ascii(application: Path) -> None:
    url = url_of(application, BEFORE)
    ran = shell("$GUARD check shop:Base --url $URL", application, URL=url, PYTHONIOENCODING="ascii")
    assert ran.returncode == 1
    assert ran.stdout.isascii()
    assert "  x proposals" in ran.stdout


def test_a_pipe_is_not_wrapped_and_has_no_colour(application: Path) -> None:
    url = url_of(application, BEFORE)
    ran = shell("$GUARD check shop:Base --url $URL", application, URL=url, COLUMNS="20", FORCE_COLOR="1")
    assert "\x1b" not in ran.stdout
    assert any(len(line) > 60 for line in ran.stdout.splitlines())
