"""What the command line says and asks: the next command, the end of a plan, the width of a terminal."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from schema_guard.chain.commands import Commands
from schema_guard.cli.commands import group
from schema_guard.plan import Evidence
from schema_guard.render.line import Span, Style, line, plain, wrapped
from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE, validate

UNKNOWN = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, tenant INTEGER NOT NULL)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id))",
)


def test_the_next_command_keeps_what_chose_the_database_and_what_counts(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    ran = command("check", "shop:Base", "--url", url, "--accept", "index-missing proposals.ix_proposals_visitor")
    expected = f"plan shop:Base --url {url} --accept 'index-missing proposals.ix_proposals_visitor'"
    assert f"next: schema-guard {expected}\n" in ran.out


def test_the_plan_says_what_apply_exits_with(command: Command, application: Path) -> None:
    url = url_of(application, UNKNOWN)
    plan = command("plan", "shop:Base", "--url", url)
    assert "apply would exit 1: users.tenant still breaks the application" in plan.out
    document = command("plan", "shop:Base", "--url", url, "--format", "json")
    validate(document.out)
    assert json.loads(document.out)["apply_exit_code"] == command("apply", "shop:Base", "--url", url).code == 1


def test_a_long_script_is_shown_when_asked_for(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    short, full = command("plan", "shop:Base", "--url", url).out, command("plan", "shop:Base", "--url", url, "-v").out
    assert "statements, -v shows them" in short
    assert "INSERT OR ABORT INTO" not in short
    assert "INSERT OR ABORT INTO" in full
    assert len(short.splitlines()) < 25


def test_check_and_apply_print_the_statement_for_what_they_refuse(command: Command, application: Path) -> None:
    url = url_of(
        application,
        (
            "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
            "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id), "
            "visitor VARCHAR(64))",
            "INSERT INTO proposals (id) VALUES (6), (5)",
        ),
    )
    for name in ("check", "apply"):
        out = command(name, "shop:Base", "--url", url).out
        assert "2 rows violate it (keys 5 and 6)" in out
        assert "        SELECT id FROM proposals WHERE NOT (user_id IS NOT NULL OR visitor IS NOT NULL)" in out
        assert "\nthe statements under a finding are for you to run by hand: nothing has run them\n" in out
    plan = command("plan", "shop:Base", "--url", url).out
    assert "\nthe statements under what is refused are for you to run by hand: nothing has run them\n" in plan


@pytest.mark.parametrize(
    ("arguments", "suggested"),
    [
        (["shop:Base", "python", "-c", "print(1)"], "schema-guard run shop:Base -- python -c 'print(1)'"),
        (["python", "-c", "print(1)"], "schema-guard run -- python -c 'print(1)'"),
        (["shop:Base", "--budget", "5s", "python", "-m", "x"], "run shop:Base --budget 5s -- python -m x"),
        (["--budget", "5s", "shop:Base", "python", "-c", "1"], "run --budget 5s shop:Base -- python -c 1"),
        (["shop:Base", "echo", "up"], "schema-guard run shop:Base -- echo up"),
    ],
)
def test_a_command_without_its_separator_is_shown_with_it(
    command: Command, arguments: list[str], suggested: str
) -> None:
    ran = command("run", *arguments)
    assert ran.code == 2
    assert "the command has to follow --" in ran.err
    assert suggested in ran.err


def test_a_mistyped_option_of_run_is_no_command(command: Command) -> None:
    ran = command("run", "--budgt", "5s", "shop:Base", "--", "echo")
    assert "No such option" in ran.err


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (("check", "--wait", "1s"), "No such option '--wait' of check; apply, deploy, run and stamp have it (see "),
        (
            ("fleet", "apply", "--wait", "1s"),
            "No such option '--wait' of fleet apply; apply, deploy, run and stamp have",
        ),
        (("apply", "--prune"), "No such option '--prune' of apply; accept has it (see "),
        (("plan", "--formt", "json"), "No such option '--formt'"),
    ],
)
def test_an_option_of_another_command(command: Command, typed: tuple[str, ...], told: str) -> None:
    ran = command(*typed, "shop:Base")
    assert (ran.code, ran.err.startswith(f"schema-guard: {told}")) == (2, True), ran.err


def on_a_terminal(directory: Path, columns: int, *arguments: str) -> str:
    """What a person sees whose terminal has so many columns; without colours."""
    ours, theirs = pty.openpty()
    source = str(Path(__file__).parents[2] / "src")
    settings = {**os.environ, "COLUMNS": str(columns), "NO_COLOR": "1", "PYTHONPATH": source}
    process = subprocess.Popen(
        [sys.executable, "-m", "schema_guard", *arguments], cwd=directory, env=settings, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    parts = []
    with suppress(OSError):
        while part := os.read(ours, 65536):
            parts.append(part)
    process.wait(60)
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_words_are_wrapped_at_the_terminals_width(application: Path, columns: int) -> None:
    url = url_of(application, UNKNOWN)
    seen = on_a_terminal(application, columns, "check", "shop:Base", "--url", url)
    copied = ("next: ", "      key: ", "        ")
    for text in seen.splitlines():
        assert len(text) <= columns or text.startswith(copied) or " " not in text.strip(), text
    joined = " ".join(seen.split())
    assert "INSERT of User fails (NOT NULL constraint failed): the models leave it out" in joined


def test_a_terminal_shows_each_step_once(application: Path) -> None:
    url = url_of(application, BEFORE)
    seen = on_a_terminal(application, 120, "apply", "shop:Base", "--url", url)
    assert seen.count("column proposals.visitor") == 1
    assert seen.rstrip().splitlines()[-1].startswith("the application can start")


def test_wrapping_keeps_the_words_their_styles_and_the_indentation() -> None:
    spans = line("      ", Span("not repaired: ", Style.WEAKENS), "one two three four five six")
    lines = wrapped(spans, 30)
    assert plain(lines) == "      not repaired: one two\n        three four five six\n"
    assert lines[0][1].style is Style.WEAKENS
    assert wrapped(line("  ", Span("SELECT " + "x" * 90, Style.SQL)), 30) == [
        line("  ", Span("SELECT " + "x" * 90, Style.SQL))
    ]
    assert plain(wrapped(line("x" * 90, " y"), 30)) == "x" * 90 + "\n  y\n"


def test_a_verdict_that_is_wrapped_keeps_a_number_with_its_word() -> None:
    verdict = line("the application can start", " · 216 ms, 2 catalog queries · exit 0")
    assert plain(wrapped(verdict, 32)) == "the application can start\n  · 216 ms, 2 catalog queries\n  · exit 0\n"


@pytest.mark.parametrize("name", ["t.a", "a_table.with_a_long_name_of_a_column"])
def test_further_lines_of_a_finding_stand_apart_from_what_follows_it(name: str) -> None:
    """Below its own column, or further in than the effect (6), and no blank goes past the last column."""
    spans = line(
        "  ", Span("✗", Style.BREAKS), " ", Span(name, Style.BOLD), "  ", "NOT NULL, but the models write NULL"
    )
    lines = wrapped(spans, 40)
    texts = ["".join(span.text for span in each) for each in lines]
    assert all(len(text) <= 40 and text == text.rstrip() for text in texts)
    column = 2 + 2 + len(name) + 2
    assert {len(text) - len(text.lstrip()) for text in texts[1:]} == {column if column <= 20 else 8}
    assert " ".join(" ".join(texts).split()) == f"✗ {name} NOT NULL, but the models write NULL"


@pytest.mark.parametrize(
    ("count", "sample", "words"),
    [
        (1, ("6",), "key 6"),
        (2, ("6", "5"), "keys 6 and 5"),
        (3, ("6", "5", "4"), "keys 6, 5 and 4"),
        (9, ("6", "5"), "keys 6, 5, .."),
        (2, ("1, 2", "1, 3"), "keys (1, 2) and (1, 3)"),
        (2, (), ""),
    ],
)
def test_keys_are_written_as_words(count: int, sample: tuple[str, ...], words: str) -> None:
    assert Evidence(count, "", sample).keys == words


ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
from shop import Base
with create_engine(context.config.attributes.get("url") or os.environ["OWN_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
import sqlalchemy as sa
revision, down_revision, branch_labels, depends_on = "a1", None, None, None
def upgrade():
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True))
"""


def test_the_fixes_of_doctor_keep_the_options_and_work(
    command: Command, application: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database without a stamp: the command that doctor names is run as it is printed, nothing added."""
    url = url_of(application, ("CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",))
    monkeypatch.setenv("OWN_URL", url)
    (application / "chain.ini").write_text("[alembic]\nscript_location = migrations\n")
    (application / "migrations" / "versions").mkdir(parents=True)
    (application / "migrations" / "env.py").write_text(ENV)
    (application / "migrations" / "versions" / "a1.py").write_text(REVISION)
    ran = command("doctor", "shop:Base", "--url", url, "--config", "chain.ini", "-x", "a=b c", "--format", "json")
    fixes = {fault["code"]: fault["fix"]["command"] for fault in json.loads(ran.out)["faults"] if fault["fix"]}
    fix = fixes["unstamped"]
    assert fix.startswith(("schema-guard deploy shop:Base ", "schema-guard stamp shop:Base "))
    typed = shlex.split(fix)
    for option, value in (("--url", url), ("--config", "chain.ini"), ("-x", "a=b c")):
        assert typed[typed.index(option) + 1] == value
    assert command(*typed[1:]).code in (0, 1)
    after = command("doctor", "shop:Base", "--url", url, "--config", "chain.ini", "-x", "a=b c", "--format", "json")
    assert "unstamped" not in {fault["code"] for fault in json.loads(after.out)["faults"]}


def test_a_command_takes_only_the_options_that_it_knows_and_no_password_is_printed() -> None:
    commands = Commands(
        target=("shop:Base",),
        options=(
            ("--url", "postgresql://me:G3heim-Wort@h/d"),
            ("--ddl-url", "postgresql://me:G3heim-Wort@i/d"),
            ("--accept", "a b"),
            ("--config", "c.ini"),
            ("-x", "password=G3heim-Wort"),
        ),
    )
    url, ddl = "--url 'postgresql://me:***@h/d'", "--ddl-url 'postgresql://me:***@i/d'"
    assert commands("check") == f"schema-guard check shop:Base {url} --accept 'a b' --config c.ini"
    assert commands("apply") == f"schema-guard apply shop:Base {url} {ddl} --accept 'a b' --config c.ini"
    assert commands("doctor") == f"schema-guard doctor shop:Base {url} --config c.ini -x 'password=***'"
    assert commands("stamp") == f"schema-guard stamp shop:Base {url} {ddl} --config c.ini -x 'password=***'"
    for name in ("check", "plan", "apply", "run", "doctor", "stamp", "deploy", "revision"):
        known = {option for parameter in group.commands[name].params for option in parameter.opts}
        assert {word for word in shlex.split(commands(name)) if word.startswith("-")} <= known
