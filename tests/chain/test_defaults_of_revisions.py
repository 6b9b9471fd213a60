"""A default that only a revision declares: `op.add_column(.., server_default=..)`, where the models give the value."""

from __future__ import annotations

from tests.chain.stage import PROPOSALS, USERS, VISITOR, Stage

COLUMN, INDEX = VISITOR.split("\n")
DEFAULT = COLUMN.replace("String(64)", 'String(64), server_default="nobody"')
ROW = "op.execute(\"UPDATE proposals SET name = name || '!'\")"


def early(stage: Stage, visitor: str) -> Stage:
    """`create_all()`, or an apply without the chain, made what r2 brings as the models want it: without the default."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}")
    stage.revision("r2", "r1", f"{DEFAULT}\n{INDEX}")
    stage.revision("r3", "r2", ROW)
    stage.run_module("alembic", ["upgrade", "r1"])
    stage.sql(
        "ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)",
        "CREATE INDEX ix_proposals_visitor ON proposals (visitor)",
        f"INSERT INTO proposals (name, visitor) VALUES ('a', {visitor})",
    )
    return stage


def test_it_says_nothing_against_its_revision(stage: Stage) -> None:
    """Nothing asks for it, and SQLite has no statement that adds one. What follows runs once."""
    early(stage, "'x'")
    fault = stage.doctor("--replay").faults["blind-stamp"]
    assert fault["fix"]["command"] == "schema-guard stamp shop:Base"
    stage.fix(fault)
    assert (stage.stamped(), stage.deploy().code) == (["r2"], 0)
    assert (stage.stamped(), stage.sql("SELECT name, visitor FROM proposals")) == (["r3"], [("a!", "x")])


def test_rows_that_it_would_have_filled(stage: Stage) -> None:
    """ADD COLUMN .. DEFAULT gives each row a value: where one has none, the revision did not run."""
    early(stage, "NULL")
    deploy = stage.deploy("--repair-chain")
    assert (deploy.code, "proposals.visitor: server default missing" in deploy.out) == (1, True), deploy.out
    assert stage.stamped() == ["r1"]


def test_one_that_the_models_expect(on_postgres: Stage) -> None:
    """Then it is missing, and apply makes it."""
    stage = early(on_postgres, "'x'")
    models = stage.directory.joinpath("shop.py").read_text()
    stage.write("shop.py", models.replace("String(64), index", 'String(64), server_default="nobody", index'))
    assert stage.guard("stamp").code == 1
    assert stage.guard("apply").code == 0
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["r2"]
