"""--log-format json: each line of stderr is one object; what text prints is said once, and nothing secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from sqlalchemy import create_engine, text

from schema_guard.cli.commands import group
from tests.cli.conftest import Command, url_of
from tests.cli.test_binds import write
from tests.cli.test_commands import BEFORE

JSON = ("--log-format", "json")
HEAD = {"time", "level", "event", "command", "message"}
LOUD = 'import logging\nlogging.basicConfig(level=logging.DEBUG, format="ROOT %(message)s")\n'


def events(text: str) -> list[dict[str, Any]]:
    lines = [line for line in text.splitlines() if line != "imported"]  # what the application prints is its own
    found = [json.loads(line) for line in lines]
    assert all(set(event) >= HEAD for event in found)
    return found


def commands(outer: click.Group) -> Iterator[click.Command]:
    for each in outer.commands.values():
        yield each
        if isinstance(each, click.Group):
            yield from commands(each)


def test_every_command_has_it_once() -> None:
    for each in commands(group):
        assert [option for param in each.params for option in param.opts].count("--log-format") == 1, each.name


def test_no_password_in_any_line(command: Command) -> None:
    ran = command("check", "shop:Base", "--url", "postgresql://me:G3heim-Wort@127.0.0.1:1/x", "-v", *JSON)
    assert [event["event"] for event in events(ran.err)] == ["traceback", "error", "finished"]
    assert "G3heim" not in ran.err


def test_the_schemas_of_tenants(command: Command, postgres: str) -> None:
    with create_engine(postgres).begin() as connection:
        connection.execute(text("CREATE SCHEMA tenant_a"))
    ran = command("apply", "shop:Base", "--url", postgres, "--each-schema", "tenant_*", *JSON)
    assert ran.code == 0, ran
    found = events(ran.err)
    assert {"step_started", "step_ended", "verdict"} <= {event["event"] for event in found}
    assert {event["schema"] for event in found if event["event"] != "finished"} == {"tenant_a"}


def test_the_steps_and_the_verdict_of_an_apply(command: Command, application: Path) -> None:
    ran = command("apply", "shop:Base", "--url", url_of(application, BEFORE), *JSON)
    found = events(ran.err)
    assert ran.verdict.endswith("exit 0")
    kinds = [event["event"] for event in found]
    assert kinds[-2:] == ["verdict", "finished"]
    started = [event["step"] for event in found if event["event"] == "step_started"]
    ended = [event for event in found if event["event"] == "step_ended"]
    assert started == [event["step"] for event in ended] != []
    assert all(event["outcome"] == "done" and event["seconds"] > 0 for event in ended)
    assert found[-2]["can_start"] is True
    assert found[-2]["steps"] == len(ended)
    assert found[-1]["exit_code"] == 0
    assert {event["command"] for event in found} == {"apply"}


def test_nothing_is_said_twice(command: Command, application: Path) -> None:
    """Also where the application sets up logging while it is imported."""
    (application / "shop.py").write_text(LOUD + (application / "shop.py").read_text())
    url = url_of(application, BEFORE)
    text = command("apply", "shop:Base", "--url", url)
    assert "schema-guard: added column proposals.visitor" in text.err
    assert "ROOT" not in text.err
    (application / "shop.db").unlink()
    ran = command("apply", "shop:Base", "--url", url_of(application, BEFORE), *JSON)
    found = [(event["event"], event.get("step"), event["message"]) for event in events(ran.err)]
    assert len(found) == len(set(found))


def test_quiet_leaves_what_went_wrong_and_the_end(command: Command, application: Path) -> None:
    ran = command("apply", "shop:Base", "--url", url_of(application, BEFORE), "-q", *JSON)
    assert [event["event"] for event in events(ran.err)] == ["finished"]


def test_an_error_and_a_wrong_option_are_events(command: Command) -> None:
    for arguments, code in ((("check", "nothing:here"), "target"), (("check", "--no-such-option"), "configuration")):
        error, finished = events(command(*arguments, *JSON).err)
        assert (error["event"], error["level"], error["code"], error["exit_code"]) == ("error", "error", code, 2)
        assert finished["exit_code"] == 2


@pytest.mark.parametrize("way", ["environment", "file"])
def test_a_setting(way: str, command: Command, application: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "environment":
        monkeypatch.setenv("SCHEMA_GUARD_LOG_FORMAT", "json")
    else:
        (application / "pyproject.toml").write_text('[tool.schema-guard]\nlog-format = "json"\n')
    url = url_of(application, BEFORE)
    assert [event["event"] for event in events(command("check", "shop:Base", "--url", url).err)] == ["finished"]
    assert "{" not in command("check", "shop:Base", "--url", url, "--log-format", "text").err
    monkeypatch.setenv("SCHEMA_GUARD_LOG_FORMAT", "yaml")
    wrong = command("check", "shop:Base", "--url", url)
    assert wrong.code == 2
    assert "SCHEMA_GUARD_LOG_FORMAT: expected one of text, json" in wrong.err


def test_run_says_its_report_as_events_alone(command: Command, application: Path) -> None:
    url = url_of(application, ("CREATE TABLE users (id INTEGER PRIMARY KEY, other INTEGER NOT NULL)",))
    ran = command("run", "shop:Base", "--url", url, *JSON, "--", "true")
    assert ran.code == 1
    assert ran.out == ""
    found = events(ran.err)
    assert [event["event"] for event in found][-3:] == ["verdict", "message", "finished"]
    assert found[-3]["can_start"] is False
    assert found[-2]["message"] == "true was not started"


def test_each_line_of_several_databases_names_the_bind(command: Command, application: Path) -> None:
    """Events of apply and lines of the command alike; a log collector tells the databases apart by it."""
    write(application, f"sqlite:///{application}/main.db", {"audit": f"sqlite:///{application}/audit.db"})
    ran = command("apply", "shop:db", *JSON)
    assert ran.code == 0, ran.err
    found = events(ran.err)
    assert {event["bind"] for event in found if event["event"] != "finished"} == {"main", "audit"}
    assert {event["object"]: event["bind"] for event in found if "step" in event} == {"user": "main", "entry": "audit"}
    write(application, "postgresql://me@127.0.0.1:1/x", {"audit": f"sqlite:///{application}/audit.db"})
    found = events(command("check", "shop:db", *JSON).err)
    assert [event["bind"] for event in found if "127.0.0.1" in event["message"]] == ["main"]
    assert "bind" not in found[-1]
