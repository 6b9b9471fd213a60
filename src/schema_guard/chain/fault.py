"""What is wrong, as data: a code, where, and the fix."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["CODES", "Fault", "Fix", "Severity"]


class Severity(IntEnum):
    """What a fault does; a higher value is worse."""

    NOTE = 0
    """Worth knowing."""
    RISK = 1
    """Does no harm at the next deploy, but a later one."""
    BREAKS = 2
    """The next deploy fails, or leaves an application that fails."""

    @property
    def word(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do: a command line to run, a line of a file to write, or SQL; `text` says it to a person.

    Of a line, statements and a command each comes after the one before it.

    `becomes` replaces line `line` of `file`; with line 0 the file is to be removed, renamed or written as `text` says.
    """

    text: str
    command: str = ""
    file: str = ""
    line: int = 0
    becomes: str = ""
    sql: str = ""
    """Statements with a semicolon between them; the JSON has one behind the last as well."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `code` is stable; docs/alembic.md explains each."""

    code: str
    severity: Severity
    message: str
    fix: Fix | None = None
    file: str = ""
    line: int = 0
    revision: str = ""
    details: tuple[str, ...] = ()
    guess: bool = False
    """Read from the files, not proved by a replay."""
    sure: bool = False
    """A guess that rests on nothing that could not be read: a deploy stops here."""

    changing: tuple[str, ...] = ()
    """The revisions that change rows and may not have run."""

    @property
    def breaks_next_deploy(self) -> bool:
        return self.severity is Severity.BREAKS


CODES = {
    "unreachable": "the database does not answer",
    "server-version": "the server is older than what is supported",
    "read-only": "a standby, or a connection that may not write",
    "privileges": "the role lacks a right that a repair or a revision needs",
    "not-owner": "a guarded table belongs to another role",
    "pooler": "a pooler hands every transaction to another session",
    "search-path": "unqualified names lead to no schema, or to an unexpected one",
    "file": "the database file or its directory",
    "leftover-batch-table": "a table that an interrupted batch migration left behind",
    "leftover-scratch": "a scratch database of a replay that was killed",
    "no-chain": "no Alembic configuration was found",
    "chain-unreadable": "the configuration leads to no script folder",
    "revision-unreadable": "a file in the versions folder gives no revision",
    "revision-misnamed": "a revision id that Alembic refuses, or reads as something else",
    "revision-duplicate": "two files have the same revision id",
    "revision-missing": "a down_revision names a revision that no file has",
    "revision-too-long": "a revision id does not fit into alembic_version.version_num",
    "cycle": "revisions wait for each other",
    "several-heads": "more than one revision that nothing follows",
    "second-base": "a second revision with down_revision None",
    "merge-without-parents": "a merge whose down_revision is None",
    "branch-without-label": "a branch on purpose needs a label",
    "label-duplicate": "two revisions have the same branch label, or a label is the id of a revision",
    "unsupported": "a revision does what the database system never takes",
    "collision": "two revisions make the same table or column",
    "unknown-revision": "alembic_version names a revision that no file has",
    "several-rows": "alembic_version names a revision and one before it",
    "strange-rows": "alembic_version holds rows that Alembic never writes and fails on",
    "unstamped": "tables are there, but alembic_version is empty or missing",
    "behind": "revisions are still to run",
    "blind-stamp": "the database lacks what its stamped revisions make",
    "made-early": "the database already has what revisions that are still to run make",
    "state-differs": "the database lacks something that its stamped revisions made",
    "revision-edited": "a revision seems to have been edited after it ran",
    "version-table-elsewhere": "there is another alembic_version in a schema that is not looked at",
    "env-fails": "env.py does not run",
    "env-makes-tables": "env.py, or the application, makes tables that a revision is still to make",
    "env-writes": "env.py writes to the database past its own migrations",
    "env-no-metadata": "env.py has no target_metadata: autogenerate would see no model",
    "models-not-registered": "models that env.py's metadata does not hold",
    "env-other-database": "env.py connects to another database",
    "several-databases": "env.py works on several databases, and only one of them is looked at",
    "replay-impossible": "no scratch database could be created, or the real one could not be compared with it",
    "replay-fails": "a revision fails on an empty database",
    "replay-not-empty": "the application makes tables before the first revision runs",
    "head-drift": "the last revision and the models differ",
    "database-drift": "the database and the models differ",
}
"""Every code, and what it means in a few words."""
