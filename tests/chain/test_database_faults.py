"""What alembic_version says against what the database has: named, proved, stamped, deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.stage import MODELS, PROPOSALS, USERS, VISITOR, Stage


def run_by_hand(stage: Stage, upto: int = 3) -> None:
    """What the first revisions make, without Alembic."""
    statements = (
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)"
        if stage.system == "sqlite"
        else "CREATE TABLE users (id SERIAL NOT NULL PRIMARY KEY)",
        "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)"
        if stage.system == "sqlite"
        else "CREATE TABLE proposals (id SERIAL NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)",
        "ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)",
    )
    stage.sql(*statements[:upto])
    if upto >= 3:
        stage.sql("CREATE INDEX ix_proposals_visitor ON proposals (visitor)")
    if upto >= 2:
        stage.sql("INSERT INTO proposals (id, name) VALUES (1, 'kept')")


def ends_well(stage: Stage, *arguments: str) -> None:
    """The deploy works, comes to the head, and no row is lost."""
    deploy = stage.deploy(*arguments)
    assert deploy.code == 0, deploy.out + deploy.err
    assert stage.stamped() == ["r3"]
    assert stage.sql("SELECT name, visitor FROM proposals") == [("kept", None)]


def test_the_doctor_writes_nothing(stage: Stage) -> None:
    """Neither the file nor the table that Alembic would make, with a replay neither."""
    stage.plain().chain()
    if stage.system == "sqlite":
        assert stage.doctor("--replay").code == 0
        assert not (stage.directory / "shop.db").exists()
        return
    assert stage.doctor("--replay", "--replay-on", "sqlite").code == 0
    assert stage.sql("SELECT relname FROM pg_class WHERE relname LIKE 'alembic%' OR relname = 'users'") == []
    assert "leftover-scratch" not in stage.doctor().faults


def test_an_unknown_revision(stage: Stage) -> None:
    """A revision that was generated at deploy lived only on a disk that was thrown away."""
    stage.plain().chain()
    run_by_hand(stage, 2)
    stage.stamp_blindly("5f3c9a")
    found = stage.doctor()
    assert found.code == 1
    fault = found.faults["unknown-revision"]
    assert "'5f3c9a'" in fault["message"]
    assert stage.deploy().code == 1
    assert stage.stamped() == ["5f3c9a"]
    newer, lost = (detail.partition(": ")[2] for detail in fault["details"])
    assert newer == fault["fix"]["command"] == "schema-guard deploy shop:Base"
    stage.shell(lost)
    assert stage.stamped() == ["r2"]
    ends_well(stage)


def test_a_blind_stamp(stage: Stage) -> None:
    """Stamped head, and the columns are not there: which are missing, and which revision it really is."""
    stage.plain().chain()
    run_by_hand(stage, 2)
    stage.stamp_blindly("r3")
    found = stage.doctor()
    fault = found.faults["blind-stamp"]
    assert (found.code, fault["severity"]) == (0, "risk"), "deploy makes them"
    assert "proposals.visitor" in fault["message"]
    assert "looks like r2" in fault["message"]
    proved = stage.doctor("--replay").faults["blind-stamp"]
    assert not proved["guess"]
    assert "has what r2 leaves" in proved["message"]
    stage.fix(proved)
    assert stage.stamped() == ["r2"]
    ends_well(stage)


def test_tables_without_a_stamp(stage: Stage) -> None:
    stage.plain().chain()
    run_by_hand(stage, 3)
    found = stage.doctor()
    assert found.code == 1
    assert stage.deploy().code == 1
    stage.fix(found.faults["unstamped"])
    ends_well(stage)


def test_deploy_repairs_the_chain_by_proof(stage: Stage) -> None:
    """Lost, empty and wrong: each is stamped with what the replay proves, and upgraded from there."""
    stage.plain().chain()
    run_by_hand(stage, 2)
    stage.stamp_blindly("5f3c9a")
    deploy = stage.deploy("--lost", "5f3c9a")
    assert deploy.code == 0, deploy.out + deploy.err
    assert "proved and stamped r2" in deploy.out
    assert stage.stamped() == ["r3"]
    stage.sql("DROP INDEX ix_proposals_visitor", "ALTER TABLE proposals DROP COLUMN visitor")
    ends_well(stage, "--repair-chain")
    stage.sql("DELETE FROM alembic_version")
    ends_well(stage, "--repair-chain")


def test_what_matches_no_revision_is_not_stamped(stage: Stage) -> None:
    """Hand-guarded half-way: stamp says what is missing; apply makes it, and then it can be proved."""
    stage.plain().chain()
    run_by_hand(stage, 2)
    stage.sql("ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)")
    refused = stage.guard("stamp", "--format", "json")
    assert refused.code == 1
    assert not refused.document["written"]
    assert any("visitor" in detail for detail in refused.document["details"])
    repaired = stage.deploy("--repair-chain", "--format", "json")
    assert repaired.code == 1
    assert "unstamped" in repaired.faults
    assert stage.guard("apply").code == 0
    assert stage.guard("stamp").code == 0
    ends_well(stage)


def test_columns_that_a_guard_made_early(stage: Stage) -> None:
    """A boot guard made a column before its revision ran, which will collide: apply and stamp fix it."""
    stage.plain().chain()
    run_by_hand(stage, 2)
    stage.sql("ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)")
    stage.stamp_blindly("r2")
    guessed = stage.doctor().faults["made-early"]
    assert (guessed["revision"], guessed["guess"]) == ("r3", True)
    found = stage.doctor("--replay")
    assert found.code == 1
    assert "visitor" in found.faults["made-early"]["message"]
    assert not found.faults["made-early"]["guess"]
    assert stage.deploy().code == 1
    assert stage.guard("apply").code == 0
    assert stage.guard("stamp").code == 0
    ends_well(stage)


def test_a_revision_that_was_edited_after_it_ran(on_sqlite: Stage) -> None:
    """Its file makes a column that the database lacks, while what later revisions make is there."""
    stage = on_sqlite.plain().chain()
    run_by_hand(stage, 3)
    stage.stamp_blindly("r3")
    path = stage.revision("r1", None, USERS + '\nop.add_column("users", sa.Column("plan", sa.String(9)))')
    found = stage.doctor()
    fault = found.faults["revision-edited"]
    assert (fault["revision"], fault["file"], fault["guess"]) == ("r1", str(path), True)
    assert "users.plan" in fault["message"]
    stage.revision("r1", None, USERS)
    assert stage.doctor().code == 0


def test_an_ancestor_beside_its_descendant(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    run_by_hand(stage, 3)
    stage.stamp_blindly("r2", "r3")
    found = stage.doctor()
    assert found.code == 1
    stage.fix(found.faults["several-rows"])
    ends_well(stage)


@pytest.mark.parametrize("more", ["", "NULL"])
def test_a_repair_leaves_one_of_them(stage: Stage, more: str) -> None:
    stage.plain().chain()
    run_by_hand(stage, 3)
    stage.sql("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    stage.sql("INSERT INTO alembic_version VALUES ('r2'), ('r3')" + (", (NULL)" if more else ""))
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 0, deploy.out
    assert stage.stamped() == ["r3"]
    ends_well(stage)


ROWS = {
    "NULL": ("VARCHAR(32)", ["NULL", "'r2'"]),
    "blank": ("VARCHAR(32)", ["' '", "'r2'"]),
    "twice": ("VARCHAR(32)", ["'r2'", "'r2'"]),
    "spaces": ("VARCHAR(32)", ["'r2 '"]),
    "newline": ("TEXT", ["'r2\n'"]),
    "padded": ("CHAR(32)", ["'r2'"]),
}


@pytest.mark.parametrize("how", ["fix", "repair"])
@pytest.mark.parametrize("rows", ROWS)
def test_rows_that_alembic_never_writes(stage: Stage, rows: str, how: str) -> None:
    """They are no newer release: what is pending does not run, as Alembic fails on them, and it is said how it can."""
    if rows == "padded" and stage.system == "sqlite":
        pytest.skip("SQLite pads nothing")
    stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "r2"])
    type_, values = ROWS[rows]
    stage.sql(
        "DROP TABLE alembic_version",
        f"CREATE TABLE alembic_version (version_num {type_})",
        *(f"INSERT INTO alembic_version VALUES ({value})" for value in values),
    )
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, "meant is r2" in deploy.faults["strange-rows"]["message"]) == (1, True), deploy.out
    if how == "fix":
        stage.fix(deploy.faults["strange-rows"])
        assert stage.stamped() == ["r2"]
    repaired = stage.deploy(*(["--repair-chain"] if how == "repair" and rows != "padded" else []))
    if rows == "padded" and how == "repair":
        assert repaired.code == 1, "each row gets its spaces again: only another type of the column helps"
        return
    assert repaired.code == 0, repaired.out + repaired.err
    assert stage.stamped() == ["r3"]


def test_rows_that_name_nothing(on_sqlite: Stage) -> None:
    """The same as no row: nothing is known to have run."""
    stage = on_sqlite.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("DROP TABLE alembic_version", "CREATE TABLE alembic_version (version_num TEXT)")
    stage.sql("INSERT INTO alembic_version VALUES (NULL)")
    found = stage.doctor()
    assert {"strange-rows", "unstamped"} <= set(found.faults)
    assert stage.deploy().code == 1
    assert stage.deploy("--repair-chain").code == 0
    assert stage.stamped() == ["r3"]


def test_a_version_table_without_its_column(stage: Stage) -> None:
    stage.plain().chain()
    stage.run_module("alembic", ["upgrade", "head"])
    stage.sql("DROP TABLE alembic_version", "CREATE TABLE alembic_version (version TEXT)")
    for command in (("deploy",), ("deploy", "--repair-chain")):
        ran = stage.guard(*command)
        assert (ran.code, "it has no column version_num" in ran.out) == (1, True), ran.out + ran.err
    assert stage.guard("stamp").code == 1
    assert stage.guard("apply").code == 0


def test_pending_revisions_are_a_note(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    run_by_hand(stage, 2)
    stage.stamp_blindly("r2")
    found = stage.doctor()
    assert found.code == 0
    assert "r3" in found.faults["behind"]["message"]


def test_a_revision_that_leaves_no_trace(stage: Stage) -> None:
    """Whether a change of rows ran cannot be seen: a person is told, a deploy stops."""
    stage.plain().chain()
    stage.revision("r4", "r3", "op.execute(\"UPDATE proposals SET name = 'x'\")")
    run_by_hand(stage, 3)
    deploy = stage.deploy("--repair-chain")
    assert deploy.code == 1
    assert "r4 leaves no trace" in deploy.out
    assert stage.guard("stamp", "--revision", "r3").code == 0
    assert stage.stamped() == ["r3"]
    assert stage.guard("stamp").code == 0
    assert stage.stamped() == ["r3"], "what alembic_version says is believed where the database has it"
    told = stage.guard("stamp", "--revision", "r4")
    assert "r4 is taken as run because you say so" in told.out
    assert stage.stamped() == ["r4"]
    assert stage.guard("stamp", "--revision", "r2").code == 1
    assert stage.guard("stamp", "--revision", "r3").code == 1, "r4 would run again"


def test_a_revision_whose_schema_a_guard_made_and_that_changes_rows(stage: Stage) -> None:
    """Its schema is there, its change of rows never ran: the empty column is taken away, and the revision runs."""
    stage.plain().chain()
    stage.revision("r3", "r2", VISITOR + "\nop.execute(\"UPDATE proposals SET visitor = 'unknown'\")")
    run_by_hand(stage, 3)
    stage.stamp_blindly("r2")
    for arguments in ((), ("--repair-chain",)):
        deploy = stage.deploy(*arguments, "--format", "json")
        assert deploy.code == 1
        fault = deploy.faults["made-early"]
        assert not fault["guess"]
        assert stage.stamped() == ["r2"]
    stage.sql(*fault["fix"]["sql"].split(";\n"))
    stage.shell(fault["fix"]["command"])
    assert stage.stamped() == ["r3"]
    assert stage.sql("SELECT name, visitor FROM proposals") == [("kept", "unknown")]


def test_what_a_revision_would_have_dropped_is_left_over(stage: Stage) -> None:
    """The database has everything of the head, and a table that an earlier revision made and the last one drops."""
    stage.plain()
    stage.revision("r1", None, USERS + '\nop.create_table("old", sa.Column("id", sa.Integer))')
    stage.revision("r2", "r1", PROPOSALS)
    stage.revision("r3", "r2", VISITOR + '\nop.drop_table("old")')
    run_by_hand(stage, 3)
    stage.sql("CREATE TABLE old (id INTEGER)")
    stamped = stage.guard("stamp", "--format", "json")
    assert stamped.code == 0
    assert stamped.document["heads"] == ["r3"]
    old = "old"
    assert stamped.document["leftovers"] == [f"column {old}.id", f"table {old}"]
    ends_well(stage)


def test_objects_that_the_chain_does_not_know_are_left_alone(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    run_by_hand(stage, 2)
    stage.sql("CREATE TABLE legacy (id INTEGER)", "ALTER TABLE users ADD COLUMN legacy TEXT")
    assert stage.guard("stamp").code == 0
    ends_well(stage)
    assert stage.sql("SELECT id FROM legacy") == []


def test_drift_between_head_and_models(stage: Stage) -> None:
    """CHECKs and the values of enums too, which Alembic's own check does not see."""
    models = (
        "import enum\nfrom sqlalchemy import CheckConstraint, Enum, MetaData, Table, Column, Integer\n"
        "class Colour(enum.Enum):\n    red = 1\n    blue = 2\n"
        "metadata = MetaData()\n"
        "Table('paint', metadata, Column('id', Integer, primary_key=True), Column('colour', Enum(Colour)),\n"
        "      Column('litres', Integer), CheckConstraint('litres > 0', name='ck_litres'))\n"
        "class Base:\n    metadata = metadata\n"
    )
    stage.plain(models)
    stage.revision(
        "r1",
        None,
        'op.create_table("paint", sa.Column("id", sa.Integer, primary_key=True), sa.Column("colour", '
        'sa.Enum("red", name="colour")), sa.Column("litres", sa.Integer))',
    )
    found = stage.doctor("--replay")
    fault = found.faults["head-drift"]
    assert any("ck_litres" in detail for detail in fault["details"])
    if stage.system == "postgresql":
        assert any("blue" in detail for detail in fault["details"])
    assert fault["fix"]["command"] == "schema-guard revision shop:Base --replay -m 'what the models expect'"
    assert (found.code, fault["severity"], stage.deploy().code) == (0, "risk", 0), "deploy makes it"


def test_the_last_revision_leaves_out_what_apply_refuses(stage: Stage) -> None:
    """Then deploy ends with an application that cannot start, and doctor says so before."""
    stage.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}\n{VISITOR}")
    stage.revision("r2", "r1", 'op.execute("ALTER TABLE users ADD COLUMN must INTEGER")')
    stage.revision("r3", "r2", MUST[stage.system])
    found = stage.doctor("--replay")
    assert (found.code, found.faults["head-drift"]["severity"], stage.deploy().code) == (1, "breaks", 1)


def test_what_neither_apply_nor_a_revision_makes(on_postgres: Stage) -> None:
    """A foreign key between two enum types is not possible: the fix names no command that makes nothing."""
    label = "Enum('a', name='{name}')"
    stage = on_postgres.plain(
        "from sqlalchemy import Column, Enum, ForeignKey, Integer, MetaData, Table\n"
        "metadata = MetaData()\n"
        f"Table('one', metadata, Column('kind', {label.format(name='one_kind')}, primary_key=True))\n"
        "Table('two', metadata, Column('id', Integer, primary_key=True),\n"
        f"      Column('kind', {label.format(name='two_kind')}, ForeignKey('one.kind')))\n"
        "class Base:\n    metadata = metadata\n"
    )
    one, two = (f'sa.Column("kind", sa.{label.format(name=name)}' for name in ("one_kind", "two_kind"))
    key = 'sa.Column("id", sa.Integer, primary_key=True)'
    stage.revision(
        "r1", None, f'op.create_table("one", {one}, primary_key=True))\nop.create_table("two", {key}, {two}))'
    )
    assert stage.deploy().code == 0
    for arguments in ((), ("--replay",)):
        faults = stage.doctor(*arguments).faults
        fault = faults["database-drift"]
        assert "Apply does not repair two.fk(kind)" in fault["message"], fault
        assert "schema-guard check shop:Base says what each needs" in fault["fix"]["text"]
    fault = faults["head-drift"]
    assert ("Apply does not repair" in fault["message"], fault["fix"]["command"]) == (True, None), fault
    assert "nothing to write" in stage.guard("revision", "--replay", "-m", "nothing").err


def test_what_the_chain_makes_and_the_models_do_not_have(stage: Stage) -> None:
    """A UNIQUE that the models lack is nothing that a revision leaves out."""
    stage.plain().chain()
    unique = 'with op.batch_alter_table("proposals") as batch:\n    batch.create_unique_constraint("uq_x", ["visitor"])'
    stage.revision("r4", "r3", unique)
    assert stage.deploy().code == 0
    fault = stage.doctor("--replay").faults["head-drift"]
    assert fault["message"].startswith("the last revision leaves 1 thing that the models do not have"), fault
    assert (fault["fix"]["command"], fault["severity"]) == (None, "risk")


MUST = {
    "sqlite": 'with op.batch_alter_table("users") as batch_op:\n    batch_op.alter_column("must", nullable=False)',
    "postgresql": 'op.execute("ALTER TABLE users ALTER must SET NOT NULL")',
}


def test_the_revision_that_is_missing_is_written_also_once_apply_has_repaired_the_database(stage: Stage) -> None:
    """The database lacks nothing by then, so its plan is empty: what the chain leaves out only a replay knows."""
    stage.plain()
    stage.chain()
    stage.write("shop.py", f"{MODELS}    note: Mapped[str | None]\n")
    assert stage.deploy().code == 0, "apply makes the column"
    fault = stage.doctor("--replay").faults["head-drift"]
    assert fault["message"].startswith("the last revision leaves out 1 thing that the models expect")
    assert "--replay" in stage.guard("revision", "-m", "nothing").err
    stage.fix(fault)
    assert stage.deploy().code == 0
    assert stage.doctor("--replay").faults.keys() == set()
    assert "the chain makes all that the models expect" in stage.guard("revision", "--replay", "-m", "nothing").err


def test_models_that_env_does_not_register(on_sqlite: Stage) -> None:
    """The next autogenerated revision would drop their tables with the rows in them."""
    stage = on_sqlite.plain(env=env_with("Base.metadata", "Partial"))
    stage.chain()
    fault = stage.doctor().faults["models-not-registered"]
    assert "proposals" in fault["message"]
    assert Path(fault["file"]).name == "env.py"
    stage.plain()
    assert "models-not-registered" not in stage.doctor().faults


def env_with(old: str, new: str) -> str:
    from tests.chain.stage import ENV

    partial = "from sqlalchemy import MetaData, Table, Column, Integer\nPartial = MetaData()\n"
    return ENV.replace(
        "target_metadata", f"{partial}Table('users', Partial, Column('id', Integer))\ntarget_metadata", 1
    ).replace(f"target_metadata = {old}", f"target_metadata = {new}")


def test_env_without_metadata(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain()
    env = stage.directory / "migrations" / "env.py"
    env.write_text(env.read_text().replace("target_metadata = Base.metadata", "target_metadata = None"))
    stage.chain()
    assert "env-no-metadata" in stage.doctor().faults
