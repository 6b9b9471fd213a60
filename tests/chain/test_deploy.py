"""The deploy: under the guard's lock, one revision at a time, with lock timeouts, and an honest exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schema_guard.chain import deploy as deploying
from schema_guard.chain.commands import Commands
from schema_guard.chain.doctor import Doctor
from schema_guard.chain.location import find_location
from schema_guard.chain.sandbox.job import Failure
from schema_guard.dialects import open_session
from schema_guard.dialects.deadline import Deadline
from schema_guard.execute.limits import Limits
from schema_guard.target.loading import load_target
from tests.chain.stage import ENV, USERS, Ran, Stage
from tests.postgres.cluster import Cluster
from tests.postgres.database import Database, create
from tests.postgres.own import OwnServer, new_home
from tests.warm.programs import REAL


def test_an_empty_database(stage: Stage) -> None:
    stage.plain().chain()
    deploy = stage.deploy("--format", "json")
    assert deploy.code == 0
    document = deploy.document
    assert [ran["revision"] for ran in document["ran"]] == ["r1", "r2", "r3"]
    assert (document["before"], document["after"]) == ([], ["r3"])
    assert document["apply"]["can_start"] is True
    again = stage.deploy("--format", "json").document
    assert (again["ran"], again["exit_code"]) == ([], 0)


def test_what_the_chain_leaves_out_the_guard_adds(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain()
    stage.revision("r1", None, USERS)
    deploy = stage.deploy()
    assert deploy.code == 0
    assert stage.guard("check").code == 0


def test_a_revision_that_fails(stage: Stage) -> None:
    """Exit 5, where in which file, and what ran before stays."""
    stage.plain().chain()
    path = stage.revision("r4", "r3", 'op.execute("SELECT * FROM nothing_of_that_name")')
    deploy = stage.deploy("--format", "json")
    assert deploy.code == 5
    failed = deploy.document["failed"]
    assert (failed["revision"], failed["file"], failed["line"]) == ("r4", str(path), 10)
    assert "nothing_of_that_name" in failed["message"]
    assert deploy.document["after"] == ["r3"] == stage.stamped()
    assert deploy.document["apply"] is None


def test_all_tables_are_gone_and_the_stamp_is_there(stage: Stage) -> None:
    """They were dropped, or the connection leads elsewhere: tables that are made now would hide that, empty."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    stage.sql("DROP TABLE proposals", "DROP TABLE users")
    deploy = stage.deploy("--format", "json")
    fault = deploy.faults["blind-stamp"]
    assert (deploy.code, deploy.document["apply"], deploy.document["after"]) == (1, None, ["r3"])
    assert stage.guard("check").code == 1
    assert "if not, correct the URL or its search_path" in fault["fix"]["text"]
    stage.fix(fault)
    assert stage.guard("check").code == 0
    assert stage.deploy().code == 0


def test_some_tables_are_gone(stage: Stage) -> None:
    """What is there shows that it is the right database: apply makes what is missing."""
    stage.plain().chain()
    assert stage.deploy().code == 0
    stage.sql("DROP TABLE proposals")
    assert stage.deploy().code == 0


def test_a_connection_that_cannot_write(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The revision that failed comes with the reason and the statement after which it works."""
    stage = on_postgres.plain().chain()
    name = stage.engine.url.database
    stage.sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    deploy = stage.deploy("--format", "json")
    assert (deploy.code, deploy.document["failed"]["revision"], deploy.document["after"]) == (5, "r1", [])
    fault = deploy.faults["read-only"]
    assert "default_transaction_read_only" in fault["message"]
    stage.sql("SET TRANSACTION READ WRITE", fault["fix"]["sql"])
    assert stage.deploy().code == 0


def test_env_that_does_not_run(on_sqlite: Stage) -> None:
    stage = on_sqlite.plain(env=ENV + "\nimport nothing_of_that_name\n").chain()
    assert stage.deploy().code == 1
    found = stage.doctor()
    assert (found.code, "nothing_of_that_name" in found.faults["env-fails"]["message"]) == (1, True)


def test_env_that_connects_elsewhere(on_sqlite: Stage) -> None:
    """Neither database is touched."""
    stage = on_sqlite.plain(env=ENV.replace('os.environ["DATABASE_URL"]', '"sqlite:///elsewhere.db"')).chain()
    found = stage.doctor("--replay")
    assert found.code == 1
    assert "elsewhere.db" in found.faults["env-other-database"]["message"]
    assert stage.deploy().code == 1
    assert not (stage.directory / "elsewhere.db").exists()


def test_a_replay_never_reaches_the_real_database(on_postgres: Stage) -> None:
    """However env.py makes its connections: this listener goes past the engine's arguments."""
    env = ENV.replace(
        "import os",
        f"import os, psycopg\nfrom sqlalchemy import event\nfrom sqlalchemy.engine import Engine\n"
        f'@event.listens_for(Engine, "do_connect")\ndef real(*_):\n'
        f"    return psycopg.connect({on_postgres.url.replace('+psycopg', '')!r})",
    )
    stage = on_postgres.plain(env=env).chain()
    found = stage.doctor("--replay")
    assert "nothing was sent to it" in str(found.document["faults"])
    assert "DATABASE_URL" in found.faults["replay-impossible"]["message"]
    assert stage.sql("SELECT 1 FROM pg_class WHERE relname IN ('users', 'alembic_version')") == []


def test_an_engine_with_a_creator(stage: Stage) -> None:
    """It goes past its engine's URL: a replay does not call it, and a failure is told once."""
    raw = stage.url.replace("+psycopg", "").replace("sqlite:///", "")
    module = "sqlite3" if stage.system == "sqlite" else "psycopg"
    env = ENV.replace("import os", f"import os, {module}").replace(
        "create_engine(url, ",
        f"create_engine({stage.engine.dialect.name + '://'!r}, creator=lambda: {module}.connect({raw!r}), ",
    )
    stage.plain(env=env).chain()
    assert stage.doctor("--replay").code == 0
    assert (
        stage.sql(
            "SELECT 1 FROM " + ("sqlite_master" if module == "sqlite3" else "pg_tables WHERE schemaname = 'public'")
        )
        == []
    )
    path = stage.revision("r4", "r3", 'op.execute("SELECT * FROM nothing_of_that_name")')
    failed = stage.deploy("--format", "json")
    assert (failed.code, stage.stamped()) == (5, ["r3"])
    assert (failed.document["failed"]["revision"], failed.document["failed"]["file"]) == ("r4", str(path))
    assert "nothing_of_that_name" in failed.document["failed"]["message"]


def in_background(stage: Stage, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [REAL, "-m", "schema_guard", *arguments],
        cwd=stage.directory,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_lock_that_is_held_for_a_while(on_postgres: Stage, postgres_database: Database) -> None:
    """The revision waits no longer than the lock timeout at a time, and runs when the lock is free."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("plan", sa.Text))')
    reader = postgres_database.connect(autocommit=False)
    reader.execute("SELECT * FROM users")
    release = threading.Thread(target=close_once_waited_for, args=(stage, reader))
    release.start()
    deploy = stage.deploy("--lock-timeout", "200ms", "--format", "json")
    release.join()
    assert deploy.code == 0, deploy.out + deploy.err
    (ran,) = deploy.document["ran"]
    assert ran["attempts"] > 1
    assert "trying again" in deploy.err


def close_once_waited_for(stage: Stage, reader: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Hold the lock until somebody gave up waiting for it."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass"
    deadline = time.monotonic() + 60
    while not stage.sql(waiting) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1.0)
    reader.close()


def test_who_holds_the_lock_that_a_revision_waits_for(on_postgres: Stage, postgres_database: Database) -> None:
    """With the statement that ends it; what it sent is shown without its values."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("age", sa.Integer))')
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("UPDATE users SET id = 987654321")
        deploy = stage.deploy("--lock-timeout", "400ms", "--budget", "12s", "--format", "json")
        pid = holder.info.backend_pid
    assert (deploy.code, deploy.document["failed"]["revision"]) == (4, "r4")
    message = deploy.document["failed"]["message"]
    assert f"held by pid {pid} (idle in transaction for " in message
    assert f"end it: SELECT pg_terminate_backend({pid})" in message
    assert "987654321" not in deploy.out + deploy.err


def test_a_prepared_transaction_holds_it(
    room: Path,
    postgres_server: Cluster,
    server_room: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """It has no process: its name is told, and the statement that is printed ends it."""
    with OwnServer(postgres_server, new_home(server_room, "held"), {"max_prepared_transactions": "2"}) as own:
        database = create(own.cluster)
        monkeypatch.setenv("DATABASE_URL", database.url)
        stage = Stage(room, database.url, capfd).plain().chain()
        assert stage.deploy().code == 0
        stage.revision("r4", "r3", 'op.add_column("users", sa.Column("age", sa.Integer))')
        with database.connect(autocommit=False) as holder:
            holder.execute("LOCK TABLE users")
            holder.execute("PREPARE TRANSACTION 'it''s lost'")
        deploy = stage.deploy("--lock-timeout", "400ms", "--budget", "4s", "--format", "json")
        message = deploy.document["failed"]["message"]
        assert (deploy.code, "held by prepared transaction 'it''s lost' (for " in message) == (4, True), message
        with database.connect() as connection:
            connection.execute(message.rpartition(" or ")[2].encode())
        assert stage.deploy().code == 0


@pytest.mark.parametrize("word", ["running", "trying again"])
def test_the_budget_ends_while_a_revision_waits_for_a_lock(
    word: str, on_postgres: Stage, postgres_database: Database
) -> None:
    """At the last look or before the next attempt: the report is of the lock, and of who holds it."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("age", sa.Integer))')
    deadline = Deadline(60.0, counted=True)

    def say(told: str) -> None:
        if word in told:
            deadline.extend(-120)

    doctor = Doctor(load_target(stage.target), Commands(), stage.engine.url, find_location(), stage.target, say=say)
    with postgres_database.connect(autocommit=False) as holder:
        holder.execute("UPDATE users SET id = 987654321")
        deployment = deploying.deploy(doctor, Limits(lock_timeout=1.0, budget=60.0), deadline=deadline)
        pid = holder.info.backend_pid
    assert deployment.failed is not None
    assert (deployment.failed.why, deployment.failed.revision) == (Failure.LOCK, "r4")
    assert f"held by pid {pid}" in deployment.failed.message
    assert deployment.after == ("r3",) == tuple(stage.stamped())
    assert stage.deploy().code == 0


def test_a_lock_that_is_not_to_be_had(on_postgres: Stage, postgres_database: Database) -> None:
    """Exit 4, nothing lost, run again."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("plan", sa.Text))')
    with postgres_database.connect(autocommit=False) as reader:
        reader.execute("SELECT * FROM users")
        assert stage.deploy("--lock-timeout", "100ms", "--budget", "3s").code == 4
    assert stage.stamped() == ["r3"]
    assert stage.deploy().code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_in_the_middle_of_a_revision(on_postgres: Stage, number: signal.Signals, code: int) -> None:
    """What the revision began is rolled back on the server too, the revisions before it stay, and it can run again."""
    stage = on_postgres.plain().chain()
    process = in_background(stage_that_sleeps(stage), "deploy", stage.target, "--url", stage.url)
    wait_for_sleep(stage)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == code, out
    assert f"stopped by {number.name}" in out
    prove_undone(stage)


def test_deploy_is_killed_in_the_middle_of_a_revision(on_postgres: Stage) -> None:
    """The guard's lock went with it, so the revision must not go on either."""
    stage = on_postgres.plain().chain()
    process = in_background(stage_that_sleeps(stage), "deploy", stage.target, "--url", stage.url)
    wait_for_sleep(stage)
    process.kill()
    process.communicate(timeout=60)
    prove_undone(stage)


SLEEPING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(1' || '00)%'"


def stage_that_sleeps(stage: Stage) -> Stage:
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("plan", sa.Text)); op.execute("SELECT pg_sleep(100)")')
    return stage


def wait_for_sleep(stage: Stage) -> None:
    deadline = time.monotonic() + 60
    while not stage.sql(SLEEPING):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def prove_undone(stage: Stage) -> None:
    """Nobody holds anything a few seconds later, and the next deploy runs the revision."""
    deadline = time.monotonic() + 20
    while stage.sql(SLEEPING):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert stage.stamped() == ["r3"]
    assert stage.sql("SELECT 1 FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'plan'") == []
    stage.revision("r4", "r3", 'op.add_column("users", sa.Column("plan", sa.Text))')
    assert stage.deploy().code == 0


def test_a_concurrent_index_under_the_guards_lock(on_postgres: Stage) -> None:
    """The lock's connection holds no snapshot, which CREATE INDEX CONCURRENTLY would wait for."""
    stage = on_postgres.plain().chain()
    stage.revision(
        "r4",
        "r3",
        """
        with op.get_context().autocommit_block():
            op.create_index("ix_users_id", "users", ["id"], postgresql_concurrently=True)
        """,
    )
    assert stage.deploy("--lock-timeout", "500ms").code == 0
    assert stage.sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_users_id'::regclass") == [(True,)]


def test_two_deploys_at_once(on_postgres: Stage) -> None:
    stage = on_postgres.plain().chain()
    deploys = [in_background(stage, "deploy", "shop:Base") for _ in range(2)]
    outputs = [deploy.communicate()[0] for deploy in deploys]
    assert [deploy.returncode for deploy in deploys] == [0, 0], outputs
    assert stage.stamped() == ["r3"]


def test_a_deploy_waits_for_the_guard(on_postgres: Stage) -> None:
    stage = on_postgres.plain().chain()
    session = open_session(stage.url)
    with session.guard_lock("", 1.0):
        assert stage.deploy("--budget", "3s").code == 4
    session.close()
    assert stage.deploy().code == 0


def test_sigterm_leaves_no_scratch_database(on_postgres: Stage) -> None:
    stage = on_postgres.plain().chain()
    marker = stage.directory / "marker"
    stage.revision("r4", "r3", f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(60)")
    doctor = in_background(stage, "doctor", "shop:Base", "--replay")
    deadline = time.monotonic() + 60
    while not marker.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marker.exists()
    doctor.send_signal(signal.SIGTERM)
    doctor.communicate()
    assert doctor.returncode == 130
    assert "leftover-scratch" not in stage.doctor().faults


def test_a_role_without_createdb(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """No replay is possible there: it says so, and takes another server's."""
    stage = on_postgres.plain().chain()
    superuser = stage.url
    stage.sql("CREATE ROLE shop_app LOGIN")
    try:
        stage.sql("GRANT CREATE ON SCHEMA public TO shop_app")
        monkeypatch.setenv("DATABASE_URL", superuser.replace("//postgres", "//shop_app"))
        found = stage.doctor("--replay")
        assert "CREATEDB" in found.faults["replay-impossible"]["message"]
        assert stage.deploy("--repair-chain").code == 0
        stage.sql("DELETE FROM alembic_version")
        assert stage.guard("stamp").code == 2
        assert stage.deploy("--repair-chain").code == 1
        assert stage.guard("stamp", "--scratch-url", superuser).code == 0
        assert stage.stamped() == ["r3"]
    finally:
        stage.sql("DROP OWNED BY shop_app CASCADE", "DROP ROLE shop_app")


def test_a_connection_that_may_only_read(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standby, or a setting of the role: no privilege of the role is at fault, and none is advised."""
    stage = on_postgres.plain().chain()
    assert stage.deploy().code == 0
    monkeypatch.setenv("DATABASE_URL", f"{stage.url}?options=-cdefault_transaction_read_only%3Don")
    ran = stage.guard("stamp")
    assert ran.code == 2
    assert "none can be made on this server: cannot execute CREATE DATABASE in a read-only transaction" in ran.err
    assert "CREATEDB" not in ran.err
    assert stage.guard("stamp", "--scratch-url", stage.url).code == 0


@pytest.mark.parametrize("granted", ["SELECT", "SELECT, INSERT, UPDATE (version_num), DELETE"])
def test_a_role_that_may_not_write_the_stamp(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch, granted: str) -> None:
    """Each revision would run and be rolled back; a right to the column alone is enough."""
    stage = on_postgres.plain().chain()
    superuser = stage.url
    role = f"reader_{stage.engine.url.database}"  # roles are those of the server, where another case runs beside
    stage.run_module("alembic", ["upgrade", "r2"])
    stage.sql(f"CREATE ROLE {role} LOGIN")
    try:
        stage.sql(
            f"GRANT CREATE ON SCHEMA public TO {role}",
            f"GRANT {granted} ON alembic_version TO {role}",
            *(f"ALTER TABLE {table} OWNER TO {role}" for table in ("users", "proposals")),
        )
        monkeypatch.setenv("DATABASE_URL", superuser.replace("//postgres", f"//{role}"))
        if granted == "SELECT":
            ran = stage.deploy()
            assert (ran.code, stage.stamped()) == (1, ["r2"]), ran.out + ran.err
            fault = stage.doctor().faults["privileges"]
            assert fault["message"].startswith(
                "the role has no INSERT and no UPDATE and no DELETE on alembic_version: "
            )
            assert fault["fix"]["text"] in ran.out
            stage.sql(fault["fix"]["sql"])
        assert "privileges" not in stage.doctor().faults
        ran = stage.deploy()
        assert (ran.code, stage.stamped()) == (0, ["r3"]), ran.out + ran.err
    finally:
        stage.sql(f"DROP OWNED BY {role} CASCADE", f"DROP ROLE {role}")


def test_passwords_appear_nowhere(on_postgres: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = on_postgres.plain(env=ENV + "\nraise RuntimeError(url)\n").chain()
    monkeypatch.setenv("DATABASE_URL", stage.url.replace("//postgres@", "//postgres:hunter2@"))
    ran: list[Ran] = [stage.doctor("--replay"), stage.deploy(), stage.guard("stamp"), stage.guard("doctor", "-v")]
    assert not [text for result in ran for text in (result.out, result.err) if "hunter2" in text]
