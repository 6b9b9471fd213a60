"""The process that the warm programs are forked from: `python tests/warm/host.py HOME`.

It imports once what every program of the tests imports, and runs nothing itself. Each program gets a process of its
own that is made as new as Python makes it: environment, directory, files, arguments, path, signals. The application is
never imported here. The host ends when its standard input does, and takes the programs along.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NoReturn

FILES = 64
"""So many may be sent to a program; usually it is three."""
HIGH = 512
"""Above the numbers of all files that a process of the tests has."""
BASE = tuple(sys.path[1:])
"""Where a new Python looks, after its own directory and PYTHONPATH, which the host is started without."""


@dataclass(frozen=True)
class Program:
    """A process that runs, and who asked for it."""

    pid: int
    pidfd: int
    asker: socket.socket


def main() -> int:
    home = Path(sys.argv[1])
    sys.path[0] = str(Path(__file__).parents[2])
    from tests.warm.imports import import_everything

    import_everything()
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]  # an application may have a package of that name
    if threading.active_count() != 1:
        raise RuntimeError("an import started a thread: what is forked now may wait for it for ever")
    gc.collect()
    gc.freeze()  # what is not looked at is not copied
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(home / "new"))
        listener.listen(64)
        (home / "new").rename(home / "socket")  # whoever finds it can connect
        _serve(listener)
    return 0


def _serve(listener: socket.socket) -> None:
    selector = selectors.DefaultSelector()
    selector.register(sys.stdin.buffer, selectors.EVENT_READ)
    selector.register(listener, selectors.EVENT_READ)
    running: set[Program] = set()
    while True:
        for key, _ in selector.select():
            if key.fileobj is sys.stdin.buffer:
                for program in running:
                    _kill(program.pid)
                return
            if key.fileobj is listener:
                program = _start(listener)
                running.add(program)
                selector.register(program.asker, selectors.EVENT_READ, program)
                selector.register(program.pidfd, selectors.EVENT_READ, program)
            elif key.data in running and _ended(key.fileobj, key.data):
                running.remove(key.data)
                for file in (key.data.asker, key.data.pidfd):
                    selector.unregister(file)
                key.data.asker.close()
                os.close(key.data.pidfd)


def _start(listener: socket.socket) -> Program:
    asker, _ = listener.accept()
    head, files, _, _ = socket.recv_fds(asker, 8, FILES)
    with asker.makefile("rb", buffering=0) as stream:
        asked = b""
        while missing := int.from_bytes(head, "big") - len(asked):
            asked += stream.read(missing) or b""
    pid = os.fork()
    if pid == 0:
        arguments, environment, directory, numbers = marshal.loads(asked)
        _become(arguments, environment, directory, numbers, files)
    for file in files:
        os.close(file)
    return Program(pid, os.pidfd_open(pid), asker)


def _ended(ready: object, program: Program) -> bool:
    """Pass a signal on, or tell the asker how its program ended."""
    if ready is program.asker:
        received = program.asker.recv(1)
        if received:
            with suppress(ProcessLookupError):
                os.kill(program.pid, received[0])
            return False
        _kill(program.pid)  # the asker was killed
    code = os.waitstatus_to_exitcode(os.waitpid(program.pid, 0)[1])
    with suppress(OSError):
        program.asker.sendall(b"%d" % code)
    return True


def _kill(pid: int) -> None:
    """The program and what it started."""
    for kill in (os.killpg, os.kill):
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _become(
    arguments: list[str], environment: dict[bytes, bytes], directory: str, numbers: list[int], files: list[int]
) -> NoReturn:
    """The program, in what a new process would have."""
    code = 1
    try:
        os.setsid()
        _take(files, numbers)
        os.environ.clear()
        os.environb.update(environment)
        time.tzset()
        os.chdir(directory)
        unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
        sys.executable = str(Path(sys.argv[1], "bin", "python"))  # what it starts begins at once, too
        sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
        # The streams stay the same objects, for modules hold them; nothing was read or written so far.
        sys.stdout.reconfigure(line_buffering=os.isatty(1), write_through=unbuffered)  # type: ignore[union-attr]
        importlib.invalidate_caches()
        _run(arguments)
        code = 0
    except SystemExit as ended:
        code = _exit_code(ended)
    except BaseException as error:
        sys.excepthook(type(error), error.with_traceback(_own(error.__traceback__)), None)
        code = -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    finally:
        with suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as Python does at its end
            atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)


def _take(files: list[int], numbers: list[int]) -> None:
    """Give each file the number that it has for whoever asked, and close every other one."""
    high = [fcntl.fcntl(file, fcntl.F_DUPFD, HIGH) for file in files]
    os.closerange(0, HIGH)
    for file, number in zip(high, numbers, strict=True):
        os.dup2(file, number)
    os.closerange(HIGH, HIGH + FILES)


def _run(arguments: list[str]) -> None:
    """As the command line of Python does: `[-P] -m MODULE`, `-c CODE` or a file."""
    place = [] if arguments[0] == "-P" else [str(Path.cwd())]
    first, *others = arguments[arguments[0] == "-P" :]
    path = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if first == "-m":
        sys.argv[:] = [first, *others[1:]]
        sys.path[:] = [*place, *path, *BASE]
        sys.modules.pop(others[0], None)  # or runpy warns: a program that just started cannot have it
        runpy.run_module(others[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv[:] = [first, *others[1:]]
        sys.path[:] = ["", *path, *BASE]
        module = type(sys)("__main__")
        sys.modules["__main__"] = module
        exec(compile(others[0], "<string>", "exec"), module.__dict__)
    else:
        sys.argv[:] = arguments
        sys.path[:] = [str(Path(first).resolve().parent), *path, *BASE]
        runpy.run_path(first, run_name="__main__")


def _own(trace: TracebackType | None) -> TracebackType | None:
    """Without the lines of this file, where the program began."""
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    return trace


def _exit_code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return (ended.code or 0) & 0xFF
    print(ended.code, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
