"""A warm program behaves as one that was just started; and what is killed is dead."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.warm.programs import REAL, Programs

HELD = "import os, sys, time; print(os.getpid(), flush=True); time.sleep(60)"
PRINTED = """
import os, sys
print(sys.argv, sys.path, sys.stdin.read(), os.getcwd(), sorted(os.environ.items()), __name__, __builtins__ is not None)
print("to stderr", file=sys.stderr)
"""


pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux has pidfd")


def real_and_warm(warm: Programs) -> list[Path]:
    return [Path(REAL), warm.folder / "python"]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": "/nowhere", **more}


def results(warm: Programs, folder: Path, *arguments: str, text: str = "", **more: str) -> list[tuple[int, str, str]]:
    """The same command by the real Python and by the warm one: exit code and both outputs."""
    found = []
    for python in real_and_warm(warm):
        done = subprocess.run(
            [python, *arguments],
            cwd=folder,
            env=environment(**more),
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        found.append((done.returncode, done.stdout, done.stderr))
    return found


@pytest.mark.parametrize("how", ["-c", "-m", "-P -m", "file"])
def test_it_is_given_what_a_real_one_is_given(how: str, warm: Programs, tmp_path: Path) -> None:
    (tmp_path / "printed.py").write_text(PRINTED)
    (tmp_path / "elsewhere").mkdir()
    place = {"PYTHONPATH": str(tmp_path)} if how == "-P -m" else {}
    arguments = {"-c": ["-c", PRINTED], "file": ["printed.py"]}.get(how, [*how.split(), "printed"])
    real, forked = results(warm, tmp_path, *arguments, "one", "two words", text="given", OTHER="value", **place)
    assert forked == real
    assert "given" in real[1]


@pytest.mark.parametrize(
    "code",
    [
        "import sys; sys.exit(3)",
        "import sys; sys.exit('said')",
        "import sys; sys.exit()",
        "import os; os._exit(300 & 0xFF)",
        "1 / 0",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "raise KeyboardInterrupt",
        "import atexit; atexit.register(print, 'the end'); print('the beginning')",
        "import threading, time; threading.Thread(target=lambda: (time.sleep(0.2), print('late'))).start()",
        "import warnings; warnings.warn('shown once')",
        "import logging; logging.getLogger('any').warning('no handler')",
        "import sys; print(sys.stdout.encoding, sys.stdout.line_buffering, sys.stderr.errors, '\u00e9')",
        "import os; print(os.listdir('/proc/self/fd')[:3], os.isatty(0))",
        "import signal; print(signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT).__name__)",
        "import sys; print('tests' in sys.modules, sys.modules['__main__'].__dict__.get('BASE'))",
    ],
)
def test_it_ends_and_speaks_as_a_real_one(code: str, warm: Programs, tmp_path: Path) -> None:
    real, forked = results(warm, tmp_path, "-c", code)
    assert forked == real


@pytest.mark.parametrize(("name", "argument"), [("schema-guard", "--version"), ("flask", "--help"), ("alembic", "-h")])
def test_commands_are_the_real_ones(name: str, argument: str, warm: Programs, tmp_path: Path) -> None:
    outputs = [
        subprocess.run([folder / name, argument], cwd=tmp_path, env=environment(), capture_output=True, check=True)
        for folder in (Path(REAL).parent, warm.folder)
    ]
    assert outputs[0].stdout == outputs[1].stdout != b""


def test_options_of_python_are_for_a_real_one(warm: Programs, tmp_path: Path) -> None:
    """So are its variables, but for those that the host understands."""
    shown = "import sys; print(sys.flags.no_site, sys.flags.utf8_mode)"
    assert results(warm, tmp_path, "-S", "-c", shown)[1] == (0, "1 0\n", "")
    assert results(warm, tmp_path, "-c", shown, PYTHONUTF8="1")[1] == (0, "0 1\n", "")


def test_no_import_is_known_of_an_application(warm: Programs, tmp_path: Path) -> None:
    """Two programs import two modules of one name."""
    for text in ("first", "second"):
        (tmp_path / text).mkdir()
        (tmp_path / text / "shop.py").write_text(f"print({text!r})")
        assert results(warm, tmp_path / text, "-c", "import shop")[1] == (0, f"{text}\n", "")


def test_further_files_have_their_numbers(warm: Programs) -> None:
    ours, its = socket.socketpair()
    with ours, its:
        code = f"import socket; socket.socket(fileno={its.fileno()}).send(b'through')"
        subprocess.run([warm.folder / "python", "-c", code], pass_fds=(its.fileno(),), env=environment(), check=True)
        assert ours.recv(7) == b"through"


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGUSR1])
def test_a_signal_reaches_it(sent: signal.Signals, warm: Programs) -> None:
    """SIGKILL ends what it started, too; and the caller sees the signal."""
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {HELD!r}]).wait()"
    program = code if sent == signal.SIGKILL else HELD
    line: list[str | Path] = [warm.folder / "python", "-c", program]
    with subprocess.Popen(line, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.send_signal(sent)
        assert process.wait(30) == -sent
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline, "the process outlives who asked for it"
        time.sleep(0.01)


def test_nothing_outlives_the_host(tmp_path: Path) -> None:
    programs = Programs()
    with subprocess.Popen(
        [programs.folder / "python", "-c", HELD], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        programs.close()
        assert process.wait(30) != 0
    assert not programs.folder.exists()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_it_starts_sooner(warm: Programs, tmp_path: Path) -> None:
    """What it is for: the same imports in less than half of the processor's time."""
    code = "import time, flask_migrate, sqlalchemy.orm, schema_guard.chain.deploy; print(time.process_time())"
    real, forked = (float(out) for _, out, _ in results(warm, tmp_path, "-c", code))
    assert forked < real / 2
