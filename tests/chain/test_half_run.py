"""A revision ran and its stamp was not written, or the other way round; and an env.py that calls create_all()."""

from __future__ import annotations

import pytest

from tests.chain.stage import ENV, Stage

MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None] = mapped_column(String(80))
"""
JOB = """op.create_table(
    "job", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(80)), sa.Column("old", sa.Integer)
)
op.create_index("ix_job_old", "job", ["old"])"""
CHAIN = {
    "a1": JOB,
    "b2": 'op.rename_table("job", "runs")',
    "c3": 'op.alter_column("runs", "name", new_column_name="label")',
    "d4": 'op.drop_index("ix_job_old", "runs")',
    "e5": 'with op.batch_alter_table("runs") as batch:\n    batch.drop_column("old")',
}
IDS = list(CHAIN)
CREATES = ENV.replace(
    "    with create_engine", "    Base.metadata.create_all(create_engine(url))\n    with create_engine"
)


def at(stage: Stage, revision: str, env: str = ENV) -> Stage:
    """All revisions up to this one ran, and there is a row."""
    stage.plain(MODELS, env)
    for before, id_ in zip([None, *IDS], IDS, strict=False):
        stage.revision(id_, before, CHAIN[id_])
    stage.run_module("alembic", ["upgrade", revision])
    table, column = ("job" if revision == "a1" else "runs"), ("name" if revision < "c3" else "label")
    stage.sql(f"INSERT INTO {table} (id, {column}) VALUES (1, 'kept')")
    return stage


def arrived(stage: Stage) -> None:
    assert stage.stamped() == ["e5"]
    assert stage.sql("SELECT * FROM runs") == [(1, "kept")]
    assert stage.doctor("--replay").faults == {}
    assert stage.guard("check").code == 0


@pytest.mark.parametrize(
    ("revision", "env"),
    [("b2", CREATES), ("c3", ENV), ("d4", ENV), ("e5", CREATES)],
    ids=["table, create_all", "column", "index", "drop, create_all"],
)
def test_a_revision_ran_and_its_stamp_was_not_written(stage: Stage, revision: str, env: str) -> None:
    """What it renames or drops is gone: nothing runs on it, and the fix works."""
    before = IDS[IDS.index(revision) - 1]
    at(stage, revision)
    stage.write("migrations/env.py", env)
    stage.stamp_blindly(before)
    deploy = stage.deploy()
    assert (deploy.code, f"{revision} is still to run and" in deploy.out) == (1, True), deploy.out
    assert "it seems to have run already" in deploy.out
    fault = stage.doctor().faults["blind-stamp"]
    assert fault["fix"]["command"] == "schema-guard deploy shop:Base --repair-chain"
    stage.fix(fault)
    arrived(stage)


@pytest.mark.parametrize(
    ("revision", "to", "env"),
    [("b2", "b2", ENV), ("b2", "e5", ENV), ("c3", "c3", CREATES), ("c3", "e5", ENV)],
    ids=["table", "table, head", "column, create_all", "column, head"],
)
def test_a_rename_is_stamped_and_did_not_run(stage: Stage, revision: str, to: str, env: str) -> None:
    """What it renames is still there: an empty one is never made beside it."""
    at(stage, IDS[IDS.index(revision) - 1])
    stage.write("migrations/env.py", env)
    stage.stamp_blindly(to)
    fault = stage.doctor().faults["blind-stamp"]
    deploy = stage.deploy()
    assert (deploy.code, "--repair-chain" in deploy.out) == (1, True), deploy.out
    stage.fix(fault)
    arrived(stage)


def test_what_was_renamed_by_hand_to_something_else(stage: Stage) -> None:
    at(stage, "b2")
    stage.sql("ALTER TABLE runs RENAME COLUMN name TO title")
    deploy = stage.deploy()
    assert (deploy.code, "runs.name is not there: it was dropped or renamed by hand" in deploy.out) == (1, True), (
        deploy.out
    )
    assert stage.stamped() == ["b2"]
    stage.sql("ALTER TABLE runs RENAME COLUMN title TO name")
    assert stage.deploy().code == 0
    arrived(stage)


def test_a_view_that_a_revision_makes_anew_was_dropped_by_hand(stage: Stage) -> None:
    """Nothing else of the revision is there, so it did not run; apply, which knows no views, is no way out."""
    at(stage, "e5")
    stage.write("shop.py", MODELS + "    note: Mapped[str | None] = mapped_column(String(9))\n")
    view = 'op.execute("CREATE VIEW names AS SELECT {} FROM runs")'
    stage.revision("f6", "e5", f'{view.format("label")}\nop.create_index("ix_runs_label", "runs", ["label"])')
    stage.run_module("alembic", ["upgrade", "head"])
    more = 'op.add_column("runs", sa.Column("note", sa.String(9)))'
    stage.revision("g7", "f6", f'op.execute("DROP VIEW names")\n{more}\n{view.format("label, note")}')
    stage.sql("DROP VIEW names")
    deploy = stage.deploy()
    assert (deploy.code, "view names is not there: it was dropped" in deploy.out) == (1, True), deploy.out
    for command in ("doctor", "deploy"):
        told = stage.guard(command, "--replay" if command == "doctor" else "--repair-chain")
        assert (told.code, "make again by hand what f6 left" in told.out) == (1, True), told.out
    stage.sql("CREATE VIEW names AS SELECT label FROM runs")
    assert stage.deploy().code == 0
    assert stage.stamped() == ["g7"]


@pytest.mark.parametrize(
    "asks",
    [
        'if sa.inspect(op.get_bind()).has_table("job"):\n    op.rename_table("job", "runs")',
        'op.execute("ALTER TABLE IF EXISTS job RENAME TO runs")',
    ],
)
def test_a_rename_that_asks_first(on_postgres: Stage, asks: str) -> None:
    """It may run twice: nothing stops it."""
    stage = at(on_postgres, "b2")
    stage.revision("b2", "a1", asks)
    stage.stamp_blindly("a1")
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out
    arrived(stage)


def test_a_partition_that_a_revision_drops_is_there(on_postgres: Stage) -> None:
    """It is read as part of its parent, not as a table."""
    stage = at(on_postgres, "e5")
    stage.revision("f6", "e5", 'op.drop_table("log_1")')
    stage.sql(
        "CREATE TABLE log (id integer NOT NULL, day date NOT NULL) PARTITION BY RANGE (day)",
        "CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    )
    assert "blind-stamp" not in stage.doctor().faults
    assert stage.deploy().code == 0
    assert stage.stamped() == ["f6"]


def test_env_py_makes_what_a_revision_renames_to(stage: Stage) -> None:
    """Told before anything runs: Alembic itself fails here, and leaves an empty table in the way."""
    at(stage, "a1")
    stage.write("migrations/env.py", CREATES)
    deploy = stage.deploy()
    assert (deploy.code, "b2, which is still to run and renames job to it" in deploy.out) == (1, True), deploy.out
    with pytest.raises(Exception, match="runs"):
        stage.sql("SELECT 1 FROM runs")
    fault = stage.doctor().faults["env-makes-tables"]
    assert (fault["file"].endswith("env.py"), fault["fix"]["becomes"].strip()[:6]) == (True, "pass  ")
    stage.fix(fault)
    assert stage.deploy().code == 0
    arrived(stage)


def test_env_py_has_made_it(stage: Stage) -> None:
    """The empty table goes after what makes it: else it would be there again."""
    at(stage, "a1")
    stage.write("migrations/env.py", CREATES)
    with pytest.raises(Exception, match="exit status 1"):
        stage.run_module("alembic", ["upgrade", "head"])
    faults = stage.doctor().faults
    assert faults["made-early"]["fix"]["text"].startswith("take create_all() out of env.py:")
    assert stage.deploy("--repair-chain").code == 1
    stage.fix(faults["made-early"])
    arrived(stage)


def test_a_chain_that_stands_on_what_env_py_makes(stage: Stage) -> None:
    """Its revisions make only what is missing, and cannot begin without: a replay lets env.py make it."""
    stage.plain(MODELS, CREATES)
    adds = 'if "label" not in [each["name"] for each in sa.inspect(op.get_bind()).get_columns("runs")]:\n'
    stage.revision("r1", None, f'{adds}    op.add_column("runs", sa.Column("label", sa.String(80)))')
    assert stage.deploy().code == 0
    stage.sql("DELETE FROM alembic_version", "INSERT INTO runs (id, label) VALUES (1, 'kept')")
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 0, deploy.out
    assert stage.stamped() == ["r1"]


@pytest.mark.parametrize("kind", ["index", "foreign key", "unique"])
def test_what_a_pending_revision_drops_has_another_name_here(stage: Stage, kind: str) -> None:
    """By meaning nothing is missing, and the revision goes by the name: the statement gives it back."""
    if kind != "index" and stage.system == "sqlite":
        pytest.skip("SQLite keeps no names of constraints")
    made = {
        "index": 'op.create_index("ix_o", "others", ["run_id"], unique=True)',
        "foreign key": 'op.create_foreign_key("fk_o", "others", "runs", ["run_id"], ["id"])',
        "unique": 'op.create_unique_constraint("uq_o", "others", ["run_id"])',
    }[kind]
    dropped = {
        "index": 'op.drop_index("ix_o", "others")',
        "foreign key": 'op.drop_constraint("fk_o", "others", type_="foreignkey")',
        "unique": 'op.drop_constraint("uq_o", "others")',
    }[kind]
    by_hand = {
        "index": ["DROP INDEX ix_o", "CREATE UNIQUE INDEX others_run ON others (run_id)"],
        "foreign key": ["ALTER TABLE others RENAME CONSTRAINT fk_o TO others_run_id_fkey"],
        "unique": ["ALTER TABLE others RENAME CONSTRAINT uq_o TO others_run_id_key"],
    }[kind]
    others = 'op.create_table("others", sa.Column("run_id", sa.Integer), sa.Column("own", sa.Integer))'
    at(stage, "e5")
    stage.revision("f6", "e5", f'{others}\n{made}\nop.create_index("ix_own", "others", ["own"])')
    stage.run_module("alembic", ["upgrade", "head"])
    rows = 'op.execute("INSERT INTO others (own) VALUES (1)")'
    stage.revision("g7", "f6", f"{dropped}\n{rows}")
    stage.sql(*by_hand)
    for command in ((), ("--repair-chain",)):
        deploy = stage.deploy(*command)
        assert (deploy.code, "but that is called others_run" in deploy.out) == (1, True), deploy.out
    faults = [stage.doctor(*more).faults["state-differs"] for more in ((), ("--replay",))]
    assert faults[0] == faults[1]
    stage.fix(faults[0])
    assert (stage.stamped(), stage.sql("SELECT own FROM others")) == (["g7"], [(1,)])
    assert stage.doctor("--replay").code == 0


def test_what_a_revision_drops_is_gone_and_it_changes_rows_as_well(stage: Stage) -> None:
    """No proof takes it as run: doctor names what says both cases, and both work."""
    at(stage, "d4")
    drops = f"op.execute(\"UPDATE runs SET label = label || '!'\")\n{CHAIN['e5']}"
    stage.revision("e5", "d4", drops)
    stage.sql("ALTER TABLE runs DROP COLUMN old")
    assert stage.doctor().faults["blind-stamp"]["fix"]["command"] == "schema-guard doctor shop:Base --replay"
    fix = stage.doctor("--replay").faults["blind-stamp"]["fix"]
    ran, _, rest = fix["text"].removeprefix("where e5 ran: ").partition("; where e5 did not run: ")
    assert "do by hand what migrations/versions/e5.py:" in rest
    stage.shell(ran)
    assert stage.deploy().code == 0
    arrived(stage)
