"""Part of the noun Schema: what only the database can know of a table. The models' side keeps the defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from schema_guard.code_of_others import Filler, Intervener
from schema_guard.denied import Denied
from schema_guard.key import ForeignKey, PrimaryKey
from schema_guard.names import Name
from schema_guard.published import Published
from schema_guard.refused_write import RefusedWrite
from schema_guard.unread import Unread

__all__ = ["NO_FACTS", "Broken", "Partition", "PartitionRule", "TableFacts"]


class Partition(NamedTuple):
    """A partition of a table; `foreign` when it lies on another server."""

    name: Name
    parent: Name
    partitioned: bool
    foreign: bool


class PartitionRule(NamedTuple):
    """What partitions refuse beyond their partitioned table."""

    kind: str
    """NOT NULL, CHECK, FOREIGN KEY, EXCLUDE, UNIQUE, PRIMARY KEY or unique index."""
    columns: tuple[str, ...]
    target: Name | None
    """Of FOREIGN KEY: the other table."""
    partition: Name
    """The first of the partitions."""
    name: str
    """What it is called there; of NOT NULL the column's name."""
    partitions: int
    """How many of the partitions have it."""
    all: bool


class Broken(NamedTuple):
    """Why nothing can be read of a view or a virtual table of SQLite."""

    reason: str
    """In SQLite's words: no such table, no such module."""
    registered: bool = False
    """The application may register on its own connections what is not there."""


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What the connected role may do, how large the table is, what runs when it is written, and how it is built."""

    broken: Broken | None = None
    readable: bool = True
    """The connected role may read its rows."""
    owned: bool = True
    """The connected role owns it (or is a member of the owner): it may alter it."""
    owner: str | None = None
    """PostgreSQL: the role that owns it, where that is another than the connected one."""
    referable: bool = True
    """The connected role has the privilege REFERENCES, on a column at least, which a foreign key to it takes."""
    row_security: bool = False
    """Row-level security hides rows from the connected role, or may."""
    denied: tuple[Denied, ...] = ()
    """PostgreSQL: what the connected role may not do with it."""
    unread: Unread | None = None
    """Actual side: why its definitions could not be read; None when they were."""

    rows_estimate: float | None = None
    """PostgreSQL: pg_class.reltuples; None when never analyzed."""
    bytes_estimate: int = 0
    """PostgreSQL: the size in bytes by pg_class.relpages, with that of its children; 0 when never analyzed."""
    empty: bool = False
    """PostgreSQL: its file has no page, so it has no row; False where that was not looked at."""

    has_triggers: bool = False
    """Triggers of its own, those of foreign keys aside."""
    interveners: tuple[Intervener, ...] = ()
    """Actual side: the triggers and rules that refuse each statement, or leave each row as it is, by their text."""
    fillers: tuple[Filler, ...] = ()
    """PostgreSQL: what may fill a column that an INSERT leaves out; SQLite's triggers cannot change the new row."""
    refused_writes: tuple[RefusedWrite, ...] = ()
    """SQLite: statements that fail whatever their values are, for its triggers and foreign keys."""

    oid: int | None = None
    """PostgreSQL."""
    children: tuple[Name, ...] = ()
    """PostgreSQL: its partitions, or the tables that inherit from it, all the way down."""
    partitions: tuple[Partition, ...] = ()
    """PostgreSQL: its partitions, all the way down."""
    detaching: tuple[Name, ...] = ()
    """PostgreSQL: partitions whose DETACH CONCURRENTLY is not finished: no statement on the table meets their rows."""
    bounds: str = ""
    """PostgreSQL: of a partition, the condition of the rows that it takes."""
    partition_rules: tuple[PartitionRule, ...] = ()
    """PostgreSQL: of its partitions."""
    inherited: bool = False
    """Tables inherit from it that are no partitions: its keys don't bind their rows (PostgreSQL)."""
    of_type: str | None = None
    """PostgreSQL: the composite type whose attributes are its columns (CREATE TABLE .. OF)."""
    rows_held_in: tuple[str, ...] = ()
    """PostgreSQL: columns of tables whose type is made of its row type: no column of it may be rewritten or retyped."""
    populated: bool = True
    """PostgreSQL: False of a materialized view that was made WITH NO DATA, which nobody can read."""
    replica_identity: tuple[str, ...] = ()
    """PostgreSQL: the columns of the index by which logical replication tells its rows apart; none may hold NULL."""
    unchangeable: tuple[Published, ...] = ()
    """PostgreSQL: the publications for which the server refuses UPDATE or DELETE of its rows."""

    text: str | None = None
    """SQLite: the table's stored CREATE statement."""
    companions: tuple[str, ...] = ()
    """SQLite: the stored CREATE INDEX and CREATE TRIGGER statements of the table."""
    referenced_by: tuple[tuple[Name, ForeignKey], ...] = ()
    """SQLite: the foreign keys that refer to it, each with the table that holds it."""
    rowid_names: tuple[str, ...] = ()
    """SQLite: in lower case, the names by which statements reach its rowid, since no column bears them."""
    statistics: tuple[str, ...] = ()
    """SQLite: the tables in which ANALYZE keeps what it found, when it ever ran."""
    collations_of_others: bool = False
    """SQLite: some index of the database names a collation that SQLite does not bring along."""

    @property
    def filled_by(self) -> str:
        """Its fillers in words: 'the trigger a or the rule b'."""
        return " or ".join(f"the {filler}" for filler in self.fillers)

    def is_rowid(self, key: PrimaryKey | None, name: str) -> bool:
        """Whether that column, by a primary key of the models, is the rowid, which no definition of the table names."""
        return key is not None and key.columns == (name,) and name.lower() in self.rowid_names


NO_FACTS = TableFacts()
