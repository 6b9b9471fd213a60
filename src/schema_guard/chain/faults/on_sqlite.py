"""The environment on SQLite: the version, the file, its directory, what a batch migration left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import URL

from schema_guard.chain.fault import Fault, Fix, Severity
from schema_guard.chain.faults.batch_leftovers import batch_leftovers
from schema_guard.chain.systems import Live
from schema_guard.dialects import is_in_memory
from schema_guard.dialects.base import Facts
from schema_guard.schema import Schema

__all__ = ["on_sqlite"]

OLDEST = 3_035_000
"""The first that drops a column; before it every change is a rebuild."""


def on_sqlite(url: URL, facts: Facts, live: Live, actual: Schema) -> Iterator[Fault]:  # noqa: ARG001
    """What stands in the way of the application and of its migrations."""
    if facts.read_only:
        yield Fault(
            "read-only",
            Severity.BREAKS,
            f"{facts.server.database} may not be written",
            Fix(f"chmod u+w {facts.server.database}, or give its directory to the user that runs the application"),
        )
    if facts.version < OLDEST:
        yield Fault(
            "server-version",
            Severity.RISK,
            f"SQLite {facts.server.version} cannot drop a column (3.35 can): revisions need batch mode",
            Fix("use a Python that brings a newer SQLite"),
        )
    database = url.database or ""
    memory = is_in_memory(url)
    if not (memory or database.startswith("file:") or Path(database).is_absolute()):
        yield Fault(
            "file",
            Severity.NOTE,
            f"the URL's path is relative: it is {Path(database).resolve()} from this directory, and another file "
            "elsewhere",
            Fix(f"sqlite:////{str(Path(database).resolve()).lstrip('/')}"),
        )
    if memory:
        yield Fault(
            "file",
            Severity.BREAKS,
            "a database in memory is gone with its connection: migrations and the application each see their own",
            Fix("use a file: sqlite:///app.db"),
        )
    elif Path(database).exists() and not os.access(Path(database).resolve().parent, os.W_OK):
        yield Fault(
            "file",
            Severity.BREAKS,
            f"the directory {Path(database).resolve().parent} may not be written, where SQLite puts its journal",
            Fix("give the directory to the user that runs the application"),
        )
    yield from batch_leftovers(live)
