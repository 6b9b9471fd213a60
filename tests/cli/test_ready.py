"""`schema-guard ready` is one line and exit 0 or 1."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command, url_of
from tests.cli.test_commands import BEFORE


def test_what_breaks_is_told_in_one_line(command: Command, application: Path) -> None:
    url = url_of(application, BEFORE)
    ran = command("ready", "shop:Base", "--url", url)
    assert ran.code == 1
    assert len(ran.out.splitlines()) == 1
    assert ran.out.startswith("not ready: proposals.")
    assert ran.out.endswith("exit 1\n")
    document = json.loads(command("ready", "shop:Base", "--url", url, "--format", "json").out)
    assert document["ready"] is False
    assert document["counts"]["breaks"] == len(document["breaks"])

    command("apply", "shop:Base", "--url", url)
    ran = command("ready", "shop:Base", "--url", url)
    assert (ran.code, ran.out.split(" · ")[0]) == (0, "ready")
    metrics = command("ready", "shop:Base", "--url", url, "--format", "prometheus").out
    assert "schema_guard_ready 1\n" in metrics


def test_options_are_those_of_check(command: Command, application: Path) -> None:
    statements = (
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id), "
        "visitor VARCHAR(64), CONSTRAINT ck_owner CHECK (user_id IS NOT NULL OR visitor IS NOT NULL))",
    )
    url = url_of(application, statements)
    key = "index-missing proposals.ix_proposals_visitor"
    assert command("ready", "shop:Base", "--url", url).code == 0
    assert command("ready", "shop:Base", "--url", url, "--fail-on", "weakens").code == 1
    assert command("ready", "shop:Base", "--url", url, "--fail-on", "weakens", "--accept", key).code == 0


def test_a_database_that_does_not_answer_is_one_line_and_exit_1(command: Command) -> None:
    ran = command("ready", "shop:Base", "--url", "postgresql://shop:hidden-word@127.0.0.1:1/shop")
    assert ran.code == 1
    assert len(ran.out.splitlines()) == 1
    assert "nothing listens there" in ran.out
    assert "hidden-word" not in ran.out + ran.err


def test_no_target_is_a_usage_error(command: Command) -> None:
    assert command("ready").code == 2
