"""Shapes of chains, through every command: nothing runs twice, no stamp moves back, an older image starts."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.chain.stage import ENV, PROPOSALS, USERS, VISITOR, Stage
from tests.chain.test_layouts import ASYNC_ENV

LEDGER = 'op.create_table("ledger", sa.Column("id", sa.Integer, primary_key=True), sa.Column("revision", sa.String(9)))'
RUN = ("run",)


Shape = Callable[[Stage], tuple[str, str]]
"""Writes the files, and says how far the database is and which revision an older image lacks."""


def note(id_: str) -> str:
    return f"op.execute(\"INSERT INTO ledger (revision) VALUES ('{id_}')\")"


def merge(stage: Stage) -> tuple[str, str]:
    """Two branches that are merged; the database is on one of them."""
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("a1", "r1", f"{PROPOSALS}\n{note('a1')}")
    stage.revision("b1", "r1", note("b1"))
    stage.revision("m1", ("a1", "b1"))
    stage.revision("r9", "m1", f"{VISITOR}\n{note('r9')}")
    return "b1", "r9"


def unmerged(stage: Stage) -> tuple[str, str]:
    """Several heads without labels, which Alembic does not choose between."""
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("a1", "r1", f"{PROPOSALS}\n{note('a1')}")
    stage.revision("b1", "r1", note("b1"))
    stage.revision("r9", "a1", f"{VISITOR}\n{note('r9')}")
    return "b1", "r9"


def labels(stage: Stage) -> tuple[str, str]:
    """Two bases with labels; one depends on the other by its label."""
    stage.revision("r1", None, f"{USERS}\n{LEDGER}", extra='branch_labels = ("main",)')
    stage.revision("p1", None, f"{PROPOSALS}\n{note('p1')}", extra='branch_labels = ("plugin",)\ndepends_on = "main"')
    stage.revision("r2", "r1", note("r2"))
    stage.revision("r9", "p1", f"{VISITOR}\n{note('r9')}")
    return "r1", "r9"


def depends(stage: Stage) -> tuple[str, str]:
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("r2", "r1", note("r2"), extra='branch_labels = ("main",)')
    stage.revision("p1", None, f"{PROPOSALS}\n{note('p1')}", extra='branch_labels = ("plugin",)\ndepends_on = ("r2",)')
    stage.revision("r9", "p1", f"{VISITOR}\n{note('r9')}")
    return "p1", "r9"


def locations(stage: Stage) -> tuple[str, str]:
    stage.write(
        "alembic.ini",
        "[alembic]\nscript_location = %(here)s/migrations\npath_separator = os\n"
        "version_locations = %(here)s/migrations/versions:%(here)s/more\n",
    )
    simple(stage)
    (stage.directory / "more").mkdir()
    (stage.directory / "migrations/versions/r2.py").rename(stage.directory / "more/r2.py")
    return "r2", "r9"


def simple(stage: Stage) -> tuple[str, str]:
    stage.revision("r1", None, f"{USERS}\n{LEDGER}")
    stage.revision("r2", "r1", f"{PROPOSALS}\n{note('r2')}")
    stage.revision("r3", "r2", note("r3"))
    stage.revision("r9", "r3", f"{VISITOR}\n{note('r9')}")
    return "r2", "r9"


def asynchronous(stage: Stage) -> tuple[str, str]:
    stage.write("migrations/env.py", ASYNC_ENV)
    return simple(stage)


def in_a_schema(stage: Stage) -> tuple[str, str]:
    """include_schemas, and the version table elsewhere."""
    stage.sql("CREATE SCHEMA meta")
    stage.write(
        "migrations/env.py",
        ENV.replace("render_as_batch=True", "include_schemas=True, version_table_schema='meta', version_table='vt'"),
    )
    return simple(stage)


def outside_a_transaction(stage: Stage) -> tuple[str, str]:
    simple(stage)
    stage.revision(
        "r9",
        "r3",
        f"{VISITOR.partition(chr(10))[0]}\n{note('r9')}\nwith op.get_context().autocommit_block():\n"
        '    op.create_index("ix_proposals_visitor", "proposals", ["visitor"], postgresql_concurrently=True)',
    )
    return "r2", "r9"


def of_the_online_mode(stage: Stage) -> tuple[str, str]:
    """A revision that only runs offline, as SQL for a person."""
    simple(stage)
    stage.revision("r3", "r2", f"if op.get_context().as_sql:\n    op.execute('SELECT 1')\nelse:\n    {note('r3')}")
    return "r2", "r9"


SHAPES: list[Shape] = [
    merge,
    labels,
    depends,
    locations,
    asynchronous,
    in_a_schema,
    outside_a_transaction,
    of_the_online_mode,
]


def ledger(stage: Stage) -> list[str]:
    return [row[0] for row in stage.sql("SELECT revision FROM ledger ORDER BY id")]


def stamped(stage: Stage, shape: Shape) -> list[str]:
    table = "meta.vt" if shape is in_a_schema else "alembic_version"
    return sorted(row[0] for row in stage.sql(f"SELECT version_num FROM {table}"))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_command(stage: Stage, shape: Shape) -> None:
    if shape is in_a_schema and stage.system == "sqlite":
        pytest.skip("no schemas")
    stage.plain()
    at, last = shape(stage)
    stage.run_module("alembic", ["upgrade", at])
    before, noted = stamped(stage, shape), ledger(stage)
    problems: list[str] = []

    def do(*command: str, code: tuple[int, ...] = (0,), who: str = "", same: bool = True) -> None:
        """`run` becomes its command, so that it needs a process of its own."""
        if command == RUN:
            stage.run_module("schema_guard", ["run", "shop:Base", "--", sys.executable, "-c", ""])
            said = ""
        else:
            ran = stage.guard(*command)
            said = f"{ran.out}{ran.err}"
            if ran.code not in code:
                problems.append(f"{who}{command}: exit {ran.code}: {said}")
        now = stamped(stage, shape), ledger(stage)
        if same and now != (before, noted):
            problems.append(f"{who}{command}: {before} {noted} -> {now}: {said}")

    for command, code in ((("check",), (0, 1)), (("plan",), (0,)), (("apply", "--dry-run"), (0, 1))):
        do(*command, code=code)
    do("deploy", same=False)
    before, noted = stamped(stage, shape), ledger(stage)
    assert (len(noted), noted.count("r9")) == (len(set(noted)), 1)
    for command in (("deploy", "--repair-chain"), ("stamp",), ("apply",), RUN, ("check",), ("deploy",)):
        do(*command)
    (stage.directory / "migrations/versions" / f"{last}.py").unlink()
    for command in (("deploy",), ("deploy", "--repair-chain"), ("apply",), RUN, ("check",)):
        do(*command, who="older ")
    do("stamp", code=(1,), who="older ")
    assert not problems, "\n".join(problems)


def test_several_heads_without_labels(stage: Stage) -> None:
    """Nothing runs; once a newer release has merged them, the image with two heads starts and changes nothing."""
    stage.plain()
    unmerged(stage)
    stage.run_module("alembic", ["upgrade", "b1"])
    for command in (("deploy",), ("deploy", "--repair-chain")):
        assert stage.guard(*command).code == 1
        assert (stage.stamped(), ledger(stage)) == (["b1"], ["b1"])
    merged = stage.revision("m1", ("r9", "b1"), note("m1"))
    assert stage.deploy().code == 0
    assert ledger(stage) == ["b1", "a1", "r9", "m1"]
    merged.unlink()
    for command in (("deploy",), ("deploy", "--repair-chain"), ("apply",)):
        assert stage.guard(*command).code == 0
        assert (stage.stamped(), len(ledger(stage))) == (["m1"], 4)


def test_a_squashed_chain(on_postgres: Stage) -> None:
    """One file takes the place of three: they look like a newer release's, until a person says that they are gone."""
    stage = on_postgres.plain()
    simple(stage)
    stage.run_module("alembic", ["upgrade", "r3"])
    for id_ in ("r1", "r2", "r3"):
        (stage.directory / "migrations/versions" / f"{id_}.py").unlink()
    stage.revision("s1", None, f"{USERS}\n{LEDGER}\n{PROPOSALS}")
    stage.revision("r9", "s1", f"{VISITOR}\n{note('r9')}")
    deploy = stage.deploy()
    assert (deploy.code, "--lost r3" in deploy.out) == (1, True)
    assert (stage.stamped(), ledger(stage)) == (["r3"], ["r2", "r3"])
    lost = stage.deploy("--repair-chain", "--lost", "r3")
    assert lost.code == 0, lost.out + lost.err
    assert (stage.stamped(), ledger(stage)) == (["r9"], ["r2", "r3", "r9"])


def test_a_revision_that_failed_behind_an_autocommit_block(on_postgres: Stage) -> None:
    """What came before it is there and its stamp is not: it does not run again, and a person says that it ran."""
    stage = on_postgres.plain()
    outside_a_transaction(stage)
    file = stage.directory / "migrations/versions/r9.py"
    whole = file.read_text()
    file.write_text(whole.replace("\n\n\ndef downgrade", '\n    op.execute("SELECT 1 / 0")\n\n\ndef downgrade'))
    assert stage.deploy().code != 0
    file.write_text(whole)
    assert ledger(stage) == ["r2", "r3", "r9"]
    for command in (("deploy",), ("deploy", "--repair-chain"), ("stamp",)):
        ran = stage.guard(*command)
        assert (ran.code, ledger(stage), stage.stamped()) == (1, ["r2", "r3", "r9"], ["r3"]), ran.out
    said = stage.guard("stamp", "--revision", "r9")
    assert said.code == 0, said.out + said.err
    assert stage.deploy().code == 0
    assert (ledger(stage), stage.stamped()) == (["r2", "r3", "r9"], ["r9"])


def test_a_revision_that_fails_half_way(stage: Stage) -> None:
    """PostgreSQL takes all of it back. On SQLite the table stays, and the deploy says so before it runs anything."""
    stage.plain()
    simple(stage)
    table = 'op.create_table("extra", sa.Column("id", sa.Integer, primary_key=True))'
    file = stage.revision("r3", "r2", f"{table}\n{note('r3')}\nop.execute('SELECT lacking FROM nowhere')")
    assert stage.deploy().code != 0
    assert (ledger(stage), stage.stamped()) == (["r2"], ["r2"])
    file.write_text(file.read_text().replace("op.execute('SELECT lacking FROM nowhere')", "pass"))
    again = stage.deploy()
    if again.code and stage.system == "sqlite":
        assert "extra is there already" in again.out
        _, _, did_not = stage.doctor().faults["made-early"]["fix"]["text"].partition("; if it did not: ")
        stage.sql(did_not.partition("; then ")[0])
        again = stage.deploy()
    assert again.code == 0, again.out + again.err
    assert (ledger(stage), stage.stamped()) == (["r2", "r3", "r9"], ["r9"])
