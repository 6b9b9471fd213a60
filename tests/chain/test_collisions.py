"""Two revisions that give one name twice: each kind is seen in the files, and goes as its fix says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain.stage import Stage

UNIQUE = 'op.create_unique_constraint("taken", "proposals", ["name"])'
CHECK = 'op.create_check_constraint("taken", "proposals", "id > 0")'
KEY = 'op.create_foreign_key("taken", "proposals", "users", ["id"], ["id"])'
INDEX = 'op.create_index("taken", "proposals", ["name"])'
TABLE = 'op.create_table("taken", sa.Column("id", sa.Integer))'
VIEW = 'op.execute("CREATE VIEW taken AS SELECT id FROM users")'
TYPE = "op.execute(\"CREATE TYPE taken AS ENUM ('a')\")"
ADD = 'op.execute("ALTER TABLE {} ADD CONSTRAINT taken {}")'


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        (UNIQUE, UNIQUE, "makes constraint taken of proposals again, which r4"),
        (UNIQUE, ADD.format("proposals", "UNIQUE (name)"), "makes constraint taken of proposals again, which r4"),
        (CHECK, CHECK, "makes constraint taken of proposals again, which r4"),
        (ADD.format("proposals", "CHECK (id > 1)"), CHECK, "makes constraint taken of proposals again, which r4"),
        (KEY, KEY, "makes constraint taken of proposals again, which r4"),
        (CHECK, KEY, "makes constraint taken of proposals again, which r4"),
        (
            INDEX,
            ADD.format("users", "UNIQUE (id)"),
            "and index taken of proposals, which r4 (r4.py) made, has that name",
        ),
        (UNIQUE, INDEX, "and constraint taken of proposals, which r4 (r4.py) made, has that name"),
        (VIEW, TABLE, "and view taken, which r4 (r4.py) made, has that name"),
        (TYPE, TABLE, "and type taken, which r4 (r4.py) made, has that name"),
        (TABLE, TYPE, "and table taken, which r4 (r4.py) made, has that name"),
    ],
)
def test_on_postgresql(on_postgres: Stage, first: str, second: str, named: str) -> None:
    """The revision cannot run; without that line, it does."""
    stage = on_postgres.plain().chain()
    stage.revision("r4", "r3", first)
    stage.revision("r5", "r4", second)
    taken_out(stage, named)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (INDEX, INDEX),
        (VIEW, TABLE),
        (INDEX, TABLE),
        (INDEX, 'with op.batch_alter_table("users") as batch:\n    batch.create_index("taken", ["id"])'),
    ],
)
def test_on_sqlite(on_sqlite: Stage, first: str, second: str) -> None:
    stage = on_sqlite.plain().chain()
    stage.revision("r4", "r3", first)
    stage.revision("r5", "r4", second)
    taken_out(stage, "which r4 (r4.py) made")


def test_constraints_have_no_names_of_their_own_on_sqlite(on_sqlite: Stage) -> None:
    """There the second is another constraint, and both revisions run."""
    stage = on_sqlite.plain().chain()
    batch = 'with op.batch_alter_table("proposals") as batch:\n    batch.create_unique_constraint("taken", ["{}"])'
    stage.revision("r4", "r3", batch.format("name"))
    stage.revision("r5", "r4", batch.format("visitor"))
    assert "collision" not in stage.doctor().faults
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out


def taken_out(stage: Stage, named: str) -> None:
    fault = stage.doctor().faults["collision"]
    assert (fault["revision"], named in fault["message"]) == ("r5", True), fault["message"]
    failed = stage.deploy()
    assert (failed.code, stage.stamped()) == (5, ["r4"]), failed.out
    path = Path(fault["file"])
    assert f"{path}:{fault['line']}" in fault["fix"]["text"]
    lines = path.read_text().splitlines()
    lines[fault["line"] - 1] = f"{lines[fault['line'] - 1].partition('op.')[0].partition('batch')[0]}pass"
    path.write_text("\n".join(lines) + "\n")
    deploy = stage.deploy()
    assert (deploy.code, stage.stamped()) == (0, ["r5"]), deploy.out
