"""The same application on many databases."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest
import sqlalchemy as sa
from jsonschema import Draft202012Validator

from schema_guard import Guard
from schema_guard.execute.limits import Limits
from schema_guard.exit_codes import LOCKED, apply_code
from schema_guard.fleet import Fleet
from tests.cli.conftest import Command
from tests.postgres.database import Database, create

SCHEMA = Path(__file__).parents[2] / "docs" / "schema" / "schema-guard-1.json"
WHOLE = (
    "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
    "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
    " visitor VARCHAR(64), CONSTRAINT ck_owner CHECK (user_id IS NOT NULL OR visitor IS NOT NULL))",
    "CREATE INDEX ix_proposals_visitor ON proposals (visitor)",
)
NOWHERE = "postgresql://someone:topsecret@127.0.0.1:1/nowhere"


def make(file: Path, statements: Sequence[str] = WHOLE) -> str:
    with closing(sqlite3.connect(file)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
    return f"sqlite:///{file}"


def tables(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return int(connection.execute("SELECT count(*) FROM sqlite_master WHERE type = 'table'").fetchone()[0])


@pytest.fixture
def urls(application: Path) -> Path:
    """Four databases, one of them three times: c lacks an index, d all."""
    lines = [
        make(application / "a.db"),
        "# a comment",
        f"second = {make(application / 'b.db')}",
        make(application / "c.db", WHOLE[:2]),
        make(application / "d.db", ()),
        f"sqlite:///{application}/./a.db",
        f"link = sqlite:///{application}/link.db",
    ]
    (application / "link.db").symlink_to(application / "a.db")
    (application / "urls").write_text("\n".join(lines) + "\n")
    return application / "urls"


def test_check_plan_and_apply(command: Command, urls: Path) -> None:
    ran = command("fleet", "check", "shop:Base", "--urls", str(urls))
    assert ran.code == 1
    assert f"✓ {urls.parent}/a.db  satisfied" in ran.out
    assert "✓ second  satisfied" in ran.out
    assert ran.out.count("a.db") == 1, "a database that is listed twice is asked once"
    assert f"in 1 database: {urls.parent}/c.db" in ran.out
    assert "queries read the whole table\n" in ran.out, "what each difference does to the application"
    assert ran.verdict.startswith("4 databases: 2 satisfied, 2 with differences · ")
    _, _, alone = ran.out.partition("what fails, and the statements to run by hand: schema-guard ")
    one = alone.partition("\n")[0].replace("URL", f"sqlite:///{urls.parent}/c.db")
    assert "! " in command(*one.split()).out
    ran = command("fleet", "plan", "shop:Base", "--urls", str(urls))
    assert (ran.code, "1 step to take" in ran.out) == (0, True)
    index = f"index proposals.ix_proposals_visitor  in 1 database: {urls.parent}/c.db"
    assert "\napply would\n" in ran.out
    assert f"  build {index}\n" in ran.out
    assert tables(urls.parent / "d.db") == 0
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls), "--concurrency", "2", "--canary", "1")
    assert ran.code == 0, ran.out + ran.err
    assert ran.verdict.startswith("4 databases: 4 satisfied · ")
    assert "\ndone\n  " in ran.out
    assert f"  built {index}\n" in ran.out
    assert tables(urls.parent / "d.db") == 2


def test_a_reason_is_told_with_where_it_holds(command: Command, application: Path) -> None:
    """The same column is missing in both, and only one of them cannot be written."""
    made = [make(application / f"{name}.db", WHOLE[:2]) for name in ("free", "closed")]
    (application / "urls").write_text(
        f"{made[0]}\n{made[1].replace('sqlite:///', 'sqlite:///file:')}?mode=ro&uri=true\n"
    )
    fleet = ("fleet", "plan", "shop:Base", "--urls", str(application / "urls"))
    text = command(*fleet).out
    assert "in 2 databases: " in text
    assert re.search(r"not repaired in \S*closed\.db\S*: \w", text) is not None, text
    found = json.loads(command(*fleet, "--format", "json").out)["summary"]["differences"]
    assert all(each["refused"] for each in found)
    (application / "urls").write_text(f"{made[1].replace('sqlite:///', 'sqlite:///file:')}?mode=ro&uri=true\n")
    assert "      not repaired: " in command(*fleet).out


def test_what_fails_a_check(command: Command, application: Path, urls: Path) -> None:
    """By --fail-on or by the setting; a state that was written for another impact does not count."""
    urls.write_text(f"sqlite:///{application / 'a.db'}\nsqlite:///{application / 'c.db'}\n")
    check = ("fleet", "check", "shop:Base", "--urls", str(urls), "--state", str(application / "state"))
    assert command(*check).code == 0, "a missing index only weakens the application"
    ran = command(*check, "--fail-on", "weakens", "--format", "json")
    assert (ran.code, [each["exit_code"] for each in json.loads(ran.out)["databases"]]) == (1, [0, 1])
    (application / "pyproject.toml").write_text('[tool.schema-guard]\nfail_on = "notes"\n')
    assert command(*check).code == 1
    assert command("fleet", "apply", "shop:Base", "--urls", str(urls)).code == 0
    assert command(*check[:-2]).code == 0


def test_as_a_document(command: Command, urls: Path) -> None:
    ran = command("fleet", "check", "shop:Base", "--urls", str(urls), "--format", "json")
    found = json.loads(ran.out)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(found)
    assert [(Path(each["name"]).name, each["satisfied"]) for each in found["databases"]] == [
        ("a.db", True),
        ("c.db", False),
        ("d.db", False),
        ("second", True),
    ]
    assert found["summary"]["satisfied"] == 2


def test_one_that_is_unreachable_stops_no_other_and_is_tried_again(command: Command, urls: Path) -> None:
    urls.write_text(f"{NOWHERE}\n{urls.read_text()}")
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls), "--max-failures", "1")
    assert (ran.code, tables(urls.parent / "d.db")) == (3, 2)
    assert "5 databases: 4 satisfied, 1 failed" in ran.verdict
    assert ran.out.count("nothing listens there") == 1, "its line says that it failed, the summary says why"
    assert "127.0.0.1:1/nowhere" in ran.out
    assert "topsecret" not in ran.out + ran.err


def test_a_canary_that_fails_ends_it(command: Command, urls: Path) -> None:
    urls.write_text(f"{NOWHERE}\n{urls.read_text()}")
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls), "--canary", "1")
    assert (ran.code, tables(urls.parent / "d.db")) == (1, 0)
    assert "no more were begun: 127.0.0.1:1/nowhere failed, one of the first 1" in ran.out
    assert "4 not begun" in ran.verdict


def broken(file: Path) -> str:
    """What is there cannot be made what the models expect."""
    return make(file, ("CREATE TABLE users (id TEXT PRIMARY KEY, other INTEGER NOT NULL)",))


def test_too_many_failures_end_it(command: Command, urls: Path) -> None:
    lines = [broken(urls.parent / f"x{number}.db") for number in range(3)]
    urls.write_text("\n".join([*lines, urls.read_text()]))
    arguments = ("fleet", "apply", "shop:Base", "--urls", str(urls), "--concurrency", "1")
    ran = command(*arguments, "--max-failures", "2")
    assert (ran.code, tables(urls.parent / "d.db")) == (1, 0)
    assert "no more were begun: 2 failed" in ran.out
    assert "5 not begun" in ran.verdict
    ran = command(*arguments)
    assert (ran.code, tables(urls.parent / "d.db")) == (1, 2)


def test_a_canary_that_stays_broken_can_be_left_out_by_name(command: Command, urls: Path) -> None:
    """The line says how; the name is no way around a failure that nobody has named."""
    urls.write_text(f"first shop={broken(urls.parent / 'x.db')}".replace(" ", "-") + f"\n{urls.read_text()}")
    once = ("fleet", "apply", "shop:Base", "--urls", str(urls), "--canary", "1")
    arguments = (*once, "--state", str(urls.parent / "state.jsonl"))
    for _ in range(2):
        ran = command(*arguments)
        assert (ran.code, tables(urls.parent / "d.db")) == (1, 0)
        assert "go on without it: --skip first-shop" in ran.out
    ran = command(*arguments, "--skip", "first-shop")
    assert (ran.code, tables(urls.parent / "d.db")) == (0, 2)
    assert "first-shop  skipped: left out by --skip" in ran.out
    ran = command(*arguments, "--skip", "first-shpo")
    assert ran.code == 2
    assert "first-shop is the nearest" in ran.err


def test_to_leave_out_every_database_is_an_error(command: Command, urls: Path) -> None:
    """As an empty list is: nothing that was looked at is no success."""
    urls.write_text("\n".join(f"shop-{number} = sqlite:///{urls.parent}/{number}.db" for number in "ab"))
    ran = command("fleet", "check", "shop:Base", "--urls", str(urls), "--skip", "shop-a", "--skip", "shop-b")
    assert (ran.code, ran.out) == (2, "")
    assert "--skip leaves out every database of the list" in ran.err


def test_to_leave_out_every_database_of_a_shard_is_an_error(command: Command, urls: Path) -> None:
    """A shard that is empty because the list is short has nothing to look at, and is right."""
    lines = [f"shop-{number} = sqlite:///{urls.parent}/{number}.db" for number in range(20)]
    in_first = [bool(Fleet(Guard(sa.MetaData()), [line], shard=(1, 2)).entries) for line in lines]
    one, other = in_first.index(True), in_first.index(False)
    shard = ("fleet", "check", "shop:Base", "--urls", str(urls), "--shard", "1/2")
    urls.write_text(lines[other])
    assert command(*shard).code == 0
    urls.write_text(f"{lines[other]}\n{lines[one]}")
    ran = command(*shard, "--skip", f"shop-{one}")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert "--skip leaves out every database of --shard 1/2" in ran.err
    assert command(*shard, "--skip", f"shop-{other}").code == 1  # the tables of the one that is left are missing


def test_state_and_shards(command: Command, urls: Path) -> None:
    state = urls.parent / "state.jsonl"
    arguments = ("fleet", "apply", "shop:Base", "--urls", str(urls))
    broken(urls.parent / "x.db")
    urls.write_text(f"{urls.read_text()}sqlite:///{urls.parent}/x.db\n")
    shards = [command(*arguments, "--shard", f"{number}/3", "--state", str(state)) for number in (1, 2, 3)]
    done = [json.loads(line) for line in state.read_text().splitlines()]
    assert len(done) == 5
    assert sorted(ran.code for ran in shards) == [0, 0, 1]
    ran = command(*arguments, "--state", str(state))
    assert ran.out.count("skipped: done before") == 4
    assert "1 with differences" in ran.verdict
    (urls.parent / "shop.py").write_text(
        (urls.parent / "shop.py").read_text() + "\nclass More(Base):\n"
        "    __tablename__ = 'more'\n    id: Mapped[int] = mapped_column(primary_key=True)\n"
    )
    sys.modules.pop("shop")
    state.write_text(state.read_text() + '{"key": "torn')
    ran = command(*arguments, "--state", str(state))
    assert "done before" not in ran.out, "another release expects something else"
    assert tables(urls.parent / "a.db") == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "there is no URL"), ("nonsense\n", "line 1 of the URLs"), ("a=sqlite:///a\na=sqlite:///b\n", "line 2")],
)
def test_a_list_that_is_none(command: Command, urls: Path, text: str, said: str) -> None:
    urls.write_text(text)
    ran = command("fleet", "check", "shop:Base", "--urls", str(urls))
    assert (ran.code, said in ran.err) == (2, True)
    assert command("fleet", "check", "shop:Base", "--urls", "not-there").code == 2
    assert command("fleet", "check", "shop:Base", "--urls", str(urls), "--shard", "4/3").code == 2


def test_a_list_as_people_write_it(command: Command, urls: Path) -> None:
    """Comments behind a URL, the line ends of Windows, a name with the password in it."""
    folder = urls.parent
    lines = [
        "# production",
        f"sqlite:///{folder}/a.db # the first customer",
        "",
        "s3cret-word.eu=postgresql://someone:s3cret-word@127.0.0.1:1/nowhere",
    ]
    urls.write_bytes("\r\n".join(lines).encode())
    before = set(folder.iterdir())
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls))
    assert (ran.code, f"✓ {folder}/a.db  satisfied" in ran.out) == (3, True), ran.out + ran.err
    assert "***.eu" in ran.out
    assert "s3cret" not in ran.out + ran.err
    assert {each for each in folder.iterdir() if each.name != "__pycache__"} == before  # the module was imported


def test_a_list_that_a_command_prints(command: Command, urls: Path) -> None:
    arguments = ("fleet", "check", "shop:Base")
    ran = command(*arguments, "--urls-from", f"cat {urls}")
    assert ran.verdict.startswith("4 databases: 2 satisfied, 2 with differences")
    ran = command(*arguments, "--urls-from", f"head -n 1 {urls}; exit 7")
    assert (ran.code, ran.err) == (2, f"schema-guard: --urls-from head -n 1 {urls}; exit 7: it ended with exit 7\n")
    assert "--urls FILE or --urls-from COMMAND" in command(*arguments).err
    assert command(*arguments, "--urls", str(urls), "--urls-from", "true").code == 2


@pytest.mark.parametrize("content", [b"SQLite format 3\0", b"a: b\n", b'[{"key": 1}]'])
def test_a_state_that_is_another_file(command: Command, urls: Path, content: bytes) -> None:
    state = urls.parent / "x"
    state.write_bytes(content)
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls), "--state", str(state))
    said = f"schema-guard: the state {state} is another file, and stays as it is: name one of its own\n"
    assert (ran.code, ran.err.removeprefix("imported\n")) == (2, said)
    assert (state.read_bytes(), tables(urls.parent / "d.db")) == (content, 0)


def test_a_state_that_is_damaged_or_cannot_be_written(command: Command, urls: Path) -> None:
    state = urls.parent / "state"
    arguments = ("fleet", "apply", "shop:Base", "--urls", str(urls), "--state")
    assert command(*arguments, str(state)).code == 0
    first, *others = state.read_bytes().splitlines()
    state.write_bytes(b"\n".join([b"\0\xff[1]", b"null", b'{"key": 1}', first[:99], *others]))
    ran = command(*arguments, str(state))
    assert (ran.code, ran.out.count("skipped: done before")) == (0, 3)
    ran = command(*arguments, str(urls.parent))
    said = f"schema-guard: the state {urls.parent} cannot be written: it is not a regular file\n"
    assert (ran.code, ran.err) == (2, said)


def test_no_space_for_the_state(command: Command, urls: Path) -> None:
    """What cannot be kept ends the run with one line; what was repaired stays."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        ran = command("fleet", "check", "shop:Base", "--urls", str(urls), "--state", str(urls.parent / "state"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = f"schema-guard: the state {urls.parent}/state cannot be written: File too large\n"
    assert (ran.code, ran.err.removeprefix("imported\n")) == (2, said)


REVISION = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}


def upgrade():
    op.{call}


def downgrade():
    pass
"""


def test_what_pending_revisions_make_is_left_to_them(command: Command, urls: Path) -> None:
    """As apply does on one database; which revision each one has is told from its own alembic_version."""
    folder = urls.parent / "migrations" / "versions"
    folder.mkdir(parents=True)
    (folder.parent / "env.py").write_text("")
    (urls.parent / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
    made = "create_table('drafts', sa.Column('id', sa.Integer, primary_key=True))"
    (folder / "a1.py").write_text(REVISION.format(revision="a1", down=None, call=made))
    (folder / "b2.py").write_text(REVISION.format(revision="b2", down="a1", call="rename_table('drafts', 'proposals')"))
    stamped = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
    drafts = WHOLE[1].replace("proposals", "drafts")
    for name, revision, table in (("x", "a1", drafts), ("y", "b2", WHOLE[1])):
        row = f"INSERT INTO alembic_version VALUES ('{revision}')"
        make(urls.parent / f"{name}.db", (WHOLE[0], table, stamped, row))
    urls.write_text(f"sqlite:///{urls.parent}/x.db\nsqlite:///{urls.parent}/y.db\n")
    ran = command("fleet", "apply", "shop:Base", "--urls", str(urls))
    assert ran.code == 1, ran.out + ran.err
    assert "is still to run: schema-guard deploy shop:Base --url URL first" in ran.out
    assert [tables(urls.parent / name) for name in ("x.db", "y.db")] == [3, 3]
    alone = command("apply", "shop:Base", "--url", f"sqlite:///{urls.parent}/x.db")
    assert (alone.code, tables(urls.parent / "x.db")) == (1, 3)


class Processes:
    """`schema-guard fleet apply` in processes of their own."""

    def __init__(self, application: Path, number: int) -> None:
        self.place = application
        self.files = [application / f"{each}.db" for each in range(number)]
        (application / "urls").write_text("".join(f"{make(file, ())}\n" for file in self.files))

    def start(self, state: str, *options: str) -> subprocess.Popen[str]:
        arguments = ["fleet", "apply", "shop:Base", "--urls", "urls", "--state", state, *options]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        line = [sys.executable, "-m", "schema_guard", *arguments]
        return subprocess.Popen(line, cwd=self.place, env=environment, stdout=subprocess.PIPE, text=True)

    def lines(self, state: str) -> list[str]:
        file = self.place / state
        return file.read_text().splitlines() if file.exists() else []

    def kill(self, process: subprocess.Popen[str], state: str, after: int) -> int:
        """SIGKILL once so many are done; how many are."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and len(self.lines(state)) < after:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        return len(self.lines(state))


def test_killed_and_taken_up_again(application: Path) -> None:
    """kill -9 in the middle: what is done is not done again, what was begun is."""
    processes = Processes(application, 30)
    before = processes.kill(processes.start("state", "--concurrency", "2"), "state", after=5)
    assert 5 <= before < 30
    again = processes.start("state", "--concurrency", "2")
    said, _ = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert said.count("skipped: done before") == before
    assert [tables(file) for file in processes.files] == [2] * 30


def test_the_pods_of_an_indexed_job(application: Path) -> None:
    """Each has its part and its state; one is killed, and started again as Kubernetes does."""
    processes = Processes(application, 45)
    pods = [processes.start(f"{index}.jsonl", "--shard", f"{index + 1}/3") for index in range(3)]
    done = processes.kill(pods[1], "1.jsonl", after=2)
    again = processes.start("1.jsonl", "--shard", "2/3")
    said = [pod.communicate(timeout=60)[0] for pod in (pods[0], again, pods[2])]
    assert [pod.returncode for pod in (pods[0], again, pods[2])] == [0, 0, 0], said
    assert said[1].count("skipped: done before") == done
    keys = [json.loads(line)["key"] for index in range(3) for line in processes.lines(f"{index}.jsonl")]
    assert len(keys) == len(set(keys)) == 45, "each was done by one of them, and once"
    assert [tables(file) for file in processes.files] == [2] * 45


def test_any_executor(application: Path) -> None:
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("total", sa.Integer))
    files = [application / f"{number}.db" for number in range(3)]
    fleet = Fleet(Guard(metadata), [make(file, ()) for file in files])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        results = fleet.apply(executor=executor, concurrency=2)
    assert [result.satisfied for result in results] == [True] * 3
    assert [result.satisfied for result in fleet.check()] == [True] * 3


def test_a_process_of_the_executor_is_killed(application: Path) -> None:
    """Every database has a line, and the next run does what is left."""
    metadata = sa.MetaData()
    sa.Table("orders", metadata, sa.Column("id", sa.Integer, primary_key=True))
    fleet = Fleet(Guard(metadata), [make(application / f"{number}.db", ()) for number in range(8)])
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        running = fleet.run("apply", executor=executor, concurrency=2)
        first = next(running)
        for process in multiprocessing.active_children():
            process.kill()
        rest = list(running)
    lost = [result for result in rest if result.error]
    assert len({result.name for result in (first, *rest)}) == 8
    assert {(result.error, result.exit_code) for result in lost} == {("no-answer", 5)}
    assert "no answer from the process that worked on it (BrokenProcessPool: A " in lost[0].message
    assert all(result.satisfied for result in fleet.apply())


def test_a_budget_in_all(command: Command, urls: Path) -> None:
    arguments = ("fleet", "apply", "shop:Base", "--urls", str(urls), "--total-budget")
    ran = command(*arguments, "0")
    assert (ran.code, tables(urls.parent / "d.db")) == (1, 0)
    assert "no more were begun: the total budget of 0 s is used up" in ran.out
    assert "4 not begun" in ran.verdict
    assert (command(*arguments, "1m").code, tables(urls.parent / "d.db")) == (0, 2)
    assert command(*arguments, "long").err.startswith("schema-guard: --total-budget long: expected a duration")


@pytest.mark.newest_postgres
def test_one_database_under_two_urls(command: Command, application: Path, postgres_database: Database) -> None:
    other = create(postgres_database.server)
    try:
        url = postgres_database.url
        lines = [url, url.replace("127.0.0.1", "localhost"), url.replace("+psycopg", "+psycopg2"), other.url]
        (application / "urls").write_text("\n".join(lines))
        arguments = ("fleet", "apply", "shop:Base", "--urls", "urls", "--concurrency", "3", "--state", "state")
        ran = command(*arguments)
        assert ran.code == 0, ran.out + ran.err
        assert "skipped: the same database as 127.0.0.1:" in ran.out
        assert "2 databases: 2 satisfied, 1 skipped" in ran.verdict
        ran = command(*arguments)
        assert (ran.code, ran.out.count("skipped: done before")) == (0, 3), "nothing is asked again, by no URL"
    finally:
        other.drop()


@pytest.mark.newest_postgres
def test_one_database_with_two_search_paths(command: Command, application: Path, postgres_database: Database) -> None:
    """Tenants of one database are not the same database."""
    with postgres_database.connect() as connection:
        connection.execute("CREATE SCHEMA t_1")
        connection.execute("CREATE SCHEMA t_2")
        lines = [f"{name}={postgres_database.url}?options=-csearch_path%3D{name}" for name in ("t_1", "t_2")]
        (application / "urls").write_text("\ufeff" + "\r\n".join([*lines, f"again={lines[0][4:]}&connect_timeout=9"]))
        ran = command("fleet", "apply", "shop:Base", "--urls", "urls")
        assert (ran.code, ran.verdict.partition(" · ")[0]) == (0, "2 databases: 2 satisfied"), ran.out + ran.err
        found = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'users' ORDER BY 1").fetchall()
        assert found == [("t_1",), ("t_2",)]


@pytest.mark.newest_postgres
def test_a_database_exits_with_what_apply_exits_with_there(postgres_database: Database) -> None:
    metadata = sa.MetaData()
    sa.Table("t", metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer, nullable=False))
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE t (id serial PRIMARY KEY)")
    limits = Limits(budget=2.0, lock_timeout=0.2)
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("LOCK TABLE t IN ACCESS SHARE MODE")
        (result,) = Fleet(Guard(metadata), [postgres_database.url]).apply(limits)
        alone = apply_code(Guard(metadata).apply(postgres_database.url, limits))
    assert (result.exit_code, alone) == (LOCKED, LOCKED)
