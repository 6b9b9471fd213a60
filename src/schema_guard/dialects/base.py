"""The protocol between the pipeline and a database: what each dialect's folder has to provide.

`Dialect` is pure: words, comparison and repairs as data. `Session` is the only thing that talks to a server or file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from schema_guard.dialects.inquiry import Inquiry
from schema_guard.dialects.terms import Alike, Allowed, Condition, ErrorWords, Unfit, Verdict
from schema_guard.fit import Fit
from schema_guard.names import DefaultSchema
from schema_guard.remembered import Fed, Memory
from schema_guard.schema import Column, Name, Schema, Table, Type

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect as SQLAlchemyDialect

    from schema_guard.dialects.stop import Stop
    from schema_guard.difference import Difference
    from schema_guard.plan import Policy, Refusal, Step, Survey
    from schema_guard.report import ServerInfo

__all__ = [
    "Dialect",
    "Facts",
    "Progress",
    "Rules",
    "Session",
    "Words",
]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a session knows about where it is connected.

    `search_path` lists the schemas that exist, in order; `default_schema` is where an unqualified new table goes
    (None: nowhere, or SQLite). `read_only` is True on a hot standby or a read-only file.
    """

    server: ServerInfo
    version: int = 0
    """server_version_num on PostgreSQL (180006), sqlite3's version number on SQLite (3040001)."""
    default_schema: DefaultSchema | None = None
    search_path: tuple[str, ...] = ()
    read_only: bool = False
    writable_again: str = ""
    """PostgreSQL: the statement after which it is not read-only, where only a setting makes it so."""
    role: str = ""
    """PostgreSQL: the connected role."""
    leading_somewhere: tuple[str, ...] = ()
    """PostgreSQL: the statements after which the search_path leads to a schema, where there is no default schema."""
    encoding: str = ""
    """PostgreSQL: that of the database; empty when unknown."""
    features: frozenset[str] = frozenset()
    """What was probed for: 'drop column', 'strict', .."""
    unfit: tuple[Unfit, ...] = ()
    """Settings under which the application's own statements fail."""
    warnings: tuple[str, ...] = ()
    """Settings under which the application's own statements mean something else."""
    backups: tuple[tuple[str, str], ...] = ()
    """SQLite: (database, file): where a copy of each database file goes before its first rebuild."""


class Progress(NamedTuple):
    """Of a statement that runs: `share` of the work that is done, from 0 to 1, None where the database does not tell;
    `blockers` is whom it waits for."""

    share: float | None = None
    blockers: tuple[str, ...] = ()


class Rules(Protocol):
    """Comparison in one dialect's words; pure. The cheap half of comparing: may answer UNDECIDED, never guesses."""

    errors: ErrorWords

    def fit(self, expected: Column, actual: Column, table: Table) -> Fit | None:
        """How the actual column's type relates to the expected one; None when the database has to be asked."""
        ...

    def may_hold_other_values(self, expected: Column, actual: Column, table: Table) -> bool:
        """Whether the column is declared so that values may be stored which are none of the expected type."""
        ...

    def same_expression(self, expected: str, actual: str) -> Verdict:
        """Compare two boolean or index expressions over the same table."""
        ...

    def knows(self, expression: str, type: Type) -> bool:
        """Whether each database of the kind has what it calls, and a column of that type takes the value."""
        ...

    def conditions(self, expression: str, columns: Collection[str]) -> tuple[Condition, ...]:
        """A condition over these columns, parted where AND joins its parts."""
        ...

    def same_default(self, expected: str, actual: str, type: Type) -> Verdict:
        """Compare two server defaults of a column of that type."""
        ...

    def allowed_values(self, expression: str) -> Allowed | None:
        """The list that a CHECK of the form `operand IN (constants)` allows; None when it has another form."""
        ...

    def surely_gives(self, default: str, type: Type) -> bool:
        """Whether a live default of a column of that type is one that is always computed."""
        ...

    def default_collation(self, expected: str | None, actual: str | None) -> bool:
        """Whether the two collation names (None: not declared) stand for the same collation."""
        ...

    def other_labels(self, actual: Column, labels: Sequence[str], array: bool) -> str:
        """The condition of rows whose live column holds something else than these labels, which are literals."""
        ...

    def written_otherwise(self, expected: Column, actual: Column) -> str:
        """The condition of rows whose values the models can load, but write in another form; empty where none can."""
        ...

    def type_mismatch_effect(self, expected: Column, actual: Column, fit: Fit) -> str:
        """What a column of that type does to the application, one clause."""
        ...

    def loses_values(self, expected: Column, actual: Column) -> bool:
        """Whether the actual column rounds or cuts values of the expected one, so that they are not found again."""
        ...

    def unreadable(self, expected: Column, actual: Column, value: str) -> str:
        """Which texts of the actual column the application cannot load, as SQL; empty where there are none."""

    def unlike_written(self, expected: Column, actual: Column, value: str) -> str:
        """Which are not as it would write them, those among them."""

    def comparable(self, one: Type, other: Type) -> bool:
        """Whether a query can compare columns of these types; True where only the database knows."""

    def explicit_null_gets_value(self, table: Table, column: Column) -> bool:
        """Whether writing NULL into that actual column makes the database choose a value (SQLite's rowid)."""
        ...


class Words(Protocol):
    """What `expect` needs to write models in a dialect's words."""

    name: str
    functions: str
    """What stands before the name of a function of the system's, so that no other of that name is meant."""

    @property
    def drivers(self) -> tuple[str, ...]:
        """Those with which SQLAlchemy casts parameters, where it is not known which one the application uses."""
        ...

    @property
    def sqlalchemy(self) -> SQLAlchemyDialect:
        """Compiles types, DDL and queries; its identifier preparer qualifies unqualified names by `schema_of`."""
        ...

    def type(self, text: str) -> Type:
        """Parse a type as DDL or the catalog writes it into canonical words."""
        ...

    def identifier(self, name: str) -> str:
        """The name as the catalog will hold it (cut to 63 bytes on PostgreSQL)."""
        ...

    def schema(self, declared: str | None) -> str | None:
        """The schema that stands for the one that the models declare, by the engine's schema_translate_map."""
        ...

    def schema_of(self, name: str, kind: Literal["relation", "type"]) -> str | None:
        """Where an unqualified name lives or will be created; None where names stay unqualified (SQLite, offline)."""
        ...


class Dialect(Words, Protocol):
    """One database system."""

    rules: Rules
    version: int
    """server_version_num on PostgreSQL; 0 where no server is known, and on SQLite."""

    @property
    def driver(self) -> str:
        """By which the application reaches the database; empty where that is not known, and on SQLite."""
        ...

    def quote(self, name: Name | str) -> str:
        """The name, quoted where needed, qualified where it has a schema."""
        ...

    def uncastable(self, expected: Column, actual: Column) -> str:
        """The condition of rows whose text is no value of the expected type; empty where that cannot be asked."""
        ...

    def repair(
        self,
        differences: Sequence[Difference],
        expected: Schema,
        actual: Schema,
        facts: Facts,
        survey: Survey,
        policy: Policy,
    ) -> list[Step | Refusal]:
        """What to do about each of these differences: all but notes end in a step or a refusal."""
        ...

    @property
    def has_digests(self) -> bool:
        """Whether `digests` ever gives any."""
        ...

    def digests(self, expected: Schema, *, comments: bool, columns: Alike | None = None) -> Mapping[str, Any] | None:
        """By which a session knows the tables that are exactly as expected (`Session.as_expected`); None where it
        knows none.

        Args:
            expected: with placeholders for schemas.
            comments: whether they are compared.
            columns: of its tables, where these are without.
        """
        ...


class Session(Protocol):
    """An open connection to one database."""

    dialect: Dialect
    facts: Facts
    stop: Stop
    """Whether somebody asked to stop: then waiting ends, and rows are not looked at any more."""
    catalog_queries: int
    """How many catalog queries the last locate and inspect took together."""

    rows_asked: str
    """The first object of which rows were asked beyond what `memory` asks again; empty where none was."""
    fed: tuple[Fed, ...]
    """What sequences feed, as far as the last inspect knows."""

    def memory(self, expectations: str) -> Memory | None:
        """What is remembered of these expectations; None where nothing can be."""
        ...

    def as_expected(self, digests: Mapping[str, object]) -> frozenset[str]:
        """The tables that are exactly as a frozen file says, by its digests; never raises."""
        ...

    def is_as_tried(self, known: Mapping[str, object]) -> bool:
        """Whether a database of SQLite holds what was tried when the file was frozen (by_text); never raises."""
        ...

    def locate(self, relations: Sequence[str], types: Sequence[str]) -> None:
        """Find where the connection's search_path finds names, so that `dialect` can qualify them.

        Args:
            relations: those that the models write without a schema.
            types: those that the models write with one.
        """
        ...

    def inspect(self, expected: Schema) -> Schema:
        """Read the live catalog as far as it matters to the expectation. Raises ReadError, LockTimeoutError."""
        ...

    def answer(self, questions: Iterable[Inquiry]) -> dict[Inquiry, Verdict]:
        """Let the database compare, and evaluate. Writes nothing, takes no lock above ACCESS SHARE."""
        ...

    def survey(self, differences: Sequence[Difference], actual: Schema, timeout: float) -> Survey:
        """Look at the rows: violators, NULLs, emptiness. `timeout` in seconds for each statement."""
        ...

    def clear_away(self) -> None:
        """Remove what a killed guard left outside of the database."""
        ...

    def guard_lock(self, key: str, wait: float) -> AbstractContextManager[None]:
        """Only one guard at a time works on this database. `wait` in seconds. Raises LockTimeoutError."""
        ...

    def needed(self, step: Step) -> bool:
        """Ask the step's probe."""
        ...

    def holds(self, condition: str) -> bool:
        """Run a SELECT of one boolean (a step's `unless`). Raises ReadError, LockTimeoutError."""
        ...

    def execute(self, step: Step, lock_timeout: float, statement_timeout: float, sent: Callable[[str], None]) -> int:
        """Run the step once, in a transaction of its own; `sent` hears each statement. Timeouts in seconds.

        Returns the rows changed. Raises LockTimeoutError (naming who holds the lock) or StepError.
        """
        ...

    def together(self, steps: Sequence[Step], lock_timeout: float, statement_timeout: float) -> bool:
        """Run these steps in one transaction; False where that is not done. Raises as `execute` does."""
        ...

    def as_made(self, tables: Sequence[Name]) -> bool:
        """Whether these tables, which DDL has just made, are there as it says: nothing else acts on DDL."""
        ...

    def is_silent(self, seconds: float) -> bool:
        """Whether it leaves a question without an answer for so long. Never raises."""
        ...

    def blocking(self, seconds: float, own: Collection[int]) -> tuple[str, bool]:
        """Who holds what another program waits for that connected within these seconds; empty when nobody can tell.

        True where it is that program itself: `own` is the numbers of its sessions, as far as they are known.
        """
        ...

    def identity(self) -> str:
        """What tells this database from every other, however it was reached. Raises ReadError."""
        ...

    def unfit(self) -> str:
        """Why nothing can be repaired over this connection, or "". Raises ReadError."""
        ...

    def interrupt(self) -> None:
        """End the statement that a step is running, if one is. Called from another thread; never raises."""
        ...

    def progress(self) -> Progress:
        """How far the statement is that a step is running. Called from another thread; asks nothing, never raises."""
        ...

    def numbers(self, sql: str) -> tuple[int | None, ...]:
        """Run a SELECT of one row of numbers. Raises ReadError, LockTimeoutError."""
        ...

    def texts(self, sql: str) -> list[tuple[str, ...]]:
        """Run a SELECT of texts, NULL being empty. Raises ReadError, LockTimeoutError."""
        ...

    def batch(self, step: Step, statement: str, lock_timeout: float, statement_timeout: float) -> int:
        """Run one batch of the step, in a transaction of its own that may be lost in a crash of the server.

        Returns the rows changed. Raises as `execute` does, without looking up who holds the lock.
        """
        ...

    def close(self) -> None: ...
