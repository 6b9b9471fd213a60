"""Faults of the chain itself: the doctor names each with file and line, and what it says to do fixes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.stage import ENV, PROPOSALS, USERS, VISITOR, Stage


def healthy(stage: Stage) -> None:
    """Nothing breaks the next deploy any more, and it works."""
    doctor = stage.doctor()
    assert doctor.code == 0, doctor.out
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err


def test_a_sound_chain_has_no_fault(stage: Stage) -> None:
    stage.plain().chain()
    found = stage.doctor("--replay")
    assert found.code == 0
    assert found.faults == {}
    healthy(stage)
    assert stage.doctor("--replay").document["faults"] == []


def test_several_heads(on_sqlite: Stage) -> None:
    stage = on_sqlite
    heads = {"sqlite": 2, "postgresql": 4}[stage.system]
    stage.plain().chain()
    for number in range(1, heads):
        stage.revision(f"h{number}", "r2", f'op.create_table("t{number}", sa.Column("id", sa.Integer))')
    found = stage.doctor()
    assert found.code == 1
    fault = found.faults["several-heads"]
    assert f"{heads} heads" in fault["message"]
    assert "after r2" in fault["message"]
    assert stage.deploy().code == 1
    stage.fix(fault)
    healthy(stage)


def test_a_merge_without_parents(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("x1", "r2", 'op.create_table("x", sa.Column("id", sa.Integer))')
    path = stage.revision("m1", None, name="m1_merge_heads", doc="merge heads\n\nRevision ID: m1\nRevises: r3, x1\n")
    fault = stage.doctor().faults["merge-without-parents"]
    assert fault["revision"] == "m1"
    assert Path(fault["file"]) == path
    assert path.read_text().splitlines()[fault["line"] - 1] == "down_revision = None"
    stage.fix(fault)
    assert "down_revision = ('r3', 'x1')" in path.read_text()
    healthy(stage)


def test_a_second_base(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("s1", None, 'op.create_table("s", sa.Column("id", sa.Integer))')
    stage.fix(stage.doctor().faults["second-base"])
    healthy(stage)


def test_a_revision_id_of_33_characters(on_postgres: Stage) -> None:
    stage = on_postgres.plain().chain()
    long = "r4_" + "x" * 30
    stage.revision(long, "r3", 'op.create_table("long", sa.Column("id", sa.Integer))', name="r4")
    fault = stage.doctor().faults["revision-too-long"]
    assert fault["revision"] == long
    assert "33 characters" in fault["message"]
    assert stage.deploy().code == 1
    stage.fix(fault)
    healthy(stage)


def test_a_wide_version_table_takes_long_ids(on_postgres: Stage) -> None:
    """The real column decides, not Alembic's usual width."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4_" + "x" * 30, "r3", name="r4")
    fault = stage.doctor().faults["revision-too-long"]
    stage.sql(fault["fix"]["text"].partition("another database: ")[2])
    healthy(stage)


def test_a_long_id_is_only_a_risk_on_sqlite(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r4_" + "x" * 30, "r3", name="r4")
    found = stage.doctor()
    assert (found.code, found.faults["revision-too-long"]["severity"]) == (0, "risk")


def test_two_files_with_one_id(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r3", "r2", 'op.create_table("other", sa.Column("id", sa.Integer))', name="r3_other")
    fault = stage.doctor().faults["revision-duplicate"]
    stage.fix(fault)
    found = stage.doctor()
    assert "revision-duplicate" not in found.faults
    stage.fix(found.faults["several-heads"])
    healthy(stage)


def test_a_down_revision_that_no_file_has(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r5", "r4", 'op.create_table("five", sa.Column("id", sa.Integer))')
    fault = stage.doctor().faults["revision-missing"]
    assert "'r4'" in fault["message"]
    stage.fix(fault)
    healthy(stage)


@pytest.mark.parametrize(
    ("code", "file"),
    [
        ("revision-missing", "revision, down_revision = 'r5', 'r4'\n"),
        ("cycle", "revision = down_revision = 'r5'\n"),
        ("revision-unreadable", "revision = 'r5'\n"),
        ("label-duplicate", "revision, down_revision, branch_labels = 'r5', 'r2', 'main'\n"),
        ("label-duplicate", "revision, down_revision, branch_labels = 'r5', 'r3', 'r2'\n"),
        ("revision-misnamed", "revision, down_revision = 'r5-late', 'r3'\n"),
    ],
)
def test_what_alembic_refuses_hides_what_its_commands_would_fix(on_sqlite: Stage, code: str, file: str) -> None:
    """`alembic merge` would not work, and a replay fails by the same fault, at a revision that is none of it."""
    stage = on_sqlite.plain().chain()
    stage.revision("r3", "r2", VISITOR, extra='branch_labels = "main"')
    path = stage.write("migrations/versions/r5.py", f"{file}def upgrade():\n    pass\n")
    found = stage.doctor("--replay")
    assert (found.code, set(found.faults) - {"behind"}) == (1, {code})
    assert stage.deploy().code == 1
    path.unlink()
    healthy(stage)


def test_a_cycle(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain()
    stage.revision("r1", "r3", USERS)
    stage.revision("r2", "r1", PROPOSALS)
    stage.revision("r3", "r2", VISITOR)
    found = stage.doctor()
    assert found.code == 1
    assert "r1" in found.faults["cycle"]["message"]
    assert stage.deploy().code == 1
    stage.revision("r1", None, USERS)
    healthy(stage)


def test_one_label_on_two_revisions(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", extra='branch_labels = ("shop",)')
    stage.revision("r5", "r4", extra='branch_labels = ("shop",)')
    stage.fix(stage.doctor().faults["label-duplicate"])
    healthy(stage)


@pytest.mark.parametrize("id_", ["add-shop", "shop@2", "-1", "r2+1", "head", "heads", "base"])
def test_an_id_that_alembic_does_not_take(on_sqlite: Stage, id_: str) -> None:
    """It refuses the whole folder, or takes `head` for another revision: told of the file that has it, and for a
    revision that follows as well, before anything runs."""
    stage = on_sqlite.plain()
    stage.revision("r1", None, USERS)
    path = stage.revision(id_, "r1", PROPOSALS, name="second")
    stage.revision("r3", id_, VISITOR)
    found = stage.doctor("--replay")
    assert (found.code, set(found.faults) - {"behind"}) == (1, {"revision-misnamed"})
    fault = found.faults["revision-misnamed"]
    assert (fault["file"], fault["line"], fault["revision"]) == (str(path), 5, id_)
    assert "and the same in the file of r3" in fault["fix"]["text"]
    assert (stage.deploy().code, stage.sql("SELECT name FROM sqlite_master")) == (1, [])
    fresh = fault["fix"]["text"].split("revision = '")[1].split("'")[0]
    path.unlink()
    stage.revision(fresh, "r1", PROPOSALS, name="second")
    stage.revision("r3", fresh, VISITOR)
    healthy(stage)


@pytest.mark.parametrize("id_", ["head", "heads"])
def test_a_last_revision_called_head_works_until_one_follows(on_sqlite: Stage, id_: str) -> None:
    stage = on_sqlite.plain()
    stage.revision("r1", None, f"{USERS}\n{PROPOSALS}")
    stage.revision(id_, "r1", VISITOR, name="second")
    assert stage.doctor("--replay").faults["revision-misnamed"]["severity"] == "risk"
    healthy(stage)
    assert (stage.stamped(), stage.deploy().err) == ([id_], "")


def test_labelled_branches_are_on_purpose(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("b1", None, 'op.create_table("b", sa.Column("id", sa.Integer))', extra='branch_labels = ("b",)')
    stage.revision("r4", "r3", extra='branch_labels = ("a",)')
    healthy(stage)
    assert stage.stamped() == ["b1", "r4"]


def test_labels_that_are_computed(on_sqlite: Stage) -> None:
    """Alembic takes what the variables hold, and so does the doctor: labels, and what a revision follows."""
    stage = on_sqlite.plain().chain()
    stage.write("branches.py", 'EXPAND = "expand"\nCONTRACT = "contract"\nLAST = "r3"\n')
    labelled = "from branches import {0}\nbranch_labels = ({0},)"
    stage.revision("e1", "r3", extra=labelled.format("EXPAND") + "\nfrom branches import LAST\ndown_revision = LAST")
    stage.revision("c1", "r3", extra=labelled.format("CONTRACT"))
    found = stage.doctor()
    assert found.faults == {}, found.out
    assert found.document["chain"]["revisions"] == 5
    healthy(stage)
    assert stage.stamped() == ["c1", "e1"]


def test_a_file_that_computes_and_does_not_import(on_sqlite: Stage) -> None:
    """Why it does not import is the fault, not that it computes."""
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", extra="from branches import LABEL\nbranch_labels = (LABEL,)")
    assert "No module named 'branches'" in stage.doctor().faults["revision-unreadable"]["message"]


def test_a_labelled_branch_that_depends_on_the_other(on_sqlite: Stage) -> None:
    """A branch is what its revisions follow; what they depend on keeps the label of its own."""
    stage = on_sqlite.plain().chain()
    stage.revision("e1", "r3", extra='branch_labels = ("expand",)')
    stage.revision("c1", "r3", extra='branch_labels = ("contract",)\ndepends_on = "e1"')
    stage.revision("e2", "e1", 'op.create_table("e", sa.Column("id", sa.Integer))')
    assert stage.doctor().faults == {}
    healthy(stage)


def test_a_branch_without_label(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r2", extra='branch_labels = ("a",)')
    stage.fix(stage.doctor().faults["branch-without-label"])
    healthy(stage)


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("revision = 'r4'\ndown_revision = 'r3'\n\nimport nothing_of_that_name\n", 4, "nothing_of_that_name"),
        ("revision = 'r4'\ndef upgrade(:\n", 2, "does not parse"),
        ("import os\n", 0, "sets no `revision`"),
        ("revision = 'r4'\ndef upgrade():\n    pass\n", 0, "sets no `down_revision`"),
    ],
)
def test_a_file_that_gives_no_revision(on_sqlite: Stage, content: str, line: int, says: str) -> None:
    """One file with file and line, not a traceback; the others are still read."""
    stage = on_sqlite.plain().chain()
    path = stage.write("migrations/versions/r4.py", content)
    found = stage.doctor()
    fault = found.faults["revision-unreadable"]
    assert found.code == 1
    assert says in fault["message"]
    assert (Path(fault["file"]), fault["line"] or 0) == (path, line)
    assert found.document["chain"]["revisions"] >= 3
    path.unlink()
    healthy(stage)


def test_a_revision_whose_file_cannot_be_read_is_not_unknown(on_sqlite: Stage) -> None:
    """It is stamped and its file is there: no newer release was here, and no file is lost."""
    stage = on_sqlite.plain().chain()
    assert stage.deploy().code == 0
    stage.write("migrations/versions/r3.py", "def upgrade(:")
    found = stage.doctor()
    assert (found.code, "revision-unreadable" in found.faults) == (1, True)
    assert "unknown-revision" not in found.faults
    stage.sql("DROP INDEX ix_proposals_visitor")
    applied = stage.guard("apply")
    assert "newer release" not in applied.out + applied.err, applied.out


def test_a_replay_without_a_chain(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain()
    (stage.directory / "alembic.ini").unlink()
    (stage.directory / "migrations" / "env.py").unlink()
    assert stage.doctor().code == 0
    found = stage.doctor("--replay")
    assert (found.code, found.faults["replay-impossible"]["message"]) == (2, "there is no chain to replay")


def test_revisions_that_collide(on_sqlite: Stage) -> None:
    """Two revisions make the same table, two the same column: seen in the files, proved by the replay."""
    stage = on_sqlite.plain().chain()
    again = stage.revision("r4", "r3", USERS)
    stage.revision("r5", "r4", 'op.add_column("proposals", sa.Column("visitor", sa.String(64)))')
    found = stage.doctor("--replay")
    collisions = [fault for fault in found.document["faults"] if fault["code"] == "collision"]
    assert {fault["revision"] for fault in collisions} == {"r4", "r5"}
    assert any("users" in fault["message"] and fault["file"] == str(again) for fault in collisions)
    replayed = found.faults["replay-fails"]
    assert replayed["revision"] == "r4"
    assert "r1 (r1.py) makes users already" in replayed["fix"]["text"]
    stage.revision("r4", "r3")
    stage.revision("r5", "r4")
    healthy(stage)


def test_a_table_that_is_made_only_where_it_is_missing_does_not_collide(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", f'if not sa.inspect(op.get_bind()).has_table("users"):\n    {USERS}')
    assert "collision" not in stage.doctor("--replay").faults
    healthy(stage)


def test_a_defensive_revision_that_is_not(on_sqlite: Stage) -> None:
    """'SQLite handles duplicates gracefully', said the comment, and it failed with duplicate column name."""
    stage = on_sqlite.plain().chain()
    path = stage.revision(
        "r4",
        "r3",
        '# SQLite handles duplicates gracefully\nop.execute("ALTER TABLE proposals ADD COLUMN visitor TEXT")',
    )
    fault = stage.doctor("--replay").faults["replay-fails"]
    assert "duplicate column name" in fault["message"]
    assert Path(fault["file"]) == path
    assert "ALTER TABLE" in path.read_text().splitlines()[fault["line"] - 1]


def test_a_constraint_name_that_sqlite_never_had(on_postgres: Stage) -> None:
    """Runs on PostgreSQL, fails half-way on SQLite: the replay finds it before a developer does."""
    stage = on_postgres.plain().chain()
    path = stage.revision(
        "r4",
        "r3",
        """
        owner = sa.Column("user_id", sa.Integer, sa.ForeignKey("users.id"))
        op.create_table("notes", sa.Column("id", sa.Integer), owner)
        with op.batch_alter_table("notes") as batch:
            batch.drop_constraint("notes_user_id_fkey", type_="foreignkey")
        """,
    )
    found = stage.doctor("--replay-on", "sqlite", "--replay-on", "postgresql")
    fails = [fault for fault in found.document["faults"] if fault["code"] == "replay-fails"]
    assert [fault["revision"] for fault in fails] == ["r4"]
    assert "sqlite" in fails[0]["message"]
    assert fails[0]["file"] == str(path)
    assert "naming_convention" in fails[0]["fix"]["text"]
    assert found.code == 0, "the deploy is to PostgreSQL"


def test_an_env_py_that_names_its_database_itself(on_postgres: Stage) -> None:
    """A replay on SQLite has nothing to lead it to, and connects to nothing in its place."""
    stage = on_postgres
    env = ENV.replace('os.environ["DATABASE_URL"]', repr(stage.url))
    assert env != ENV
    fault = stage.plain(env=env).chain().doctor("--replay-on", "sqlite").faults["replay-impossible"]
    assert "connects to PostgreSQL" in fault["message"]
    assert "cannot be replayed on SQLite" in fault["message"]
