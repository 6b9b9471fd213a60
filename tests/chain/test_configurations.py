"""Where alembic.ini and env.py keep things in other places than most: sections, compiled files, several databases."""

from __future__ import annotations

import compileall
from pathlib import Path

import alembic
import pytest

from tests.chain.stage import ENV, Stage

RENAME = 'with op.batch_alter_table("proposals") as batch:\n    batch.alter_column("visitor", new_column_name="guest")'
MULTIDB = Path(alembic.__file__).parent / "templates" / "multidb" / "env.py"
LOGGING = """
[loggers]
keys = root
[handlers]
keys =
[formatters]
keys =
[logger_root]
level = WARNING
handlers =
"""


def with_a_rename(stage: Stage) -> None:
    """The database is at r3; the models have `guest` for what r4 is to rename."""
    stage.sql("INSERT INTO proposals (name, visitor) VALUES ('kept', 'someone')")
    shop = stage.directory / "shop.py"
    shop.write_text(shop.read_text().replace("    visitor:", "    guest:").replace(", index=True", ""))


def test_the_one_section_that_has_a_chain(on_sqlite: Stage) -> None:
    """As `alembic -n shop` reads it; every command finds it without being told."""
    stage = on_sqlite.plain().chain()
    stage.write("alembic.ini", "[alembic]\nprepend_sys_path = .\n[shop]\nscript_location = %(here)s/migrations\n")
    assert stage.deploy().code == 0
    assert stage.doctor("--replay").faults == {}
    with_a_rename(stage)
    stage.revision("r4", "r3", RENAME)
    applied = stage.guard("apply")
    assert (applied.code, "r4 renames proposals.visitor" in applied.out) == (1, True), applied.out
    assert stage.deploy("--name", "shop").code == 0
    assert stage.sql("SELECT guest FROM proposals") == [("someone",)]


def test_compiled_revisions_may_rename_anything(on_sqlite: Stage) -> None:
    """Nobody can read what they are still to do: what they may rename is left to them."""
    stage = on_sqlite.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    with_a_rename(stage)
    stage.revision("r4", "r3", RENAME)
    stage.write("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\nsourceless = true\n")
    versions = stage.directory / "migrations" / "versions"
    compileall.compile_dir(str(versions), legacy=True, quiet=1)
    for source in versions.glob("*.py"):
        source.unlink()
    applied = stage.guard("apply")
    assert (applied.code, "not provable" in applied.out) == (1, True), applied.out
    stage.run_module("alembic", ["upgrade", "head"])
    assert stage.guard("apply").code == 0
    assert stage.sql("SELECT guest FROM proposals") == [("someone",)]


def test_a_folder_without_revisions(on_sqlite: Stage) -> None:
    """There is nothing to stamp, and nothing that an upgrade would make again."""
    stage = on_sqlite.plain()
    assert stage.deploy().code == 0
    found = stage.doctor()
    assert (found.code, found.faults) == (0, {}), found.out


@pytest.mark.parametrize("metadata", ["{}", "{'main': Base.metadata}"])
def test_the_template_for_several_databases(on_sqlite: Stage, metadata: str) -> None:
    """Alembic's own, with a MetaData for each name."""
    env = MULTIDB.read_text().replace("target_metadata = {}", f"from shop import Base\ntarget_metadata = {metadata}")
    stage = on_sqlite.plain(env=env).chain()
    other = stage.directory / "other.db"
    urls = f"[main]\nsqlalchemy.url = {stage.url}\n[other]\nsqlalchemy.url = sqlite:///{other}\n"
    names = "databases = main, other\n"
    stage.write("alembic.ini", f"[alembic]\nscript_location = %(here)s/migrations\n{names}{urls}{LOGGING}")
    for path in (stage.directory / "migrations" / "versions").glob("*.py"):
        main = path.read_text().replace("def upgrade():", "def upgrade_main():")
        go = 'def upgrade(engine_name):\n    globals()["upgrade_%s" % engine_name]()\n\n\n'
        path.write_text(f"{main}\n\n{go}def upgrade_other():\n    pass\n")
    found = stage.doctor("--replay")
    expected = {"several-databases"} if "main" in metadata else {"several-databases", "models-not-registered"}
    assert (found.code, {*found.faults}, other.exists()) == (0, expected, False), found.out
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err
    assert (stage.stamped(), other.exists()) == (["r3"], True)


ASKS = {
    "what was called": "config = context.config\nassert config.cmd_opts.cmd[0].__name__ == 'upgrade', config.cmd_opts",
    "its options": "assert not (context.config.cmd_opts.sql or context.config.cmd_opts.tag)",
    "the revision": "assert context.config.cmd_opts.revision and context.get_revision_argument()",
    "a tag": "assert context.get_tag_argument() is None",
    "an argument": "assert context.get_x_argument(as_dictionary=True) == {'tenant': 'a=b'}",
}


@pytest.mark.parametrize("asked", ASKS.values(), ids=ASKS)
def test_an_env_py_that_asks_the_command_line(on_sqlite: Stage, asked: str) -> None:
    """It finds what `alembic -x tenant=a=b upgrade heads` gives."""
    before, context, after = ENV.partition("target_metadata = ")
    stage = on_sqlite.plain(env=f"{before}{asked}\n{context}{after}").chain()
    found = stage.doctor("--replay", "-x", "tenant=a=b")
    assert (found.code, found.faults) == (0, {}), found.out
    assert (stage.deploy("-x", "tenant=a=b").code, stage.stamped()) == (0, ["r3"])
    stage.run_module("alembic", ["-x", "tenant=a=b", "upgrade", "heads"])


def test_a_url_with_a_percent_that_env_py_does_not_read(on_sqlite: Stage) -> None:
    """Alembic reads the value only where env.py asks for it; it may hold a password, which is not printed."""
    stage = on_sqlite.plain().chain()
    url = "sqlalchemy.url = postgresql://shop:topse%40cret@db/shop"
    stage.write("alembic.ini", f"[alembic]\nscript_location = %(here)s/migrations\n{url}\n")
    found = stage.doctor("--replay")
    assert (found.code, found.faults, "40cret" in found.out + found.err) == (0, {}, False), found.out
    assert (stage.deploy().code, stage.stamped()) == (0, ["r3"])
    stage.run_module("alembic", ["upgrade", "heads"])


@pytest.mark.parametrize("command", ["doctor", "deploy"])
def test_a_percent_in_a_value_that_alembic_reads(on_sqlite: Stage, command: str) -> None:
    """The fix says how to write it; the value is not quoted."""
    stage = on_sqlite.plain().chain()
    stage.write("alembic.ini", "[alembic]\nscript_location = migrations\nversion_locations = secret%40folder\n")
    ran = stage.guard(command)
    assert ran.code == 1
    assert ("a value of the configuration has a %" in ran.out, "write each % of a value as %%" in ran.out) == (
        True,
        True,
    )
    assert "40folder" not in ran.out + ran.err


def test_a_folder_with_a_percent(on_sqlite: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic puts its name in place of %(here)s."""
    stage = on_sqlite
    stage.directory = stage.directory / "100%"
    stage.directory.mkdir()
    monkeypatch.chdir(stage.directory)
    stage.plain().chain()
    fault = stage.doctor().faults["chain-unreadable"]
    assert f"a folder without % in its name: {stage.directory}" == fault["fix"]["text"]
