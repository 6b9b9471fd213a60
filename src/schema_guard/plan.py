"""What would be done about the differences, as data: steps with their SQL and locks, refusals with their reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from schema_guard.need import Need
from schema_guard.schema import (
    Call,
    Check,
    Column,
    Domain,
    Exclusion,
    Index,
    Name,
    PrimaryKey,
    Sequence,
    Spanned,
    Table,
    Unique,
)

if TYPE_CHECKING:
    from schema_guard.difference import Difference

__all__ = [
    "CHANGE_OR_REMOVE",
    "CORRECT",
    "GIVE_A_VALUE",
    "INSTANT",
    "REFUSED",
    "Batches",
    "Definition",
    "Evidence",
    "Hazard",
    "Joined",
    "Lock",
    "Locked",
    "Noun",
    "Phase",
    "Plan",
    "Policy",
    "Refusal",
    "Rejection",
    "Step",
    "Survey",
    "Urgency",
    "Veto",
]


class Lock(IntEnum):
    """Table-level lock modes, weakest first (PostgreSQL manual, 13.3.1); on SQLite WRITE, the file's lock."""

    NONE = 0
    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8
    WRITE = 9

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Locked:
    """A lock that a step takes on a relation (None: SQLite's whole database file)."""

    lock: Lock
    relation: Name | None = None


class Hazard(StrEnum):
    """What a person should know before running a step."""

    SCANS = "reads every row"
    REWRITES = "rewrites the table"
    BLOCKS_WRITES = "blocks writers while it works"
    BLOCKS_READS = "blocks readers while it works"
    NOT_TRANSACTIONAL = "cannot run in a transaction"
    CHANGES_ROWS = "changes rows, only where declared"


INSTANT = "brief lock, no table scan or rewrite"
"""What a step costs that only changes the catalog."""


class Phase(IntEnum):
    """The order in which steps run when nothing else decides."""

    SCHEMA = 0
    TYPE = 1
    ENUM_VALUE = 2
    SEQUENCE = 3
    TABLE = 4
    COLUMN = 5
    LOOSEN = 6
    DEFAULT = 7
    WIDEN = 8
    REBUILD = 9
    BACKFILL = 10
    NOT_NULL = 11
    PRIMARY_KEY = 12
    UNIQUE = 13
    CHECK = 14
    FOREIGN_KEY = 15
    VALIDATE = 16
    INDEX = 17
    COMMENT = 18


class Urgency(StrEnum):
    """Whether the application needs a step before it starts."""

    REQUIRED = "required"
    """Fixes something that breaks the application."""
    DEBT = "debt"
    """Fixes something that weakens it; may be left for the next run."""


@dataclass(frozen=True, slots=True)
class Batches:
    """How a step's one statement is done in short transactions: span by span along the table's physical order."""

    span: Spanned
    """The statement for one span."""
    bounds: str
    """SELECT of two numbers: where the table begins and ends now; what is written behind the end is not chased."""
    first: int
    """How many units (blocks, rows) the first batch takes; the rest follows from how long that takes."""
    ahead: Spanned | None = None
    """SELECT of one number: the unit that lies `high` rows behind `low`; None where units are even (blocks)."""
    surroundings: str = ""
    """SELECT of two numbers: how many bytes the slowest replica is behind, and how many other sessions are at work."""
    row_locks: bool = True
    """A batch locks single rows, so a smaller one may do; else it locks the whole database."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of a whole database: what is copied, as the connection calls it, and the file that is made."""

    database: str
    file: str


@dataclass(frozen=True, slots=True)
class Step:
    """One change, done in a transaction of its own unless `transactional` is False.

    `statements` run in order. `probe` is a SELECT of one boolean: true while the step is still needed, so it can be
    asked again before every attempt, after a crash, and by an emergency script.
    """

    id: str
    statements: tuple[str, ...]
    probe: str
    phase: Phase
    urgency: Urgency
    locks: tuple[Locked, ...]
    why: str
    """What it fixes, in a few words."""
    resolves: tuple[str, ...]
    """Keys of the differences that are gone afterwards."""
    object: str
    table: Name | None = None
    cost: str = INSTANT
    hazards: tuple[Hazard, ...] = ()
    scans: bool = False
    rewrites: bool = False
    transactional: bool = True
    blocking: tuple[str, ...] = ()
    """PostgreSQL: what does the same within a transaction, while writers wait (without CONCURRENTLY)."""
    repeat: bool = False
    """Run again until it changes no row (batches)."""
    work: str = ""
    """A SELECT of one number, for what may take long and cannot go on where it was: how many bytes it has to read."""
    batches: Batches | None = None
    """How apply does the one statement bit by bit: the same text, with narrower bounds."""
    provides: frozenset[Need] = frozenset()
    """What is there afterwards."""
    requires: frozenset[Need] = frozenset()
    """What has to be there before, live or by another step."""
    after: frozenset[Need] = frozenset()
    """What comes before it where a step provides it; should that step fail, this one is tried all the same."""
    answers: tuple[Difference, ...] = ()
    """The differences that it works on; `resolves` says which of them are gone after this step."""
    unless: str = ""
    """A SELECT of one boolean, asked just before: true when rows stand in the way, and the step must not run."""
    unless_reason: str = ""
    """What stands in the way then, and the query that finds it."""
    adds: str = ""
    """SQLite: the definition of the column that the step adds, for what is planned behind it."""
    verifies: str = ""
    """SQLite: what one of the statements verifies, in words: that statement fails where it is not so."""
    backup: Backup | None = None
    """SQLite: the copy that the step makes; its statement is what the sqlite3 shell calls that."""
    undo_on_failure: tuple[str, ...] = ()
    """Statements that clear away what a failed attempt leaves behind (an INVALID index)."""

    @property
    def non_blocking(self) -> bool:
        """Readers and writers don't wait for it, nor behind it while it waits itself."""
        strongest = max((locked.lock for locked in self.locks), default=Lock.NONE)
        return strongest is Lock.SHARE_UPDATE_EXCLUSIVE and Hazard.CHANGES_ROWS not in self.hazards


@dataclass(frozen=True, slots=True)
class Refusal:
    """A difference that is not fixed, why, and what a person could do."""

    difference: Difference
    reason: str
    advice: tuple[str, ...] = ()
    """SQL, or a command, that a person could run."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rows say about a difference: how many violate it, some of their keys, and the query that finds them.

    `count` is None when it could not be counted (`reason` says why); `exact` is False when counting stopped early.
    """

    count: int | None
    query: str
    sample: tuple[str, ...] = ()
    exact: bool = True
    reason: str = ""
    open: int | None = None
    """Backfills: rows that need an owner, fillable or not."""

    @property
    def keys(self) -> str:
        """The sample in words: `key 6`, `keys 6 and 5`, `keys 6, 5, ..`; of several columns `key (1, 2)`.

        Rows of a table without a primary key can share a key: it is named once.
        """
        keys = [f"({key})" if ", " in key else key for key in dict.fromkeys(self.sample)]
        if not keys:
            return ""
        more = (self.count or 0) > len(self.sample)
        if more or len(keys) == 1:
            return f"{'keys' if len(keys) > 1 else 'key'} {', '.join(keys)}{', ..' if more else ''}"
        return f"keys {', '.join(keys[:-1])} and {keys[-1]}"

    def said(self, plural: str, singular: str, remedy: str = "", sample: str | None = None) -> str:
        """`at least 3 rows hold NULL (keys 1, 2, ..): give them a value, then run again`.

        Args:
            plural: what rows do: "violate it".
            singular: what one row does: "violates it".
            remedy: what a person does about {them}; nothing where more than that is to be done.
            sample: in place of the keys.
        """
        one = self.count == 1
        least = "" if self.exact else "at least "
        shown = self.keys if sample is None else sample
        rows = f"{least}{self.count or 0:,} {f'row {singular}' if one else f'rows {plural}'}"
        then = f": {remedy.format(them='it' if one else 'them')}, then run again" if remedy else ""
        return f"{rows}{f' ({shown})' if shown else ''}{then}"


GIVE_A_VALUE = "give {them} a value"
CHANGE_OR_REMOVE = "change or remove {them}"
CORRECT = "correct {them}"
"""What a person does about rows that are in the way: a value that is set is never changed, and no row removed."""


Noun: TypeAlias = Call | Column | Check | Index | Unique | PrimaryKey | Exclusion | Table | Domain | Sequence
Definition: TypeAlias = tuple[Name, Noun]
"""Something that the models define in a table; on SQLite also a live column, or the live table as a whole."""


REFUSED = "definition"
"""The kind of a rejection that no other server would take back: the definition itself is wrong."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """What the server does not know, or not take, of a definition that is missing, asked before anything is tried.

    `said` is the server's message; `kind` "function", "operator", "operator class" or "access method", or REFUSED;
    on SQLite "function", "collation" or "syntax". `schemas` is where one of the
    name is, when the search_path leads to none.
    """

    said: str
    kind: str
    name: str
    schemas: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    """What to do, where more is known than the name."""
    whole: bool = False
    """A column could not even be made without its default."""


@dataclass(frozen=True, slots=True)
class Veto:
    """PostgreSQL: an event trigger that refuses a command whatever it is about; `remedy` is what a person could run."""

    said: str
    remedy: str


class Joined(NamedTuple):
    """PostgreSQL: a foreign key between two tables, as one of them sees it."""

    column: str
    """Of the table that sees it."""
    other: Name
    refers: bool
    """It is the other table that refers to this one."""
    rows: float
    """Of the other one: pg_class.reltuples, below 0 where it was never analyzed."""
    hides_rows: bool
    """The connected role may not read the other one, or row-level security hides some of its rows, or may."""


@dataclass(frozen=True, slots=True)
class Survey:
    """Facts about the tables that differ: evidence by difference key, which tables hold rows, and what the server
    would reject."""

    evidence: dict[str, Evidence] = field(default_factory=dict)
    occupied: frozenset[Name] = frozenset()
    """Tables that hold at least one row."""
    counted: dict[Name, int] = field(default_factory=dict)
    """Rows of the tables that may only be rewritten or locked when they are small; counted up to a limit."""
    rejections: Mapping[Definition, Rejection] = field(default_factory=dict)
    persistence: Mapping[Name, str] = field(default_factory=dict)
    """PostgreSQL: pg_class.relpersistence of tables that differ, and of those that their foreign keys lead to."""
    columns_used: Mapping[Name, int] = field(default_factory=dict)
    """PostgreSQL: how many column numbers a table has given away, to dropped columns too."""
    names_below: Mapping[Name, frozenset[str]] = field(default_factory=dict)
    """PostgreSQL: names of constraints of what inherits from a table, or is a partition of it."""
    loose_below: Mapping[Name, frozenset[str]] = field(default_factory=dict)
    """PostgreSQL: columns of those with which a NOT NULL that comes with the column from above does not merge."""
    referred_below: Mapping[Name, frozenset[Name]] = field(default_factory=dict)
    """PostgreSQL: the tables to which foreign keys of those lead."""
    joined: Mapping[Name, tuple[Joined, ...]] = field(default_factory=dict)
    """PostgreSQL: the foreign keys of a table, and those that refer to it, column by column."""
    unknown_collations: frozenset[str] = frozenset()
    """PostgreSQL: those of the models that the server lacks."""
    vetoes: Mapping[str, Veto] = field(default_factory=dict)
    """PostgreSQL: by the command's tag (`ALTER TABLE`)."""

    def has_rows(self, table: Name) -> bool:
        return table in self.occupied


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the guard may do beyond its defaults.

    Args:
        fill_constant_defaults: a NOT NULL column without server default that is added to a table with rows gets the
            model's constant Python-side default in the old rows.
        rewrite_below: a table of at most this many rows may be rewritten (int to bigint); 0 never.
        rebuild: SQLite: tables may be rebuilt when no ALTER TABLE does.
        backup: SQLite: a copy of the file is made before the first rebuild.
        comments: compare comments.
    """

    fill_constant_defaults: bool = False
    rewrite_below: int = 0
    rebuild: bool = True
    backup: bool = True
    comments: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in the order in which they run, and what is refused."""

    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    differences: tuple[Difference, ...] = ()
    survey: Survey = field(default_factory=Survey)

    @property
    def empty(self) -> bool:
        return not self.steps
