"""Settings: which place wins, how durations read, and what a mistake is told."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from schema_guard.config import POLICY, Settings, load_settings, seconds
from schema_guard.errors import ConfigurationError
from schema_guard.plan import Policy


def settings(
    directory: Path, toml: str = "", environment: dict[str, str] | None = None, **arguments: object
) -> Settings:
    if toml:
        (directory / "pyproject.toml").write_text(toml, encoding="utf-8")
    return load_settings(arguments, environment or {}, directory)


def message(directory: Path, toml: str = "", environment: dict[str, str] | None = None, **arguments: object) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(directory, toml, environment, **arguments)
    return caught.value.message


def test_argument_wins_over_environment_over_file(tmp_path: Path) -> None:
    toml = '[tool.schema-guard]\ntarget = "file:db"\nurl = "sqlite:///file.db"\nbudget = 5'
    environment = {"SCHEMA_GUARD_TARGET": "environment:db", "DATABASE_URL": "sqlite:///environment.db"}
    found = settings(tmp_path, toml, environment, target="argument:db", url=None)
    assert (found.target, found.url, found.budget) == ("argument:db", "sqlite:///environment.db", 5.0)
    assert found.origins["url"] == "DATABASE_URL"
    assert found.origins["budget"] == f"{tmp_path / 'pyproject.toml'}: [tool.schema-guard] budget"


def test_schema_guard_url_wins_over_database_url(tmp_path: Path) -> None:
    found = settings(tmp_path, environment={"DATABASE_URL": "sqlite:///a.db", "SCHEMA_GUARD_URL": "sqlite:///b.db"})
    assert found.url == "sqlite:///b.db"


def test_the_nearest_pyproject_upwards_counts(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.schema-guard]\ntarget = "far:db"', encoding="utf-8")
    near = tmp_path / "near"
    (near / "deep").mkdir(parents=True)
    assert load_settings({}, {}, near / "deep").target == "far:db"
    (near / "pyproject.toml").write_text('[tool.schema-guard]\ntarget = "near:db"', encoding="utf-8")
    assert load_settings({}, {}, near / "deep").target == "near:db"


def test_every_key_of_the_file_is_read(tmp_path: Path) -> None:
    toml = """
[tool.schema-guard]
target = "app:db"
url = "sqlite:///a.db"
ddl-url = "sqlite:///b.db"
budget = "2m"
wait = "500ms"
lock_timeout = 0.5
statement_timeout = "1h"
fail_on = "weakens"
required_only = true
policy = { rewrite_below = 1000, comments = false }
"""
    found = settings(tmp_path, toml)
    assert (found.budget, found.wait, found.lock_timeout, found.statement_timeout) == (120.0, 0.5, 0.5, 3600.0)
    assert (found.ddl_url, found.fail_on, found.required_only) == ("sqlite:///b.db", "weakens", True)
    assert found.policy == {"rewrite_below": 1000, "comments": False}


def test_environment_gives_flags_and_durations(tmp_path: Path) -> None:
    environment = {"SCHEMA_GUARD_REQUIRED_ONLY": "yes", "SCHEMA_GUARD_LOCK_TIMEOUT": "250ms"}
    found = settings(tmp_path, environment=environment)
    assert (found.required_only, found.lock_timeout) == (True, 0.25)


def test_the_policy_keys_are_those_of_policy() -> None:
    assert {field.name for field in dataclasses.fields(Policy)} == POLICY.keys()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (30, 30.0),
        ("30", 30.0),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("60s", 60.0),
        ("2m", 120.0),
        ("1H", 3600.0),
        (" 2 m ", 120.0),
        (0, 0),
    ],
)
def test_durations(value: object, expected: float) -> None:
    assert seconds(value) == expected


@pytest.mark.parametrize("value", ["", "soon", "-1s", "1d", "1s2m", -1, True, float("nan"), float("inf"), None, [1]])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(value)


def test_an_unknown_key_names_file_and_nearest(tmp_path: Path) -> None:
    told = message(tmp_path, '[tool.schema-guard]\ntagret = "app:db"')
    assert told == f"{tmp_path / 'pyproject.toml'}: [tool.schema-guard] has no key 'tagret'; did you mean 'target'?"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("budget = 'soon'", "budget: expected a duration such as 30, 1.5, 500ms, 60s or 2m, not 'soon'"),
        ("target = 5", "target: expected text"),
        ("target = ''", "target: is empty"),
        ("required_only = 'perhaps'", "required_only: expected true or false, not 'perhaps'"),
        ("fail_on = 'everything'", "fail_on: expected one of breaks, weakens, notes, not 'everything'"),
        ("policy = 3", "policy: expected a table such as policy = { comments = false }"),
        ("policy = { rebild = true }", "policy: has no key 'rebild'; did you mean 'rebuild'?"),
        ("policy = { rewrite_below = true }", "policy: rewrite_below: expected a number of rows"),
        ("policy = { rewrite_below = -1 }", "policy: rewrite_below: expected a number of rows"),
        ("accept = [{ reason = 'old' }]", "accept: an entry has no key: key = 'CODE OBJECT', as check prints it"),
        ("policy = { comments = 1 }", "policy: comments: expected true or false"),
    ],
)
def test_a_wrong_value_names_file_and_key(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "pyproject.toml"
    assert message(tmp_path, f"[tool.schema-guard]\n{line}") == f"{file}: [tool.schema-guard] {told}"


@pytest.mark.parametrize(
    "table", ["tool.schema_guard", "tool.schemaguard", "schema-guard", "Tool.Schema-Guard", "tool.schema_guard.policy"]
)
def test_a_table_of_another_name_would_be_lost(tmp_path: Path, table: str) -> None:
    told = message(tmp_path, f"[{table}]\nbudget = '1s'")
    assert told == f"{tmp_path / 'pyproject.toml'}: [{table}] is not read: the table's name is [tool.schema-guard]"


@pytest.mark.parametrize(
    "table", ["[tool.schema-guard.policy]", "[[tool.'schema-guard'.accept]]\nkey='a b'", "[tool.guard]"]
)
def test_other_spellings_of_the_table(tmp_path: Path, table: str) -> None:
    assert settings(tmp_path, table + "\n").target is None


def test_a_byte_order_mark_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.schema-guard]\n", encoding="utf-8-sig")
    assert message(tmp_path).endswith("; it begins with a byte order mark: save it without")


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    assert message(tmp_path, "[tool.schema-guard").startswith(f"{tmp_path / 'pyproject.toml'} is not valid TOML: ")


def test_a_file_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"\xff\xfe")
    assert "is not valid TOML" in message(tmp_path)


def test_a_section_that_is_no_table_is_named(tmp_path: Path) -> None:
    assert message(tmp_path, "tool = { schema-guard = 3 }").endswith("[tool.schema-guard] has to be a table")


def test_an_empty_environment_variable_is_an_error_not_a_skip(tmp_path: Path) -> None:
    toml = '[tool.schema-guard]\nurl = "sqlite:///other.db"'
    assert message(tmp_path, toml, {"DATABASE_URL": ""}) == "DATABASE_URL: is empty"


def test_no_url_lists_every_place_that_was_looked_in(tmp_path: Path) -> None:
    found = settings(tmp_path, "[tool.schema-guard]")
    with pytest.raises(ConfigurationError) as caught:
        found.database_url()
    for place in ("--url", "DATABASE_URL", "SCHEMA_GUARD_URL", str(tmp_path / "pyproject.toml")):
        assert place in caught.value.message


def test_no_target_lists_every_place_that_was_looked_in(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SCHEMA_GUARD_TARGET"):
        settings(tmp_path, "[tool.schema-guard]").required_target()


def test_a_bad_url_is_told_with_its_origin_and_without_its_password(tmp_path: Path) -> None:
    found = settings(tmp_path, environment={"DATABASE_URL": "mysql://me:geheim@host/db"})
    with pytest.raises(ConfigurationError) as caught:
        found.database_url()
    assert caught.value.message.startswith("DATABASE_URL: the database URL names 'mysql'")
    assert "geheim" not in caught.value.message


@pytest.mark.parametrize("key", ["budget", "lock_timeout", "fail_on", "log_format"])
def test_a_url_in_the_place_of_another_setting_is_not_repeated(tmp_path: Path, key: str) -> None:
    """Its password would be cut before the @ by which it is known as one."""
    url = "postgresql://somebody:a-very-long-secret-password@db.example.com/shop"
    with pytest.raises(ConfigurationError) as caught:
        settings(tmp_path, environment={f"SCHEMA_GUARD_{key.upper()}": url})
    assert "secret" not in str(caught.value)
    assert "somebody" not in str(caught.value)


def test_ddl_goes_to_the_url_unless_told_otherwise(tmp_path: Path) -> None:
    assert settings(tmp_path, url="sqlite:///a.db").ddl_database_address().database == "a.db"
    assert settings(tmp_path, url="sqlite:///a.db", ddl_url="sqlite:///b.db").ddl_database_address().database == "b.db"


def test_an_unknown_argument_is_a_programming_mistake_that_is_told(tmp_path: Path) -> None:
    assert "did you mean 'budget'?" in message(tmp_path, bugdet=1)


def test_a_key_that_is_there_twice(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.schema-guard]\nfail-on = 'weakens'\nfail_on = 'notes'\n")
    with pytest.raises(ConfigurationError, match="twice, with a hyphen and with an underscore"):
        load_settings({}, {}, tmp_path)
