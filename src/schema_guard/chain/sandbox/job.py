"""What the process that runs a project's own env.py is told, and what it tells: plain data that crosses a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from schema_guard.chain.sandbox.fact import Fact
from schema_guard.schema import Schema

__all__ = [
    "BARE_PERCENT",
    "Applied",
    "Asked",
    "Began",
    "Connected",
    "Described",
    "Ended",
    "Event",
    "Failed",
    "Failure",
    "FileFailed",
    "FileImported",
    "Found",
    "Job",
    "MakesTables",
    "Task",
]


BARE_PERCENT = "a value of the configuration has a % that is not written as %%"
"""What is said of one that cannot be read; it is not quoted, for it may be a URL with its password."""


class Task(StrEnum):
    DESCRIBE = "describe"
    """Import every revision file and run env.py without letting it connect."""
    REPLAY = "replay"
    """Run the chain on a scratch database, whatever database env.py asks for."""
    UPGRADE = "upgrade"
    """Run the chain on the real database."""


class Failure(StrEnum):
    """Why a revision did not run."""

    LOCK = "lock"
    """Could not acquire a lock in time: may be tried again."""
    ITSELF = "itself"
    """It waits for a lock that another connection of the same process holds: no further attempt can acquire it."""
    EXISTS = "exists"
    """It creates what is already there."""
    LACKS = "lacks"
    """It needs what is not there."""
    ENVIRONMENT = "environment"
    """Before any revision: env.py, the application or the configuration."""
    READ_ONLY = "read-only"
    """It writes where it may only read."""
    ELSEWHERE = "elsewhere"
    """env.py connects to another database than the one that was asked for."""
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`url` is handed to env.py as the URL of the database; `scratch` tells where connections really go.

    `fingerprint` is what the real database says of itself (`identity.py`), and `url_identity` what its URL names.
    """

    task: Task
    directory: str
    path: tuple[str, ...]
    """sys.path of who asks."""
    ini: str | None = None
    toml: str | None = None
    folder: str | None = None
    section: str = "alembic"
    target: str = ""
    x: tuple[str, ...] = ()
    url: str = ""
    real: str = ""
    """The real database's URL with an installed driver."""
    scratch: str = ""
    """The main scratch database's URL with an installed driver."""
    spare: str = ""
    """SQLite: the folder, PostgreSQL: a name's beginning, for scratch databases in place of further ones."""
    further: tuple[tuple[str, str], ...] = ()
    """The same two on other systems, where env.py may connect to databases of several."""
    schemas: tuple[str, ...] = ()
    """The schemas that a snapshot holds."""
    revisions: tuple[str, ...] = ()
    """What to run, one after the other."""
    several: bool = False
    """env.py may connect to further databases (Flask-Migrate's --multidb, Alembic's multidb template)."""
    fingerprint: tuple[str, ...] = ()
    lock_timeout: float = 1.0
    bare: bool = False
    """REPLAY: only revisions make tables, whatever env.py and the application call."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where the revision files lie, as Alembic's ScriptDirectory says."""

    folder: str
    versions: tuple[str, ...]
    recursive: bool
    asks_flask: bool


@dataclass(frozen=True, slots=True)
class FileFailed:
    """A revision file that gives no revision, and why."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class FileImported:
    """A revision file, and what its `revision`, `down_revision`, `branch_labels` and `depends_on` hold, as names."""

    file: str
    names: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Described:
    """What env.py configures; one for each database that it configures."""

    tables: tuple[str, ...] | None
    """Keys of target_metadata's tables; None where there is no target_metadata."""
    version_table: str = "alembic_version"
    version_schema: str | None = None
    online: bool = False
    """As `upgrade` runs it, with a connection that only reads; else offline."""
    left_out: tuple[str, ...] = ()
    """Patterns of what include_object and include_name keep from autogenerate."""


@dataclass(frozen=True, slots=True)
class Asked:
    """env.py connects: the database that it asked for, as system, host, port and name."""

    system: str
    host: str
    port: str
    name: str
    given: bool
    """It is the one whose URL was handed over, or the real one."""

    def __str__(self) -> str:
        return f"{self.host or 'local'}:{self.port}/{self.name}" if self.port else self.name


@dataclass(frozen=True, slots=True)
class Connected:
    """A connection to the real database was opened: the number of its session on the server."""

    session: int


@dataclass(frozen=True, slots=True)
class MakesTables:
    """env.py, or the application as it is imported, calls create_all() there, whenever the chain runs."""

    file: str
    line: int
    tables: tuple[str, ...]
    """Keys of what it makes where it is missing."""


@dataclass(frozen=True, slots=True)
class Began:
    revision: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A revision ran and was committed. `schema` is the scratch database afterwards (replay only), and `beside` what it
    holds besides tables."""

    revision: str
    seconds: float
    schema: Schema | None = None
    beside: frozenset[Fact] = frozenset()


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing runs after it. `revision` is empty before any began; `file` and `line` are the project's own code."""

    why: Failure
    message: str
    revision: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """All that was asked was done."""

    databases: tuple[str, ...] = field(default=())
    """Scratch databases that were made along the way."""


Event = (
    Found | FileFailed | FileImported | Described | Asked | Connected | MakesTables | Began | Applied | Failed | Ended
)
