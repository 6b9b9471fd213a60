"""Runs `schema-guard` command lines in child processes that may be killed: everything is imported once, then forked.

Each line on standard input is a request as JSON, each line on standard output the answer:

    {"arguments": [..], "directory": "..", "processes": 1, "fault": {"at": 7, "how": "after"}, "check": false}
    [{"code": 0, "signal": 0}, ..]

A child's output goes to DIRECTORY/N.out and N.err, what it sent to N.log; N counts from 0. The children of one request
begin together. With `check`, a child looks at the database right after its command and writes what breaks to N.after.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.warm.imports import import_everything

__all__ = ["Ended", "Victims"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit code, or the signal that killed it; what it wrote, and the statements it sent."""

    code: int
    signal: int
    out: str
    err: str
    after: str
    statements: tuple[str, ...]

    @property
    def killed(self) -> bool:
        return self.signal == 9


class Victims:
    """The process that forks the victims, seen from the test run."""

    def __init__(self, room: Path) -> None:
        self._room = room
        self._room.mkdir(parents=True, exist_ok=True)
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=room,  # from the repository's own directory a guard would find mdraft's migrations, and read them
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]), "CI": "1"},
        )

    def run(self, *arguments: str, check: bool = False, **fault: Any) -> Ended:
        """One command line; `fault` as `Fault` takes it."""
        return self.together(1, *arguments, check=check, **fault)[0]

    def together(self, processes: int, *arguments: str, check: bool = False, **fault: Any) -> list[Ended]:
        """The same command line in so many processes that begin at the same time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._number += 1
        directory = self._room / str(self._number)
        directory.mkdir()
        request = {
            "arguments": arguments,
            "directory": str(directory),
            "processes": processes,
            "fault": fault,
            "check": check,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return [_ended(directory, number, status) for number, status in enumerate(answer)]

    def close(self) -> None:
        self._process.communicate()


def _ended(directory: Path, number: int, status: dict[str, int]) -> Ended:
    def text(suffix: str, missing: str = "") -> str:
        path = directory / f"{number}.{suffix}"
        # as it is: read_text would make a line end of a carriage return
        return path.read_bytes().decode("utf-8", "surrogateescape") if path.exists() else missing

    statements = tuple(text("log").split("\0")[:-1])
    return Ended(
        status["code"], status["signal"], text("out"), text("err"), text("after", "it never looked"), statements
    )


def _serve() -> None:
    import_everything()
    for line in sys.stdin:
        request = json.loads(line)
        opened, opener = os.pipe()
        children = []
        for number in range(request["processes"]):
            child = os.fork()
            if child == 0:
                os.close(opener)
                os.read(opened, 1)  # the end of the pipe is the start
                _be_a_victim(request, number)
            children.append(child)
        os.close(opened)
        os.close(opener)
        answer = []
        for child in children:
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            answer.append({"code": max(status, 0), "signal": max(-status, 0)})
        print(json.dumps(answer), flush=True)


def _be_a_victim(request: dict[str, Any], number: int) -> None:
    """Never returns."""
    code = 70
    try:
        from schema_guard.cli.main import run
        from tests.faults.hook import Fault, install

        base = Path(request["directory"]) / str(number)
        for suffix, stream in (("out", 1), ("err", 2)):
            os.dup2(os.open(f"{base}.{suffix}", os.O_WRONLY | os.O_CREAT), stream)
        os.environ["VICTIM"] = str(os.getpid())  # so that what it starts can kill it
        install(Fault(f"{base}.log", **request["fault"]))
        code = run(request["arguments"])
        sys.stdout.flush()
        if request["check"]:
            _check(request["arguments"], Path(f"{base}.after"))
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _check(arguments: list[str], file: Path) -> None:
    """What a look at the database finds as soon as the command has returned."""
    from schema_guard.cli.asking import request

    asked = request(arguments[1], url=arguments[arguments.index("--url") + 1])
    report = asked.guard.check(asked.url)
    file.write_text("\n".join(finding.difference.key for finding in report.findings if finding.refusal is None))


if __name__ == "__main__":
    _serve()
