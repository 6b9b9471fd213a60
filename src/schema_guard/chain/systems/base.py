"""What the chain has to know of a database system beside its dialect: one object for each, found by `systems.of`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from schema_guard.chain.systems.scratch import Scratch
from schema_guard.chain.version_table import Read, VersionTable
from schema_guard.column import Type, TypeKind
from schema_guard.names import Name

if TYPE_CHECKING:
    from sqlalchemy.engine import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection

    from schema_guard.dialects.deadline import Deadline

__all__ = ["Identity", "Key", "Live", "Fingerprint", "System"]

Identity = tuple[str, str, str, str]
"""System, host, port, name of the database; for a file its real path. As far as a driver's arguments tell."""
Fingerprint = tuple[str, ...]
"""System, name of the database, and what tells it from another one of that name: as the server says."""
Key = tuple[str, str]
"""A namespace, and a name in it: what has one key cannot be made twice."""


@dataclass(frozen=True, slots=True)
class Live:
    """An open way to read the database."""

    system: System
    read: Read
    fingerprint: Callable[[], Fingerprint]
    """Which database this is, whatever it is called in a URL."""
    hold: Callable[[], AbstractContextManager[None]] | None = None
    """Keeps a transaction open on the connection; None where it has none of its own."""

    def version_table(self, name: str, schema: str | None) -> VersionTable:
        """Read alembic_version without making it."""
        return self.system.version_table(self.read, name, schema)


class System(Protocol):
    """One database system, as Alembic's chain meets it."""

    name: str
    """As SQLAlchemy calls the dialect."""
    title: str
    """As people call it."""
    drivers: tuple[str, ...]
    """Words in the module names of its drivers."""
    asynchronous: tuple[str, ...]
    """Its asynchronous drivers, as they stand in a URL behind the +."""
    own_casts: str
    """A query that gives a row where the database has casts of its users' that are applied unasked."""
    own_schema: str | None
    """The schema that is always there and need not be named."""
    checks_length: bool
    """A text longer than its column is refused: a revision's id in alembic_version."""
    alters_types: bool
    """A column's type can be changed by ALTER TABLE."""
    copies_tables: bool
    """Alembic's batch mode changes a table by copying it, and a copy may be left."""
    differs: str
    """The operator that is true of a value and another one, NULL included."""
    drops_referring_keys: bool
    """DROP TABLE needs the foreign keys to it dropped before."""
    checks_references: bool
    """A foreign key is made only where the table that it leads to is there."""
    drops_indexes_first: bool
    """DROP COLUMN needs the column's indexes dropped before."""
    keeps_text: bool
    """Definitions of views and triggers are kept as somebody wrote them."""
    is_file: bool
    """A database is a file, which whoever may read it can open without a server."""
    where: str
    """The query that says which database a connection is on; each role may send it."""

    own_session: str
    """The query that says the number of a connection's session, of which a server tells whom it waits for; empty where
    there is no server."""

    def folded(self, name: str) -> str:
        """The name as it is compared with others."""
        ...

    def table(self, name: str, schema: str | None) -> str:
        """The name of a table in a statement."""
        ...

    def identity(self, arguments: Sequence[Any], named: Mapping[str, Any]) -> Identity:
        """Which database a driver's connect() would be called for."""
        ...

    def fingerprint(self, rows: Sequence[tuple[str, ...]]) -> Fingerprint:
        """From the rows of `where`."""
        ...

    def keys(self, kind: str, name: str, table: str, *, relation: bool) -> tuple[Key, ...]:
        """The names that an object takes, its own first; none where a second one does no harm.

        Args:
            kind: table, column, index, constraint, ..
            name: of the object, without the usual schema.
            table: what a column, a constraint or an index belongs to; empty for all else.
            relation: an index or a row type of its own name comes with it.
        """
        ...

    def table_exists(self, name: str, schema: str | None) -> str:
        """The query that gives a row where there is a table of that name."""
        ...

    def exists(self, kind: str, name: str, schema: str | None) -> str:
        """The query that gives a row where there may be such an object; empty where none tells it.

        Args:
            kind: table, view, index, sequence, type, function, schema, extension.
            name: of the object; a function's without its arguments.
            schema: where it is written; else what the name leads to.
        """
        ...

    def version_table(self, read: Read, name: str, schema: str | None) -> VersionTable:
        """Read alembic_version without making it. What cannot be read is said in the result."""
        ...

    def beside(self, schemas: Sequence[str], without: Collection[str]) -> str:
        """The query for what there is beside the tables: (a `fact.Kind`, name, definition or NULL).

        Args:
            schemas: those whose tables are looked at otherwise.
            without: tables to leave out, such as alembic_version.
        """
        ...

    def live(self, engine: Engine, deadline: Deadline | None) -> AbstractContextManager[Live]:
        """Connect for reading. Raises UnreachableError."""
        ...

    def lead(
        self,
        to: tuple[Sequence[Any], Mapping[str, Any]],
        arguments: list[Any],
        named: dict[str, Any],
    ) -> None:
        """Change a driver's arguments, so that they lead to another database; `to` are that one's."""
        ...

    def only_read(self, connection: DBAPIConnection) -> None:
        """Let a driver's connection do nothing but read, for five seconds a statement."""
        ...

    def limit_locks(self, connection: DBAPIConnection, milliseconds: int) -> None:
        """Give each statement of a driver's connection that long to acquire a lock."""
        ...

    def backend(self, connection: Connection) -> tuple[int, ...]:
        """The number of the connection's session; none where the system has none."""
        ...

    def lock_writers(self, connection: Connection, name: str) -> None:
        """Keep others from writing this table until the transaction ends; what is read after it stays as it is."""
        ...

    def unlimited(self, statement: str, milliseconds: int) -> tuple[str, str] | None:
        """What to send before and after a statement that waits for others without blocking them; None of all else."""
        ...

    def scratch(
        self, server: URL, like: URL | None, schemas: Sequence[str], revisions: str
    ) -> AbstractContextManager[Scratch]:
        """A new database, which is gone afterwards.

        Args:
            server: a database of the server where the new one is made; of no meaning where a database is a file.
            like: the real database, whose search_path, schemas and extensions the new one gets; None where there is
                none.
            schemas: what the new one has besides these schemas.
            revisions: the text of all revision files: what they make by themselves is not made beforehand.

        Raises:
            ConfigurationError: the role may not create a database.
            UnreachableError: the server does not answer.
        """
        ...

    def one_at_a_time(self, driver: str) -> bool:
        """Whether the driver takes one statement in each text."""
        ...

    def refuses_empty(self, driver: str) -> bool:
        """Whether the driver takes no text without a statement, such as a comment."""
        ...

    def outside(self, words: Sequence[str]) -> str:
        """The beginning of a statement, where the server takes it only outside of a transaction; else empty.

        Args:
            words: its first ones, in capitals.
        """
        ...

    def knows(self, word: str) -> bool:
        """Whether a statement may begin with this word, in capitals."""
        ...

    def refuses(self, statement: str) -> str:
        """What the parser says of a statement that it never takes; empty where it takes it, or cannot be asked."""
        ...

    def type_named(self, text: str, find: Callable[[str | None, str], tuple[str | None, TypeKind]]) -> Type | None:
        """The type that SQL names so; None where it names none.

        Args:
            text: as SQL has it.
            find: looks up the schema and the kind of a type that is not built in.
        """
        ...

    def can_refer(self, referring: Type, target: Type, domains: Mapping[Name, Type]) -> bool:
        """Whether a foreign key can lead from a column of the one type to a column of the other; True where only the
        server knows.

        Args:
            referring: of the column that has the foreign key.
            target: of the other.
            domains: what each domain stands on.
        """
        ...

    def make_spare(self, main: URL, name: str) -> None:
        """Make a further scratch database beside the main one, where connecting does not make it."""
        ...
