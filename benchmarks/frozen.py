"""How long a check with a frozen file takes as a whole process, beside its peers, all in one alternating run: only the
ratios carry over.

    python -m benchmarks.frozen [--url postgresql+psycopg2://..] [--tables 10 100 1000] [--clock processor]

Without --url it measures on SQLite, in a temporary file. With it, it makes a database of its own on that server, and
removes it.

Beside it run, one after the other in each round: on PostgreSQL the check that is remembered, and `bare`, the driver
alone, which connects and asks for the catalog's fingerprint; `flat`, the same driver alone, which reads the columns of
all tables; the check with the models; and `alembic check` of the same models. On a machine that does other work the
processor's time says more than the time that passed; the server's own is not in it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from benchmarks.check import place
from benchmarks.models import models
from schema_guard.dialects.postgresql.memory import IDENTIFIED, fingerprint
from schema_guard.dialects.postgresql.query_text import query

NAMES = ("remembered", "bare", "frozen", "flat", "models", "alembic")
ROOT = Path(__file__).parents[1]

APPLICATION = """
from benchmarks.models import models
metadata = models({tables})
"""
ENV = """
import os
import sqlalchemy as sa
from alembic import context
from application import metadata

with sa.create_engine(os.environ["BENCHMARK_URL"]).connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
FLAT_SQLITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT * FROM sqlite_master m, pragma_table_xinfo(m.name) WHERE m.type = 'table'").fetchall()
connection.execute("SELECT * FROM sqlite_master m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name)").fetchall()
connection.execute("SELECT * FROM sqlite_master m, pragma_foreign_key_list(m.name)").fetchall()
"""
BARE_POSTGRESQL = """
import importlib, json, sys
driver = importlib.import_module(sys.argv[1])
connection = driver.connect(**json.loads(sys.argv[2]))
cursor = connection.cursor()
cursor.execute(sys.argv[3])
cursor.fetchall()
"""
FLAT_POSTGRESQL = """
import importlib, json, sys
driver = importlib.import_module(sys.argv[1])
connection = driver.connect(**json.loads(sys.argv[2]))
cursor = connection.cursor()
cursor.execute(
    "SELECT c.relname, a.attname, a.attnotnull, pg_get_expr(d.adbin, d.adrelid) FROM pg_class c"
    " JOIN pg_attribute a ON a.attrelid = c.oid"
    " LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum"
    " WHERE c.relnamespace = current_schema()::regnamespace"
)
cursor.fetchall()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url")
    parser.add_argument("--tables", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--clock", choices=["passed", "processor"], default="passed")
    arguments = parser.parse_args()
    shown = Table("tables", *(f"{name}, ms" for name in NAMES), title=f"medians, time {arguments.clock}")
    for name in (
        "remembered - bare, ms",
        "frozen / flat",
        "models / frozen",
        "alembic / frozen",
        "alembic / remembered",
    ):
        shown.add_column(name)
    with place(arguments.url) as engine:
        for tables in arguments.tables:
            shown.add_row(*measure(engine, tables, arguments.rounds, arguments.clock))
    Console().print(shown)
    Console().print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}")


def measure(engine: sa.Engine, tables: int, rounds: int, clock: str) -> list[str]:
    metadata = models(tables)
    metadata.create_all(engine)
    with tempfile.TemporaryDirectory() as folder:
        commands = prepared(Path(folder), engine, tables)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(rounds + 1):
            for name, command in commands.items():
                seconds = run(Path(folder), engine, command)[clock]
                if turn:  # the first, cold round does not count
                    taken[name].append(seconds * 1000)
    metadata.drop_all(engine)
    median = {name: statistics.median(taken[name]) if taken.get(name) else None for name in NAMES}
    remembered, bare, frozen, flat, ours, peer = (median[name] for name in NAMES)
    pairs = ((frozen, flat), (ours, frozen), (peer, frozen), (peer, remembered))
    return [
        f"{tables:,}",
        *("-" if ms is None else f"{ms:,.0f}" for ms in median.values()),
        "-" if remembered is None or bare is None else f"{remembered - bare:,.0f}",
        *("-" if one is None or other is None else f"{one / other:.1f}" for one, other in pairs),
    ]


def prepared(folder: Path, engine: sa.Engine, tables: int) -> Mapping[str, list[str]]:
    """An application with its Alembic chain in the folder; the commands by their names."""
    (folder / "application.py").write_text(APPLICATION.format(tables=tables))
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/chain\n")
    (folder / "chain" / "versions").mkdir(parents=True)
    (folder / "chain" / "env.py").write_text(ENV)
    python, url = sys.executable, engine.url.render_as_string(hide_password=False)
    guard = [python, "-m", "schema_guard"]
    (folder / "fewer.py").write_text(APPLICATION.format(tables=f"{tables}, fewer=True"))
    run(folder, engine, [*guard, "freeze", "application:metadata", "-o", "expected.json"])
    run(folder, engine, [*guard, "freeze", "fewer:metadata", "-o", "fewer.json"])
    check = [*guard, "check", "expected.json", "--url", url]
    if engine.dialect.name == "sqlite":
        more = {}
    else:
        catalog = asking(engine, query("exact", schemas=["public"]))
        more = {"remembered": [*check, "--remember"], "bare": bare(engine), "catalog": catalog}
    return {
        **more,
        "frozen": check,
        "compared": [*guard, "check", "fewer.json", "--url", url],
        "flat": [python, "-c", *flat(engine)],
        "build": [python, "-c", "import application"],
        "models": [*guard, "check", "application:metadata", "--url", url],
        "alembic": [python, "-m", "alembic", "check"],
    }


def flat(engine: sa.Engine) -> list[str]:
    """The same driver alone."""
    if engine.dialect.name == "sqlite":
        return [FLAT_SQLITE, str(engine.url.database)]
    _, named = engine.dialect.create_connect_args(engine.url)
    named.pop("context", None)
    return [FLAT_POSTGRESQL, engine.dialect.driver, json.dumps(named)]


def bare(engine: sa.Engine) -> list[str]:
    """The same driver alone, which asks for the fingerprint of the catalog."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        version = driver.info.server_version
    return asking(engine, fingerprint(version, IDENTIFIED))


def asking(engine: sa.Engine, sql: str) -> list[str]:
    """The same driver alone, with one query."""
    python, _, name, arguments = [sys.executable, *flat(engine)]
    return [python, "-c", BARE_POSTGRESQL, name, arguments, sql]


def environment(folder: Path, engine: sa.Engine) -> dict[str, str]:
    """In which the commands of `prepared` find the application, and keep what was compiled."""
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "src"), str(ROOT)]),
        "BENCHMARK_URL": engine.url.render_as_string(hide_password=False),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # compiling anew each time is not what is measured
    return variables


def run(folder: Path, engine: sa.Engine, command: list[str]) -> dict[str, float]:
    """Seconds of the whole process, which has to succeed, by either clock."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment(folder, engine), capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)[:200]} failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    return {"passed": taken, "processor": after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime}


if __name__ == "__main__":
    main()
