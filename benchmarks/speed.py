"""How long a whole process takes to check a database that satisfies the models, beside its peers, all in one run.

    python -m benchmarks.speed --url postgresql+psycopg2://postgres@127.0.0.1:5432/postgres [--write]

It makes a database of its own on that server, and removes it. Each peer is installed into an environment of its own
(`--peers` names the folder, which is used again); one that cannot be installed, fails or takes longer than a minute and
a half is left out, and the last lines say why. All ends within `--minutes`. `--write` puts the table into
docs/performance.md, and draws it. `--pg-dump` names a pg_dump that is not older than the server. Only the ratios carry
over to another machine, and only if it did nothing else.

    bare         the driver alone: it connects and asks for the catalog's fingerprint
    remembered   check of a frozen file, of which the database remembers that nothing is missing
    flat         the driver alone: it connects and reads the columns of all tables
    catalog      the driver alone: it connects and reads all that decides, in the flat rows that `frozen` asks for
    frozen       check of a frozen file, by its digests
    compared     the same where a table has a column more than the models: that one is compared
    build        the models are imported and built, and nothing else
    models       check of the models, which are imported and built for it
    alembic      alembic check of the same models
    the others   compare the database with itself; pg_dump -s writes its schema
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from benchmarks.check import database
from benchmarks.frozen import ROOT, environment, prepared
from benchmarks.models import models
from schema_guard.counted import counted

LONGEST = 90.0
"""Seconds for one process."""
INSTALLED_WITHIN = 150.0
AT_ONCE = 500
"""Tables that one transaction makes."""
GRACE = 45.0
"""Seconds after the end, for the first round that counts."""
PEERS = {"migradiff": "migra", "pgmig": "pgmig", "pg-schema-diff": "pg-schema-diff"}
"""On PyPI, and the command that each brings."""
BESIDE = ("psycopg[binary]", "psycopg2-binary", "greenlet")
"""What is installed with each: drivers, and what SQLAlchemy's asyncio needs, which some import."""
ORDER = ("bare", "remembered", "flat", "catalog", "frozen", "compared", "build", "models", "alembic", *PEERS, "pg_dump")
RUNNER = """
import json, os, subprocess, sys, threading, time
begun = time.perf_counter()
process = subprocess.Popen(sys.argv[2:], stdout=sys.stderr)
threading.Timer(float(sys.argv[1]), process.kill).start()
_, status, used = os.wait4(process.pid, 0)
passed = time.perf_counter() - begun
code = os.waitstatus_to_exitcode(status)
print(json.dumps([code, used.ru_utime + used.ru_stime, passed, used.ru_maxrss]), flush=True)
os._exit(0)
"""
"""Starts one process and measures it: started from here, it would be counted with the memory of this one."""
PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "images" / "speed.svg"
BEGIN, END = "<!-- figures -->", "<!-- /figures -->"


class Taken(NamedTuple):
    """What one process took."""

    processor: float
    """Milliseconds of the client; the server's are not in it."""
    passed: float
    megabytes: float


class FailedError(Exception):
    """A process failed or took too long."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=11)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "schema-guard-peers")
    parser.add_argument("--pg-dump", default=shutil.which("pg_dump"))
    parser.add_argument("--without", nargs="*", default=[], choices=ORDER, help="what is left out")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    arguments = parser.parse_args()
    ends = time.monotonic() + arguments.minutes * 60
    notes: list[str] = []
    peers = {
        name: path
        for name, command in PEERS.items()
        if name not in arguments.without and (path := peer(arguments.peers, name, command, notes))
    }
    found: dict[int, dict[str, list[Taken]]] = {}
    for position, tables in enumerate(arguments.tables):
        left = ends - time.monotonic()
        if left <= 0:
            notes.append(f"no time was left for {tables:,} tables")
            break
        until = time.monotonic() + left / (len(arguments.tables) - position)
        with database(arguments.url) as engine, tempfile.TemporaryDirectory() as folder:
            found[tables] = measure(
                engine,
                Path(folder),
                tables,
                peers,
                arguments.pg_dump,
                arguments.without,
                arguments.rounds,
                until,
                notes,
            )
    text = written(found)
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")
        if python := peer(arguments.peers, "matplotlib", "python", notes):
            subprocess.run([python, Path(__file__).with_name("plot.py"), PAGE, PLOT], check=True)
    sys.stdout.write("\n".join([text, "", *notes, ""]))


def peer(folder: Path, name: str, program: str, notes: list[str]) -> Path | None:
    """Its command, installed if need be."""
    home = folder / name
    command = home / "bin" / program
    if command.exists():
        return command
    try:
        for step in (
            [sys.executable, "-m", "venv", str(home)],
            [str(home / "bin" / "pip"), "install", "-q", "--disable-pip-version-check", name, *BESIDE],
        ):
            subprocess.run(step, check=True, capture_output=True, timeout=INSTALLED_WITHIN)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(home, ignore_errors=True)
        notes.append(f"{name} is left out: it cannot be installed ({type(error).__name__})")
        return None
    return command


def measure(
    engine: sa.Engine,
    folder: Path,
    tables: int,
    peers: Mapping[str, Path],
    dump: str | None,
    without: list[str],
    rounds: int,
    until: float,
    notes: list[str],
) -> dict[str, list[Taken]]:
    """What each command took, in alternating rounds.

    The first round does not count: files are compiled, and an answer is remembered. It runs backwards, since alembic
    check makes a table, which changes the catalog.
    """
    metadata = models(tables)
    for begin in range(0, tables, AT_ONCE):  # one transaction for all of 5,000 holds more locks than a server has
        metadata.create_all(engine, tables=metadata.sorted_tables[begin : begin + AT_ONCE])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    commands = dict(prepared(folder, engine, tables)) | beside(engine.url, peers, dump)
    commands = {name: commands[name] for name in ORDER if name in commands and name not in without}
    taken: dict[str, list[Taken]] = {name: [] for name in commands}
    for turn in range(rounds + 1):
        order = list(commands.items())
        for name, command in order if turn else reversed(order):
            late = time.monotonic() - until
            if late > GRACE or (late > 0 and turn > 1):  # one round is measured, if it can be
                return taken
            try:
                one = run(command, folder, engine)
            except FailedError as error:
                notes.append(f"{name} is left out at {tables:,} tables: {error}")
                del commands[name], taken[name]
                continue
            if turn:
                taken[name].append(one)
    return taken


def beside(url: sa.URL, peers: Mapping[str, Path], dump: str | None) -> dict[str, list[str]]:
    """The commands of the tools that read the database alone."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    words = {
        "migradiff": [dsn, dsn],
        "pgmig": ["generate", "--source", dsn, "--target", dsn],
        "pg-schema-diff": ["diff", "--source", dsn, "--target", dsn],
    }
    found = {name: [str(command), *words[name]] for name, command in peers.items()}
    return found | ({"pg_dump": [dump, "--schema-only", "--dbname", dsn]} if dump else {})


def run(command: list[str], folder: Path, engine: sa.Engine) -> Taken:
    """Raises FailedError."""
    measured = [sys.executable, "-S", "-c", RUNNER, str(LONGEST), *command]
    done = subprocess.run(
        measured, cwd=folder, env=environment(folder, engine), capture_output=True, text=True, check=True
    )
    code, processor, passed, kilobytes = json.loads(done.stdout)
    if code:
        said = (done.stderr.strip().splitlines() or ["-"])[-1][:150]
        raise FailedError("it took too long" if passed > LONGEST else f"exit code {code}: {said}")
    return Taken(processor * 1000, passed * 1000, kilobytes / 1024)


def written(found: Mapping[int, Mapping[str, list[Taken]]]) -> str:
    """A Markdown table: medians, and what everything is measured by."""
    names = [name for name in ORDER if any(taken.get(name) for taken in found.values())]
    head = [f"{tables:,} tables, ms of processor / passed / MB" for tables in found]
    lines = [f"| | {' | '.join(head)} |", f"|---|{'---|' * len(head)}"]
    for name in names:
        cells = [_cell(taken.get(name, [])) for taken in found.values()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    for one, other in (("remembered", "bare"), ("frozen", "catalog")):
        apart = [_apart(taken, one, other) for taken in found.values()]
        lines.append(f"| *{one} minus {other}* | {' | '.join(apart)} |")
    pairs = [("alembic", other) for other in ("remembered", "frozen", "compared", "models")]
    for one, other in (("frozen", "catalog"), ("models", "build"), *pairs):
        ratios = [_ratio(taken, one, other) for taken in found.values()]
        lines.append(f"| *{one} / {other}* | {' | '.join(ratios)} |")
    rounds = ", ".join(
        f"{counted(max(map(len, taken.values()), default=0), 'round')} at {n:,}" for n, taken in found.items()
    )
    machine = f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end, Python {sys.version.split()[0]}"
    return "\n".join([*lines, "", f"Medians of {rounds}; {machine}, {time.strftime('%Y-%m-%d', time.gmtime())}."])


def _median(taken: list[Taken]) -> Taken | None:
    return Taken(*map(statistics.median, zip(*taken, strict=True))) if taken else None


def _cell(taken: list[Taken]) -> str:
    found = _median(taken)
    return "-" if found is None else f"{found.processor:,.0f} / {found.passed:,.0f} / {found.megabytes:,.0f}"


def _apart(taken: Mapping[str, list[Taken]], one: str, other: str) -> str:
    first, second = _median(taken.get(one, [])), _median(taken.get(other, []))
    if first is None or second is None:
        return "-"
    return f"{first.processor - second.processor:,.0f} / {first.passed - second.passed:,.0f}"


def _ratio(taken: Mapping[str, list[Taken]], one: str, other: str) -> str:
    first, second = _median(taken.get(one, [])), _median(taken.get(other, []))
    if first is None or second is None:
        return "-"
    return f"{first.processor / second.processor:.1f} / {first.passed / second.passed:.1f}"


if __name__ == "__main__":
    main()
