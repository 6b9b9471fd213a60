"""`run` becomes the command, and signals end an apply gracefully, with every driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import url_of
from tests.postgres.database import Database, wait_until
from tests.warm.programs import REAL

MODELS = """
from sqlalchemy import Column, Index, Integer, MetaData, Table
models = MetaData()
things = Table("things", models, Column("id", Integer, primary_key=True), Column("size", Integer, nullable=True))
Index("ix_size", things.c.size)
"""


def start(directory: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process of its own, whose exec does not replace the test run."""
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    return subprocess.Popen(
        [REAL, "-m", "schema_guard", *arguments],
        cwd=directory,
        env=environment | {"PYTHONPATH": os.pathsep.join([*(path for path in sys.path if path), str(directory)])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_the_command_takes_the_place_of_the_guard(application: Path) -> None:
    """Its process id is the guard's, its arguments are its own, and so is the exit code."""
    url = url_of(application)
    process = start(application, "run", "shop:Base", "--url", url, "--", "sh", "-c", 'echo $$ "$@"; exit 7', "sh", "-v")
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == (f"{process.pid} -v\n", 7)
    assert "the application can start" in err


def test_the_command_is_not_started_while_something_breaks(application: Path) -> None:
    url = url_of(application, ["CREATE TABLE proposals (id INTEGER PRIMARY KEY, who TEXT NOT NULL)"])
    process = start(application, "run", "shop:Base", "--url", url, "--", "echo", "started")
    out, err = process.communicate(timeout=60)
    assert (out, process.returncode) == ("", 1)
    assert "echo was not started" in err


def beside(work: str, application: Path, command: str) -> tuple[int, str, str]:
    """The command on models whose module starts some work: its exit code, and what it said."""
    imports = "import threading\nimport time\nfrom concurrent.futures import ThreadPoolExecutor\nfrom shop import Base"
    (application / "busy.py").write_text(f"{imports}\n{work}\n")
    process = start(application, command, "busy:Base", "--url", url_of(application))
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("ends", ["atexit.register(lambda: os._exit(0))", "atexit.register(os._exit, 0)"])
@pytest.mark.parametrize("command", ["check", "apply"])
def test_what_the_application_does_at_its_end_takes_no_verdict_away(application: Path, command: str, ends: str) -> None:
    """What is to start behind `&&` starts where the command exits with 0."""
    (application / "busy.py").write_text(f"import atexit, os\nfrom shop import Base\n{ends}\n")
    url = url_of(application, ["CREATE VIEW proposals AS SELECT 1 AS x"])
    process = start(application, command, "busy:Base", "--url", url)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, out.splitlines()[-1].endswith("exit 1")) == (1, True)


def test_a_process_that_the_application_forks_ends_as_it_would(application: Path) -> None:
    code, out, _ = beside("import os\nif not os.fork():\n    os._exit(0)\nos.wait()", application, "apply")
    assert (code, out.splitlines()[-1].startswith("the application can start")) == (0, True)


def test_a_thread_of_the_application_does_not_keep_the_process(application: Path) -> None:
    """The server that is to start behind `&&` would wait for a thread that the module started."""
    thread = 'threading.Thread(target=time.sleep, args=(300,), name="poller").start()'
    code, out, err = beside(thread, application, "apply")
    assert code == 0
    assert out.splitlines()[-1].startswith("the application can start")
    assert err.endswith("threads of the application still run after 5 s, and are not waited for: poller\n")


def test_threads_that_end_are_waited_for(application: Path) -> None:
    """A pool ends its threads as Python ends: what they still do is done, and nothing is said."""
    pool = "ThreadPoolExecutor(1).submit(lambda: (time.sleep(1), print('sent', flush=True)))"
    code, out, err = beside(pool, application, "check")
    assert code == 1
    assert "sent" in out + err
    assert "not waited for" not in err


@pytest.mark.parametrize(
    ("command", "told"), [((), "no command to run"), (("no-such-program",), "no-such-program is not a program")]
)
def test_a_command_that_cannot_run_is_told_before_anything_is_done(
    application: Path, command: tuple[str, ...], told: str
) -> None:
    url = url_of(application)
    process = start(application, "run", "shop:Base", "--url", url, "--", *command)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told in err
    assert (application / "shop.db").stat().st_size == 0


# Both views show the whole server, on which other tests work at the same time.
BUILDING = "SELECT count(*) = 1 FROM pg_stat_progress_create_index WHERE datname = current_database()"
CANCELLED = BUILDING.replace("= 1", "= 0")
ADVISORY = (
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
    " WHERE locktype = 'advisory' AND datname = current_database()"
)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "pg8000"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_the_statement_and_leaves_nothing_behind(
    tmp_path: Path, postgres_database: Database, driver: str, number: signal.Signals
) -> None:
    """An index build that waits for a writer is cancelled on the server; its INVALID index is dropped."""
    (tmp_path / "stage.py").write_text(MODELS)
    with postgres_database.connect() as connection, postgres_database.connect(autocommit=False) as writer:
        connection.execute("CREATE TABLE things (id SERIAL PRIMARY KEY, size INTEGER)")
        writer.execute("INSERT INTO things (size) VALUES (1)")
        url = postgres_database.server.url(postgres_database.name, driver=driver)
        process = start(tmp_path, "apply", "stage:models", "--url", url, "--lock-timeout", "30s", "--budget", "60s")
        wait_until(connection, BUILDING)
        time.sleep(0.2)
        begun = time.monotonic()
        process.send_signal(number)
        wait_until(connection, CANCELLED)
        writer.rollback()  # DROP INDEX CONCURRENTLY waits for it too
        out, err = process.communicate(timeout=60)
        assert time.monotonic() - begun < 30
        assert process.returncode == 128 + number, err
        assert f"stopped by {number.name}" in out, err
        assert "Traceback" not in err
        assert connection.execute("SELECT count(*) FROM pg_index WHERE NOT indisvalid").fetchone() == (0,)
        assert connection.execute(ADVISORY).fetchone() == (0,)


def test_an_interrupt_while_the_program_is_imported_is_one_line() -> None:
    """The signal comes when the command's modules are looked for."""
    program = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "schema_guard.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from schema_guard.cli import main
sys.argv = ["schema-guard", "check"]
main()
"""
    process = subprocess.run(
        [REAL, "-c", program],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (process.returncode, process.stdout) == (130, "")
    assert process.stderr == "schema-guard: interrupted before anything was begun\n"


def test_nothing_is_imported_before_an_interrupt_is_caught() -> None:
    """What the command's script imports itself: half a millisecond, in which a signal would still be a traceback."""
    program = f"import sys; sys.path[:] = {sys.path!r}; before = set(sys.modules)\n"
    program += "import schema_guard.cli; print(sorted(set(sys.modules) - before))"
    ran = subprocess.run([REAL, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(["__future__", "schema_guard", "schema_guard.cli"])
