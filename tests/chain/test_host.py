"""The processes of a project are forked from one host: they are as new ones, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from schema_guard.chain.sandbox import starting
from schema_guard.chain.sandbox.child import events_of
from schema_guard.chain.sandbox.job import Ended, Event, Failed, Job, Task
from tests.chain.stage import Stage

ENV = "import os, sys\nfrom pathlib import Path\n"
"""The beginning of each env.py; what it writes into `said` is what the test reads."""

JOB: dict[str, Any] = {"task": Task.DESCRIBE, "url": "sqlite://", "real": "sqlite://"}

pytestmark = [pytest.mark.usefixtures("cold"), pytest.mark.skipif(not starting.FORKS, reason="only Linux forks")]


@pytest.fixture
def played(room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[Event]]]:
    """Runs an env.py and gives its events; with a host of its own."""
    monkeypatch.setattr(starting, "_HOSTS", starting._Hosts())
    (room / "migrations" / "versions").mkdir(parents=True)

    def play(body: str, **environment: str) -> list[Event]:
        (room / "migrations" / "env.py").write_text(ENV + body)
        job = Job(**JOB, directory=str(room), path=tuple(sys.path), folder=str(room / "migrations"))
        return list(events_of(job, {**os.environ, **environment}))

    yield play
    starting._HOSTS.close()


def host() -> starting._Host:
    found = starting._HOSTS._host
    assert found is not None
    return found


def test_each_process_is_as_new(played: Callable[..., list[Event]], room: Path) -> None:
    """Its environment, its directory, its session and its modules are its own; the host is one."""
    body = (
        "import a_module\nown = str(os.getpid())\n"  # it runs twice in each process: as `upgrade` does, then offline
        "assert getattr(a_module, 'seen', own) == own, 'a module of another process'\na_module.seen = own\n"
        "assert os.environ.get('LEFT', own) == own\nos.environ['LEFT'] = own\n"
        "said = os.environ['NAME'], os.getcwd(), os.getpid() == os.getsid(0), os.getppid()\n"
        "Path('said').write_text(' '.join(map(str, said)))\n"
    )
    (room / "a_module.py").write_text("")
    sys.path.insert(0, str(room))
    parents = set()
    for name in ("one", "two"):
        assert isinstance(played(body, NAME=name)[-1], Ended)
        *said, parent = (room / "said").read_text().split()
        assert said == [name, str(room), "True"]
        first = host().process.pid
        parents.add(parent)
    assert host().process.pid == first
    assert str(first) not in parents, "each has an attendant between the host and itself"


def test_what_python_reads_when_it_starts_gets_another_host(played: Callable[..., list[Event]], room: Path) -> None:
    body = "import warnings\nPath('said').write_text(str(sys.flags.dev_mode))\n"
    for value in ("", "1"):
        played(body, PYTHONDEVMODE=value)
        assert (room / "said").read_text() == str(bool(value))


def test_a_host_that_is_gone_is_replaced(played: Callable[..., list[Event]]) -> None:
    """It ends when it has nothing to do, and somebody may kill it."""
    assert isinstance(played("")[-1], Ended)
    gone = host().process
    gone.kill()
    gone.wait()
    assert isinstance(played("")[-1], Ended)
    assert host().process.pid != gone.pid


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("os.kill(os.getpid(), 9)", "ended with signal 9"),
        ("print('last words', flush=True)\nos._exit(7)", "ended with exit code 7: last words"),
        ("os.kill(os.getppid(), 9)\nos._exit(7)", "ended with signal 9"),
    ],
    ids=["it is killed", "it ends", "its attendant is killed"],
)
def test_how_it_ended_is_told(played: Callable[..., list[Event]], body: str, says: str) -> None:
    (*_, last) = played(body)
    assert isinstance(last, Failed)
    assert says in last.message


def test_nothing_outlives_the_guard(room: Path) -> None:
    """Killed in the middle of an env.py, neither the host nor the project's process stays."""
    (room / "migrations" / "versions").mkdir(parents=True)
    (room / "migrations" / "env.py").write_text(
        f"{ENV}import time\nPath('pids').write_text(f'{{os.getpid()}} {{os.getppid()}}')\ntime.sleep(60)\n"
    )
    program = (
        "import os, sys\nfrom schema_guard.chain.sandbox import starting\n"
        "from schema_guard.chain.sandbox.child import events_of\n"
        "from schema_guard.chain.sandbox.job import Job, Task\n"
        f"url, room, folder = 'sqlite://', {str(room)!r}, {str(room / 'migrations')!r}\n"
        "job = Job(task=Task.DESCRIBE, url=url, real=url, directory=room, path=tuple(sys.path), folder=folder)\n"
        "for _ in events_of(job, dict(os.environ)):\n"
        "    print(starting._HOSTS._host.process.pid, flush=True)\n"
    )
    guard = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert guard.stdout is not None
    pids = [int(guard.stdout.readline())]
    _until(lambda: (room / "pids").exists() and len((room / "pids").read_text().split()) == 2)
    pids += [int(pid) for pid in (room / "pids").read_text().split()]
    guard.send_signal(signal.SIGKILL)
    guard.communicate()
    _until(lambda: not any(_runs(pid) for pid in pids))


def test_what_run_becomes_has_no_child(on_sqlite: Stage) -> None:
    """exec keeps the children of a process: the host has ended before."""
    on_sqlite.plain().chain()
    on_sqlite.sql(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY)",
        "CREATE TABLE proposals (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(255) NOT NULL)",
    )
    with (on_sqlite.directory / "migrations" / "env.py").open("a") as env:
        env.write("# version_table: only env.py knows which, so that apply asks it\n")
    program = "import os\ntry:\n    print(os.waitpid(-1, os.WNOHANG))\nexcept ChildProcessError:\n    print('none')"
    done = subprocess.run(
        [sys.executable, "-m", "schema_guard", "run", "shop:Base", "--", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "none\n", done.stderr


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
