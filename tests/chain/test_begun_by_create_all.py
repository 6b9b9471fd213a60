"""Chains that only alter: the application's `create_all()` makes the tables, and stamps the head (GNS3 does).

No replay proves anything there. What is printed leads to the end all the same, and says what only a person can know.
"""

from __future__ import annotations

import pytest

from tests.chain.stage import USERS, VISITOR, Stage


def begun(stage: Stage, *rows: str) -> Stage:
    """The first release's tables, made by `create_all()`; r2 adds the visitor and changes rows."""
    stage.plain()
    stage.revision("r1", None)
    key = "INTEGER PRIMARY KEY" if stage.system == "sqlite" else "SERIAL PRIMARY KEY"
    stage.sql(f"CREATE TABLE users (id {key})", f"CREATE TABLE proposals (id {key}, name VARCHAR(255) NOT NULL)")
    stage.sql("INSERT INTO proposals (id, name) VALUES (1, 'kept')")
    stage.stamp_blindly("r1")
    stage.revision("r2", "r1", "\n".join((VISITOR, *rows)))
    return stage


def command_of(text: str) -> str:
    return text[text.index("alembic stamp ") :].splitlines()[0]


def test_deploy_runs_it_as_it_is(stage: Stage) -> None:
    assert begun(stage).deploy().code == 0
    assert stage.stamped() == ["r2"]


@pytest.mark.parametrize("command", [("stamp",), ("deploy", "--repair-chain")])
def test_what_apply_made_before_the_chain_did_is_stamped_by_a_person(stage: Stage, command: tuple[str, ...]) -> None:
    """`apply` was in front of the server, then somebody turns to `deploy`."""
    begun(stage)
    assert stage.guard("apply").code == 0
    assert stage.deploy().code == 1
    ran = stage.guard(*command, "--format", "json")
    assert ran.code == 1
    document = ran.document
    fix = (document if command == ("stamp",) else document["repaired"])["fix"]
    assert fix["command"] is None, "a person has to know"
    assert "satisfies the models: where you know that nothing of r2 is still to be done, " in fix["text"]
    stage.shell(command_of(fix["text"]))
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, ["r2"]), deploy.out
    assert stage.sql("SELECT name FROM proposals") == [("kept",)]


def test_rows_that_a_revision_changes_are_named(on_sqlite: Stage) -> None:
    begun(on_sqlite, "op.execute(\"UPDATE proposals SET visitor = 'someone'\")")
    on_sqlite.sql("ALTER TABLE proposals ADD COLUMN visitor VARCHAR(64)")
    text = on_sqlite.guard("stamp", "--format", "json").document["fix"]["text"]
    assert text.startswith("schema-guard apply shop:Base; then, where you know that nothing of r2 is still to be done")
    assert "(r2: look at the rows that it changes)" in text


def test_where_all_is_recorded_there_is_nothing_to_stamp(on_sqlite: Stage) -> None:
    stage = begun(on_sqlite)
    assert stage.deploy().code == 0
    assert stage.guard("stamp", "--format", "json").document["fix"] is None


@pytest.mark.parametrize("stamped", [True, False])
def test_what_a_failed_replay_says(stage: Stage, stamped: bool) -> None:
    """`doctor --replay` sends nobody to `stamp`, which would only fail the same way."""
    begun(stage)
    assert stage.guard("apply").code == 0
    if not stamped:
        stage.sql("DELETE FROM alembic_version")
    fault = stage.doctor("--replay").faults["made-early" if stamped else "unstamped"]
    stage.shell(command_of(fault["fix"]["text"]))
    assert (stage.deploy().code, stage.stamped()) == (0, ["r2"])


def test_an_empty_database(stage: Stage) -> None:
    """No revision makes the tables that the first one alters: told before it runs, and the fix leads to the end."""
    stage.plain()
    stage.revision("r1", None, VISITOR)
    stage.revision("r2", "r1", 'op.create_index("ix_name", "proposals", ["name"])')
    for faults in (stage.doctor().faults, stage.doctor("--replay").faults, stage.deploy("--format", "json").faults):
        fault = faults["replay-fails"]
        assert (fault["revision"], fault["severity"]) == ("r1", "breaks")
        assert "schema-guard apply shop:Base makes the tables of the models" in fault["fix"]["text"]
    stage.fix(stage.doctor().faults["replay-fails"])
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, ["r2"]), deploy.out


def test_an_empty_database_whose_revisions_write_rows(on_sqlite: Stage) -> None:
    """What they would write only a person can: no command is given for all of it."""
    stage = on_sqlite.plain()
    stage.revision("r1", None, VISITOR)
    stage.revision("r2", "r1", 'op.execute("INSERT INTO users (id) VALUES (1)")')
    fix = stage.doctor().faults["replay-fails"]["fix"]
    assert (fix["command"], "(r2: look at the rows that it changes)" in fix["text"]) == (None, True)


def test_an_empty_database_and_a_chain_that_cannot_be_read(stage: Stage) -> None:
    """The revision fails; what is said then leads to the end as well."""
    stage.plain()
    stage.revision("r1", None, f"from shop import Base\nstr(op.get_bind())\n{VISITOR}")
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, deploy.faults["replay-fails"]["revision"]) == (5, "r1"), deploy.out
    text = deploy.faults["replay-fails"]["fix"]["text"]
    stage.shell("schema-guard apply shop:Base")
    stage.shell(command_of(text))
    assert (stage.deploy().code, stage.stamped()) == (0, ["r1"])


def test_a_chain_that_fails_on_the_way_is_told_of_each_time(stage: Stage) -> None:
    """The first revisions ran, and a later one needs a table that none makes: what they made is of an older release,
    so the way on is another empty database, which the second `deploy` says as the first one does."""
    stage.plain()
    stage.revision("r1", None, USERS)
    stage.revision("r2", "r1", f"from shop import Base\nstr(op.get_bind())\n{VISITOR}")
    for _ in range(2):
        deploy = stage.deploy("--format", "json")
        fault = deploy.faults["replay-fails"]
        assert (deploy.code, stage.stamped(), fault["revision"]) == (5, ["r1"], "r2"), deploy.out
        assert "r2 fails after 1 revision: no revision before it makes what it needs" in fault["message"]
        assert "this database has only what its revisions made. In a new, empty one: " in fault["fix"]["text"]
    stage.sql("DROP TABLE users", "DROP TABLE alembic_version")
    stage.shell("schema-guard apply shop:Base")
    stage.shell(command_of(fault["fix"]["text"]))
    assert (stage.deploy().code, stage.stamped()) == (0, ["r2"])


def test_a_table_that_is_missing_beside_others_is_no_such_chain(on_sqlite: Stage) -> None:
    """There are tables that no revision makes: this one may have been dropped."""
    stage = begun(on_sqlite)
    stage.revision("r2", "r1", f"from shop import Base\nstr(op.get_bind())\n{VISITOR}")
    stage.sql("DROP TABLE proposals")
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, "replay-fails" in deploy.faults) == (5, False), deploy.out
