"""What the application's own env.py keeps from autogenerate is neither checked nor repaired, and told in one line."""

from __future__ import annotations

import pytest

from tests.chain.stage import ENV, MODELS, Stage

BY_OBJECT = """
def include_object(object, name, type_, reflected, compare_to):
    if type_ == "table":
        return name != "reports"
    return not (type_ == "index" and name == "ix_proposals_visitor") and not object.info.get("later")
"""
BY_NAME = """
def include_name(name, type_, parent_names):
    return name != "reports" if type_ == "table" else True
"""
MORE = """
class Report(Base):
    __tablename__ = "reports"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int] = mapped_column(index=True)
"""


def staged(stage: Stage, function: str, *, online: bool = False) -> Stage:
    name = "include_object" if "include_object" in function else "include_name"
    env = ENV.replace("def configure(", f"{function}\ndef configure(")
    if online:
        last = env.rindex("configure(")
        env = f"{env[:last]}configure({name}={name}, {env[last + len('configure(') :]}"
    else:
        env = env.replace("target_metadata=target_metadata,", f"target_metadata=target_metadata, {name}={name},")
    return stage.plain(MODELS + MORE, env).chain()


@pytest.mark.parametrize("online", [False, True], ids=["in both modes", "online alone"])
@pytest.mark.parametrize("function", [BY_OBJECT, BY_NAME], ids=["include_object", "include_name"])
def test_what_env_py_leaves_out(on_sqlite: Stage, function: str, online: bool) -> None:
    stage = staged(on_sqlite, function, online=online)
    assert stage.deploy().code == 0
    check = stage.guard("check", "--fail-on", "weakens")
    assert (check.code, "table-missing" in check.out) == (0, False), check.out
    assert "keeps" in check.err
    assert "table:reports" in check.err
    assert "not checked, excluded: " in check.out
    assert "table reports" in check.out
    if function == BY_OBJECT:
        assert "index:proposals.ix_proposals_visitor" in check.err
    assert stage.guard("apply").code == 0
    assert stage.sql("SELECT name FROM sqlite_master WHERE name = 'reports'") == []


def test_an_env_py_that_does_not_run_leaves_nothing_out(on_sqlite: Stage) -> None:
    stage = staged(on_sqlite, BY_OBJECT)
    env = stage.directory / "migrations" / "env.py"
    env.write_text(f"raise RuntimeError('broken')\n{env.read_text()}")
    check = stage.guard("check")
    assert check.code == 1
    assert "env.py did not run: what its include_object or include_name leaves out is checked as well" in check.err


def test_a_function_that_fails_leaves_nothing_out(on_sqlite: Stage) -> None:
    stage = staged(on_sqlite, "def include_object(object, name, type_, reflected, compare_to):\n    return 1 / 0\n")
    check = stage.guard("check")
    assert (check.code, "reports" in check.out) == (1, True)


def test_a_column_that_env_py_leaves_out_is_checked(on_sqlite: Stage) -> None:
    """Autogenerate is not to touch it (an identity column, say). Each SELECT names it all the same."""
    function = """
def include_object(object, name, type_, reflected, compare_to):
    return not (type_ == "column" and name == "visitor")
"""
    stage = staged(on_sqlite, function)
    stage.run_module("alembic", ["upgrade", "r2"])
    check = stage.guard("check")
    assert (check.code, "proposals.visitor" in check.out, "keeps" in check.err) == (1, True, False), check.out
