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


FIRST_OF_TWO = 'op.add_column("users", sa.Column("quality", sa.String(9)))'
SECOND = 'op.add_column("proposals", sa.Column("state", sa.String(9), nullable=False, server_default="new"))'


def one_of_two(stage: Stage, value: str) -> Stage:
    """r2 adds two columns; somebody made the first by hand. Apply cannot add the other to rows: it has no default."""
    stage.plain()
    models = stage.directory.joinpath("shop.py").read_text()
    users = '__tablename__ = "users"\n'
    models = models.replace(users, f"{users}    quality: Mapped[str | None] = mapped_column(String(9))\n")
    stage.write("shop.py", f"{models}    state: Mapped[str] = mapped_column(String(9))\n")
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR}")
    stage.revision("r2", "r1", f"{FIRST_OF_TWO}\n{SECOND}")
    stage.run_module("alembic", ["upgrade", "r1"])
    stage.sql("INSERT INTO proposals (name) VALUES ('a')", "ALTER TABLE users ADD COLUMN quality VARCHAR(9)")
    stage.sql(f"INSERT INTO users (quality) VALUES ({value})")
    return stage


def test_what_was_made_early_goes_away_where_apply_cannot_make_the_rest(stage: Stage) -> None:
    one_of_two(stage, "NULL")
    fault = stage.doctor("--replay").faults["made-early"]
    assert fault["fix"]["sql"].endswith('"users" DROP COLUMN "quality";')
    stage.fix(fault)
    assert (stage.stamped(), stage.sql("SELECT name, state FROM proposals")) == (["r2"], [("a", "new")])


def test_what_holds_values_stays(stage: Stage) -> None:
    one_of_two(stage, "'good'")
    fix = stage.doctor("--replay").faults["made-early"]["fix"]
    assert (fix["sql"], "DROP" in fix["text"]) == (None, False)
