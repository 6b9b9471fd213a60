"""Several chains in one alembic.ini: the one that --name selects is at hand for what only applies, too."""

from __future__ import annotations

import sys

import pytest

from schema_guard.cli.main import run
from tests.chain.stage import Stage
from tests.chain.test_pending_renames import JOB, MODELS, TABLE

INI = """[alembic]
script_location = %(here)s/others
[shop]
script_location = %(here)s/migrations
"""
KEEPS = (
    "def keeps(object, name, type_, reflected, compare_to):\n    return name != 'parts'\n\ndef configure(**options):\n"
    "    options['include_object'] = keeps\n"
)


def two_chains(stage: Stage) -> Stage:
    """`job` with a row is at a1 of the chain [shop], whose b2 renames it; [alembic] is a chain of another database."""
    stage.plain(MODELS)
    stage.revision("a1", None, JOB)
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("INSERT INTO job (id, name) VALUES (1, 'kept')")
    stage.revision("b2", "a1", TABLE["op"])
    stage.write("alembic.ini", INI)
    stage.write("others/env.py", "")
    stage.write("others/versions/o1.py", 'revision = "o1"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n')
    return stage


@pytest.mark.parametrize("command", ["plan", "apply", "run"])
def test_its_renames_are_left_to_it(stage: Stage, command: str) -> None:
    """And the command that is named knows the section."""
    two_chains(stage)
    ran = stage.guard(command, "--name", "shop", *(("--", sys.executable, "-c", "") if command == "run" else ()))
    assert ran.code == (0 if command == "plan" else 1)
    said = ran.out + ran.err
    assert "b2 renames job to runs and is still to run: schema-guard deploy shop:Base --name shop first" in said, said
    assert stage.sql("SELECT * FROM job") == [(1, "kept")]
    with pytest.raises(Exception, match="runs"):
        stage.sql("SELECT 1 FROM runs")


def test_a_section_that_is_not_there(on_sqlite: Stage) -> None:
    """Nothing is said of what the version table names: no file was read."""
    stage = two_chains(on_sqlite)
    for section in (("--name", "shpo"), ()):
        stage.write("alembic.ini", INI if section else "[alembic]\nscript_location = %(here)s/nowhere\n")
        found = stage.doctor(*section)
        assert (found.code, "unknown-revision" in found.faults) == (1, False)
        named = "--name" if section else "script_location"
        assert found.faults["chain-unreadable"]["fix"]["text"].startswith(f"correct {named}, or name the configuration")


def test_a_fleet_knows_it_as_well(on_sqlite: Stage) -> None:
    stage = two_chains(on_sqlite)
    stage.write("urls", f"{stage.url}\n")
    assert run(("fleet", "apply", "shop:Base", "--urls", "urls", "-n", "shop")) == 1
    assert stage.sql("SELECT * FROM job") == [(1, "kept")]


def test_its_env_py_says_what_is_left_out(on_sqlite: Stage) -> None:
    """For every command, deploy included, which has run env.py of another section before."""
    stage = two_chains(on_sqlite)
    env = stage.directory / "migrations" / "env.py"
    env.write_text(env.read_text().replace("def configure(**options):\n", KEEPS))
    assert "parts  table missing" in stage.guard("check").out
    check = stage.guard("check", "--name", "shop")
    assert "keeps 1 object from autogenerate" in check.err, check.err
    assert "parts  table missing" not in check.out
    assert stage.deploy("--name", "shop").code == 0
    assert stage.sql("SELECT name FROM sqlite_master WHERE name = 'parts'") == []


def test_a_file_that_is_no_configuration_is_an_error(on_sqlite: Stage) -> None:
    two_chains(on_sqlite)
    ran = on_sqlite.guard("apply", "--config", "missing.ini")
    assert (ran.code, "missing.ini does not exist" in ran.err) == (2, True)
