"""The doctor names causes that are true, and each fix that it prints is run here."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.chain.stage import ENV, MODELS, PROPOSALS, USERS, VISITOR, Stage

ONLINE = "configure(connection=connection"
ONLINE_ALONE = ENV.replace(f"{ONLINE})", f'{ONLINE}, version_table="moves")')
NO_OFFLINE = ONLINE_ALONE.replace("configure(url=url, literal_binds=True)", 'raise SystemExit("no offline mode")')


@pytest.mark.parametrize("env", [ONLINE_ALONE, NO_OFFLINE], ids=["online alone", "no offline mode"])
def test_a_version_table_that_only_the_online_branch_names(stage: Stage, env: str) -> None:
    """It is learned without writing: nothing is stamped beside it."""
    stage.plain(env=env).chain()
    assert stage.doctor().code == 0
    if stage.system == "sqlite":
        assert not (stage.directory / "shop.db").exists()
    assert stage.deploy().code == 0
    found = stage.doctor()
    assert (found.code, found.faults) == (0, {})
    assert stage.deploy("--repair-chain").code == 0
    assert stage.sql("SELECT version_num FROM moves") == [("r3",)]
    with pytest.raises(Exception, match="alembic_version"):
        stage.sql("SELECT 1 FROM alembic_version")
    stage.sql("UPDATE moves SET version_num = 'r9'")
    assert "names r9" in stage.guard("apply").out


@pytest.mark.parametrize(
    "own",
    [
        "sqlite3.connect(file).execute('CREATE TABLE mark (id)')",
        "sqlite3.Connection(file).execute('CREATE TABLE mark (id)')",
        "sqlite3.connect(f'file:{file}?mode=rwc', uri=True).execute('CREATE TABLE mark (id)')",
        "if context.is_offline_mode():\n    os.remove(file)",
        "open(file, 'w').close()",
        "os.rename(file, file + '.old')",
    ],
)
def test_an_env_that_writes_past_every_engine(on_sqlite: Stage, own: str) -> None:
    """The doctor runs env.py; what that writes itself does not reach the database, nor its file."""
    own = f"\nimport sqlite3\nfile = url.removeprefix('sqlite:///')\n{own}\n"
    stage = on_sqlite.plain(env=ENV.replace("\ndef configure", f"{own}\ndef configure")).chain()
    stage.sql("CREATE TABLE other (id INTEGER)")
    stage.doctor()
    with closing(sqlite3.connect(stage.directory / "shop.db")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [("other",)]


PLAIN = "from sqlalchemy import make_url\nplain = make_url(url).set(drivername='postgresql').render_as_string(False)\n"
WRITE = "CREATE TABLE IF NOT EXISTS mark (id int)"
OWN = {
    "psycopg": f"import psycopg\nwith psycopg.connect(plain) as own:\n    own.execute('{WRITE}')\n",
    "psycopg2": f"import psycopg2\nwith psycopg2.connect(plain) as own:\n    own.cursor().execute('{WRITE}')\n",
    "asyncpg": "import asyncio, asyncpg\nasync def write():\n    own = await asyncpg.connect(plain)\n"
    f"    await own.execute('{WRITE}')\n    await own.close()\nasyncio.run(write())\n",
    "pg8000": "import pg8000.native\nto = make_url(url)\n"
    "own = pg8000.native.Connection(to.username, to.host, to.database, to.port, to.password)\n"
    f"own.run('{WRITE}')\nown.close()\n",
}


@pytest.mark.parametrize("driver", OWN)
def test_an_env_that_writes_past_every_engine_on_postgresql(on_postgres: Stage, driver: str) -> None:
    """No driver writes while env.py is only read; that it would is a note, and the deploy lets it."""
    own = f"\n{PLAIN}{OWN[driver]}"
    stage = on_postgres.plain(env=ENV.replace("\ndef configure", f"{own}\ndef configure")).chain()
    found = stage.doctor()
    assert stage.sql("SELECT to_regclass('mark')") == [(None,)]
    assert (found.code, found.faults["env-writes"]["severity"], len(found.faults)) == (0, "note", 1), found.out
    deploy = stage.deploy()
    assert deploy.code == 0, deploy.out + deploy.err
    assert stage.sql("SELECT to_regclass('mark') IS NOT NULL") == [(True,)]


def test_a_column_dropped_by_hand(stage: Stage) -> None:
    """One revision, one column gone: no later revision is spoken of, and the deploy that follows works."""
    column = "    plan: Mapped[str | None] = mapped_column(String(9))\n"
    stage.plain(MODELS.replace("\n\nclass Proposal", f"\n{column}\nclass Proposal"))
    users = USERS.replace("primary_key=True))", "primary_key=True), sa.Column('plan', sa.String(9)))")
    proposals = f"{PROPOSALS}\n{VISITOR}"
    stage.revision("r1", None, f"{users}\n{proposals}")
    assert stage.deploy().code == 0
    stage.sql("ALTER TABLE users DROP COLUMN plan")
    read = stage.doctor().faults["revision-edited"]
    assert (read["severity"], "the rest of it" in read["message"]) == ("risk", True)
    proved = stage.doctor("--replay").faults
    assert "revision-edited" not in proved
    assert "an apply of this guard" in proved["state-differs"]["message"]
    assert "stamp base" not in str(proved)
    stage.fix(read)
    assert stage.doctor("--replay").faults == {}


def test_a_stamp_past_what_is_still_there(stage: Stage) -> None:
    """All that the last revision makes is there, and so is what it removes: two readings. Nothing that the doctor says
    loses a row, and the commands that it prints run what did not run."""
    email = USERS.replace("primary_key=True))", "primary_key=True), sa.Column('email', sa.String(9)))")
    stage.plain()
    stage.revision("r1", None, f"{email}\n{PROPOSALS}\n{VISITOR}")
    assert stage.deploy().code == 0
    stage.sql("INSERT INTO users (id, email) VALUES (1, 'a@b.c')")
    stage.revision("r2", "r1", 'op.execute("INSERT INTO proposals (id, name) SELECT id, email FROM users")')
    stage.revision("r3", "r2", "with op.batch_alter_table('users') as batch:\n    batch.drop_column('email')")
    stage.stamp_blindly("r3")
    fault = stage.doctor("--replay").faults["state-differs"]
    assert (fault["severity"], fault["revision"]) == ("risk", "r3")
    assert "users.email is still there and holds values" in fault["message"]
    assert not fault["fix"]["command"]
    for command in fault["fix"]["text"].rpartition("then ")[2].replace("REVISION", "r1").split(" && "):
        stage.shell(command)
    assert stage.sql("SELECT name FROM proposals") == [("a@b.c",)]
    assert stage.doctor("--replay").faults == {}


def test_each_revision_is_told_once_with_all_that_it_left(on_sqlite: Stage) -> None:
    columns = "".join(f", sa.Column('{name}', sa.String(9))" for name in ("email", "nick", "zip"))
    stage = on_sqlite.plain()
    stage.revision(
        "r1", None, f"{USERS.replace('primary_key=True))', f'primary_key=True){columns})')}\n{PROPOSALS}\n{VISITOR}"
    )
    assert stage.deploy().code == 0
    stage.sql("INSERT INTO users VALUES (1, 'a', 'b', 'c')")
    stage.revision("r2", "r1", "op.drop_column('users', 'email')\nop.drop_column('users', 'zip')")
    stage.revision("r3", "r2", "op.drop_column('users', 'nick')")
    stage.stamp_blindly("r3")
    left = [fault for fault in stage.doctor("--replay").document["faults"] if fault["code"] == "state-differs"]
    assert [(fault["revision"], fault["message"].partition(" is still")[0]) for fault in left] == [
        ("r2", "users.email, users.zip"),
        ("r3", "users.nick"),
    ]


def test_a_relative_url_is_given_back_as_an_absolute_one(on_sqlite: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = on_sqlite.plain().chain()
    monkeypatch.setenv("DATABASE_URL", "sqlite:///shop.db")
    stage.sql("CREATE TABLE other (id INTEGER)")
    told = stage.guard("doctor").out
    (url,) = [line.split()[-1] for line in told.splitlines() if "fix sqlite" in line]
    monkeypatch.setenv("DATABASE_URL", url)
    again = stage.guard("doctor").out
    assert "the URL's path is relative" not in again
    assert str(stage.directory / "shop.db") in again


def test_two_revisions_that_make_the_same_index(stage: Stage) -> None:
    """The deploy that would fail is not offered; the file and line are, and that works."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    path = stage.revision("r4", "r3", 'op.create_index("ix_proposals_visitor", "proposals", ["visitor"])')
    found = stage.doctor()
    assert found.code == 1
    assert "index ix_proposals_visitor" in found.faults["collision"]["message"]
    assert found.faults["behind"]["fix"] is None
    assert (found.faults["collision"]["file"], found.faults["collision"]["line"]) == (str(path), 10)
    stage.revision("r4", "r3")
    assert stage.deploy().code == 0
    assert stage.stamped() == ["r4"]


def test_a_revision_that_waits_for_itself(stage: Stage) -> None:
    """A second connection uses what its own transaction holds. A replay, where nobody else is, ends and says so."""
    stage.plain().chain()
    second = "with sa.create_engine(op.get_bind().engine.url).begin() as other:\n"
    second += "    other.execute(sa.text('INSERT INTO users (id) VALUES (1)'))"
    stage.revision("r4", "r3", f'op.execute("INSERT INTO users (id) VALUES (2)")\n{LOCKS[stage.system]}\n{second}')
    fault = stage.doctor("--replay").faults["replay-fails"]
    assert fault["revision"] == "r4"
    assert "it waits for itself" in fault["fix"]["text"]
    assert "op.get_bind()" in fault["fix"]["text"]


LOCKS = {"sqlite": "pass", "postgresql": 'op.execute("LOCK TABLE users")'}
