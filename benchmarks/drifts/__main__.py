"""Which tools see single changes to a PostgreSQL database that satisfied its SQLAlchemy models, all in one run.

    python -m benchmarks.drifts --url postgresql+psycopg://postgres@127.0.0.1:5432/postgres [--write]

It makes two databases of its own on that server, and removes them: one that satisfies the models, and one that is
changed and changed back. A tool sees a change when it says something else than it said before the change. Alembic,
sqlpush and DBWarden compare with the models; DBWarden has declarations of its own besides, which these models don't
use. The others compare with the first database. Each is installed into an environment of its own (`--peers` names the
folder, which is used again); one that cannot be installed is left out. `--write` puts the table into
docs/comparison.md.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from benchmarks.check import database
from benchmarks.drifts import DRIFTS, metadata
from benchmarks.frozen import ROOT
from benchmarks.speed import PEERS, peer

PAGE = ROOT / "docs" / "comparison.md"
BEGIN, END = "<!-- drifts -->", "<!-- /drifts -->"
LONGEST = 60.0
"""Seconds for one process."""
PASSING = re.compile(r"\x1b\[[0-9;]*m|\[\d\d/\d\d/\d\d \d\d:\d\d:\d\d\]|\b\d+(\.\d+)? m?s\b|\s+")
"""What differs from run to run: colours, times, and the width of columns."""
ALEMBIC = """
import sys
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from benchmarks.drifts import metadata

options = {"compare_type": True, "compare_server_default": True}
with sa.create_engine(sys.argv[1]).connect() as connection:
    found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
print(*(f"{each[0][:2] if isinstance(each, list) else each[:2]}" for each in found), sep="\\n")
"""
DBWARDEN = """
from dbwarden import DbwardenDatabase

class Primary(DbwardenDatabase):
    database_name = "primary"
    default = True
    database_type = "postgresql"
    database_url_sync = "{url}"
    migrations_dir = "migrations"
    model_paths = ["models"]
"""
CLASSES = """
from sqlalchemy.orm import DeclarativeBase
from benchmarks import drifts

class Base(DeclarativeBase):
    metadata = drifts.metadata
""" + "".join(
    f"""
class {name.title()}(Base):
    __tablename__ = "{name}"
    __table__ = drifts.{name}
"""
    for name in metadata.tables
)
COMMANDS = {"sqlpush": "sqlpush", "dbwarden": "dbwarden", **PEERS}
"""On PyPI, and the command that each brings."""


class Tool(NamedTuple):
    """How a tool is asked, and what the end of its answer is where nothing differs."""

    command: list[str]
    nothing: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True)
    parser.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "schema-guard-peers")
    parser.add_argument("--write", action="store_true", help="write docs/comparison.md")
    arguments = parser.parse_args()
    notes: list[str] = []
    peers = {name: path for name, command in COMMANDS.items() if (path := peer(arguments.peers, name, command, notes))}
    with ExitStack() as stack:
        pattern = stack.enter_context(database(arguments.url, "schema_guard_pattern"))
        changed = stack.enter_context(database(arguments.url, "schema_guard_changed"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for engine in (pattern, changed):
            metadata.create_all(engine)
        found = measure(changed, tools(folder, pattern.url, changed.url, peers), folder, notes)
    text = written(found, peers)
    sys.stdout.write("\n".join([text, "", *notes, ""]))
    if arguments.write:
        page = PAGE.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def tools(folder: Path, pattern: sa.URL, changed: sa.URL, peers: Mapping[str, Path]) -> dict[str, Tool]:
    """How each is asked about the changed database."""
    (folder / "models").mkdir()
    (folder / "models" / "classes.py").write_text(CLASSES)
    (folder / "migrations").mkdir()
    (folder / "dbwarden.py").write_text(DBWARDEN.format(url=_dsn(changed)))
    own = [sys.executable, "-m", "schema_guard", "check", "benchmarks.drifts:metadata", "--url", _dsn(changed)]
    found = {
        "schema-guard": Tool([*own, "--fail-on", "notes", "--no-color"], "exit 0"),
        "alembic": Tool([sys.executable, "-c", ALEMBIC, _dsn(changed, "psycopg")], ""),
    }
    words = {
        "sqlpush": Tool(["diff", "benchmarks.drifts:metadata", "--dsn", _dsn(changed)], "-- schema in sync --"),
        "dbwarden": Tool(["diff", "--out", "sql"], "Database connection initialized"),
        "migradiff": Tool(["--unsafe", _dsn(changed), _dsn(pattern)], ""),
        "pgmig": Tool(["generate", "--source", _dsn(pattern), "--target", _dsn(changed)], ""),
        "pg-schema-diff": Tool(
            ["diff", "--source", _dsn(pattern), "--target", _dsn(changed)],
            "-- No schema differences detected. COMMIT;",
        ),
    }
    return found | {name: Tool([str(peers[name]), *words[name].command], words[name].nothing) for name in peers}


def _dsn(url: sa.URL, driver: str = "") -> str:
    return url.set(drivername="postgresql" + (f"+{driver}" if driver else "")).render_as_string(hide_password=False)


def measure(
    changed: sa.Engine, asked: Mapping[str, Tool], folder: Path, notes: list[str]
) -> dict[str, dict[str, bool]]:
    """By change, and by tool, whether it was seen; by "" whether the tool says anything where nothing differs."""
    before = {name: said(tool, folder) for name, tool in asked.items()}
    for name in [name for name, answer in before.items() if answer is None]:
        notes.append(f"{name} is left out: it fails on the database that satisfies the models")
        del before[name]
    asked = {name: asked[name] for name in before}
    found = {"": {name: not _is_nothing(before[name], tool) for name, tool in asked.items()}}
    for what, (change, undo, _) in DRIFTS.items():
        with changed.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(change)
            found[what] = {name: said(tool, folder) != before[name] for name, tool in asked.items()}
            sys.stderr.write(f"{what}: {', '.join(name for name in asked if not found[what][name]) or 'all'}\n")
            if undo is not None:
                connection.exec_driver_sql(undo)
            else:
                connection.exec_driver_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
                metadata.create_all(connection)
    return found


def _is_nothing(answer: str | None, tool: Tool) -> bool:
    return answer is not None and (answer.endswith(tool.nothing) if tool.nothing else not answer)


def said(tool: Tool, folder: Path) -> str | None:
    """What it writes to stdout, without what differs from run to run; None where it fails."""
    done = subprocess.run(
        tool.command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    return None if "Traceback (most recent call last)" in done.stderr else PASSING.sub(" ", done.stdout).strip()


def written(found: Mapping[str, Mapping[str, bool]], peers: Mapping[str, Path]) -> str:
    """A Markdown table: a row for each change."""
    names = list(found[""])
    seen = {name: sum(found[what][name] for what in DRIFTS) for name in names}
    reports = ("yes" if found[""][name] else "no" for name in names)
    lines = [
        f"| change | {' | '.join(f'{name} (PyPI)' if name == 'pg-schema-diff' else name for name in names)} |",
        f"|---|{'---|' * len(names)}",
        *(f"| {what} | {' | '.join('yes' if found[what][name] else 'no' for name in names)} |" for what in DRIFTS),
        f"| **seen of {len(DRIFTS)}** | {' | '.join(f'**{seen[name]}**' for name in names)} |",
        f"| reports something where nothing differs | {' | '.join(reports)} |",
    ]
    versions = [
        f"alembic {version('alembic')}",
        *(f"{name} {_version(name, command)}" for name, command in peers.items() if name in names),
    ]
    return "\n".join([*lines, "", f"{', '.join(versions)}; {time.strftime('%Y-%m-%d', time.gmtime())}."])


def _version(name: str, command: Path) -> str:
    """Of the distribution in the tool's own environment."""
    asking = f"from importlib.metadata import version; print(version('{name}'))"
    return subprocess.run(
        [command.parent / "python", "-c", asking], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
