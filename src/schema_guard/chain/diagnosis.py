"""What the doctor read of the real database, and what it found."""

from __future__ import annotations

from dataclasses import dataclass

from schema_guard.chain.fault import Fault
from schema_guard.chain.faults.early import Early
from schema_guard.chain.faults.gone_early import Gone
from schema_guard.chain.faults.way_out import WayOut
from schema_guard.chain.reading.pending import There
from schema_guard.chain.sandbox.fact import Fact
from schema_guard.chain.version_table import VersionTable
from schema_guard.errors import LockTimeoutError, ReadError
from schema_guard.report import ServerInfo
from schema_guard.schema import Name, Schema

__all__ = ["Diagnosis", "Look"]


@dataclass(frozen=True, slots=True)
class Look:
    """What was read of the real database."""

    server: ServerInfo
    version: VersionTable
    schemas: tuple[str, ...]
    default_schema: str | None
    guarded: tuple[Name, ...]
    """The tables of the models that are there."""
    everything: Schema
    beside: frozenset[Fact]
    there: There
    early: tuple[Early, ...]
    way_out: WayOut | None
    """How what was made early goes away, where it holds nothing."""
    gone: tuple[Gone, ...]
    """What pending revisions rename or remove, and is not there."""
    again: tuple[Fault, ...]
    """Rows that pending revisions may change a second time."""
    unfilled: tuple[Fault, ...]
    """What stamped revisions make and fill, and is not there: their rows are gone with it, or never came."""
    fingerprint: tuple[str, ...]

    def all_read(self) -> None:
        """Raises LockTimeoutError or ReadError where a table's definitions could not be read: they prove nothing."""
        for table in self.everything.tables:
            if (unread := table.facts.unread) is not None:
                message = f"nothing is proved: {table.name} could not be read: {unread.reason}"
                raise LockTimeoutError(message, unread.holders) if unread.locked else ReadError(message)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything that was found. `lines` are what is in order, for people."""

    faults: tuple[Fault, ...]
    lines: tuple[str, ...] = ()
    server: ServerInfo | None = None
    chain: str = ""
    """Where the configuration is; empty when there is none."""
    revisions: int = 0
    heads: tuple[str, ...] = ()
    stamped: tuple[str, ...] = ()
    replayed: tuple[str, ...] = ()
    unreachable: bool = False

    @property
    def breaks(self) -> bool:
        return any(fault.breaks_next_deploy for fault in self.faults)

    @property
    def unanswered(self) -> bool:
        """A replay that was asked for was not possible."""
        return any(fault.code == "replay-impossible" for fault in self.faults)
